"""The Twilio channel against a pretend Twilio, through the real SDK."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from notifier.channels.twilio import Twilio, TwilioOptions
from notifier.channels.twilio_errors import TWILIO_ERRORS
from notifier.errors import RenderError
from notifier.model.message import Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from tests.fakes.letters import NOW, TEXT, attempt, closed_port, deliver, message, surroundings
from tests.fakes.loopback import Trouble
from tests.fakes.twilio import ACCOUNT, SENDER, TOKEN, TwilioFake, refusal

MINUTE = timedelta(minutes=1)


def options(**changes: Any) -> TwilioOptions:
    settings = {"type": "twilio", "account_sid": ACCOUNT, "token": SecretStr(TOKEN), "sender": SENDER, "country": "US"}
    return TwilioOptions.model_validate(settings | changes)


def sms(base_url: str = "http://127.0.0.1:9", **changes: Any) -> Twilio:
    return Twilio("sms", options(base_url=base_url, **changes), surroundings())


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioFake]:
    async with TwilioFake(surroundings().clock) as fake:
        yield fake


@pytest.fixture
async def channel(twilio: TwilioFake) -> AsyncIterator[Twilio]:
    channel = sms(twilio.url)
    yield channel
    await channel.close()


async def test_what_was_composed_is_what_is_posted(twilio: TwilioFake, channel: Twilio) -> None:
    composed = attempt(channel, message())
    assert json.loads(composed.content) == {"To": "+12025550123", "Body": TEXT, "From": SENDER}
    outcome = await channel.deliver(composed)
    assert outcome == Receipt(twilio.messages[0]["sid"], "queued")
    assert twilio.posted == [json.loads(composed.content) | {"ValidityPeriod": "7200"}]


@pytest.mark.parametrize(
    ("left", "validity"),
    [(timedelta(minutes=10), "600"), (timedelta(days=3), "36000"), (timedelta(0), "1"), (-timedelta(hours=1), "1")],
)
async def test_the_queue_may_hold_it_no_longer_than_it_makes_sense(
    twilio: TwilioFake, channel: Twilio, left: timedelta, validity: str
) -> None:
    await deliver(channel, until=NOW + left)
    assert twilio.posted[0]["ValidityPeriod"] == validity


async def test_a_messaging_service_and_a_callback_that_knows_the_attempt(twilio: TwilioFake) -> None:
    service = "MG" + "a" * 32
    changes = {"sender": "", "messaging_service": service, "status_callback": "https://shop.example.com/twilio/"}
    channel = sms(twilio.url, **changes)
    assert isinstance(await deliver(channel), Receipt)
    posted = twilio.posted[0]
    assert posted["MessagingServiceSid"] == service
    assert posted["StatusCallback"] == "https://shop.example.com/twilio/attempt-1"
    assert "From" not in posted
    await channel.close()


REFUSALS: dict[str, tuple[Trouble, Outcome]] = {
    "too many requests": (refusal(429, 20429, Retry_After="7"), TryLater("", timedelta(seconds=7))),
    "too many, until a date": (
        Trouble(429, b"", {"Retry-After": "Sun, 01 Mar 2026 09:05:00 GMT"}),
        TryLater("", 5 * MINUTE),
    ),
    "too many, until yesterday": (
        Trouble(429, b"", {"Retry-After": "Sat, 28 Feb 2026 09:05:00 GMT"}),
        TryLater("", timedelta(0)),
    ),
    "too many, for a year": (Trouble(429, b"", {"Retry-After": "31536000"}), TryLater("", timedelta(days=1))),
    "too many, until whenever": (Trouble(429, b"", {"Retry-After": "soon"}), TryLater("", None)),
    "queue full": (refusal(400, 21611), TryLater("", 10 * MINUTE)),
    "wrong token": (refusal(401, 20003), TryLater("", channel_down=True)),
    "forbidden": (refusal(403, 20999), TryLater("", channel_down=True)),
    "forbidden by something in between": (Trouble(403, b"<html>"), TryLater("", channel_down=True)),
    "wrong account": (refusal(404, 20404), TryLater("", channel_down=True)),
    "sender of somebody else": (refusal(400, 21606), TryLater("", channel_down=True)),
    "suspended": (refusal(400, 30002), TryLater("", channel_down=True)),
    "not registered": (refusal(400, 30034), TryLater("", channel_down=True)),
    "no such number": (refusal(400, 21211), Refused("", suppress=True)),
    "not a mobile": (refusal(400, 21614), Refused("", suppress=True)),
    "opted out": (refusal(400, 21610), Refused("", suppress=True)),
    "country not enabled": (refusal(400, 21408), Refused("")),
    "not routable": (refusal(400, 21612), Refused("")),
    "too long": (refusal(400, 21617), Refused("")),
    "filtered": (refusal(400, 30007), Refused("")),
    "unknown number": (refusal(400, 29999), Refused("")),
    "handset off": (refusal(400, 30003), TryLater("", timedelta(hours=1))),
    "network error": (refusal(400, 30008), TryLater("", 10 * MINUTE)),
    "request time-out": (Trouble(408, b""), Unknown("")),
    "a proxy's bad request": (Trouble(400, b"<html>Bad Request</html>"), Unknown("")),
    "a number that is none": (Trouble(400, {"code": "21211"}), Unknown("")),
    "a list": (Trouble(400, b"[21211]"), Unknown("")),
    "endlessly nested": (Trouble(400, b"[" * 100_000), Unknown("")),
    "redirect": (Trouble(307, b"", {"Location": "http://127.0.0.1:9/"}), Unknown("")),
    "server error": (refusal(500, 20500), Unknown("")),
    "unavailable": (refusal(503, 20503, Retry_After="7"), Unknown("")),
    "gateway": (Trouble(502, b"<html>"), Unknown("")),
    "reset before it was taken": (Trouble(reset=True), Unknown("")),
    "reset after it was taken": (Trouble(reset=True, kept=True), Unknown("")),
    "error after it was taken": (Trouble(500, b"", kept=True), Unknown("")),
    "201 cut short": (Trouble(201, b'{"sid": "SM', kept=True), Unknown("")),
    "201 in no known letters": (Trouble(201, b"\xff\xfe", kept=True), Unknown("")),
    "201 without a sid": (Trouble(201, {"status": "queued"}, kept=True), Unknown("")),
    "201 and nothing": (Trouble(201, b"", kept=True), Unknown("")),
    "201 with a list": (Trouble(201, b"[]", kept=True), Unknown("")),
    "201 without end": (Trouble(201, b" " * 300_000, kept=True), Unknown("")),
}


@pytest.mark.parametrize(("trouble", "expected"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_every_answer_means_one_thing(
    twilio: TwilioFake, channel: Twilio, trouble: Trouble, expected: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    twilio.troubles.append(trouble)
    outcome = await deliver(channel)
    assert outcome.reason  # type: ignore[union-attr]
    assert _without_reason(outcome) == _without_reason(expected)
    assert twilio.requests == 1
    for said in (repr(outcome), caplog.text):
        assert TOKEN not in said
        assert "5550123" not in said
        assert "1001" not in said


def _without_reason(outcome: Outcome) -> tuple[object, ...]:
    match outcome:
        case TryLater(_, after, channel_down):
            return (TryLater, after, channel_down)
        case Refused(_, suppress):
            return (Refused, suppress)
    return (type(outcome),)


async def test_no_answer_in_time_is_doubt(twilio: TwilioFake) -> None:
    channel = sms(twilio.url, timeout=timedelta(seconds=0.2))
    twilio.troubles.append(Trouble(hang=True, kept=True))
    assert isinstance(await deliver(channel), Unknown)
    assert len(twilio.messages) == 1
    await channel.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_no_connection_is_surely_not_sent(host: str) -> None:
    channel = sms(f"http://{host}:{closed_port()}")
    outcome = await deliver(channel)
    assert isinstance(outcome, TryLater)
    assert not outcome.channel_down
    await channel.close()


async def test_an_unknown_error_number_is_logged(
    twilio: TwilioFake, channel: Twilio, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.troubles.append(refusal(400, 29999))
    await deliver(channel)
    (record,) = caplog.records
    assert record.__dict__["fields"] == {"provider": "Twilio", "code": 29999, "taken_as": "never"}


async def test_the_settings_may_know_better_what_a_number_means(
    twilio: TwilioFake, caplog: pytest.LogCaptureFixture
) -> None:
    channel = sms(twilio.url, errors={"29999": "suppress", "30003": "never", "21408": "down"})
    twilio.troubles.extend([refusal(400, 29999), refusal(400, 30003), refusal(400, 21408)])
    assert _without_reason(await deliver(channel)) == (Refused, True)
    assert _without_reason(await deliver(channel)) == (Refused, False)
    assert _without_reason(await deliver(channel)) == (TryLater, None, True)
    assert not caplog.records
    await channel.close()


async def test_fifty_at_a_time_each_get_their_own_answer(twilio: TwilioFake) -> None:
    channel = sms(twilio.url, concurrency=50)
    twilio.numbers["+12025550199"] = refusal(400, 21610)

    async def one(number: int) -> Outcome:
        to = "+12025550199" if number % 7 == 0 else "+12025550123"
        return await channel.deliver(attempt(channel, message(text=f"Order {number}", address=to), number))

    outcomes = await asyncio.gather(*(one(number) for number in range(300)))
    texts = {kept["sid"]: kept["body"] for kept in twilio.messages}
    for number, outcome in enumerate(outcomes):
        if number % 7 == 0:
            assert isinstance(outcome, Refused)
        else:
            assert isinstance(outcome, Receipt)
            assert texts[outcome.reference] == f"Order {number}"
    await channel.close()


async def test_connections_are_kept(twilio: TwilioFake, channel: Twilio) -> None:
    for _ in range(5):
        await deliver(channel)
    assert len(twilio.peers) == 1


async def test_it_can_be_used_again_after_closing(twilio: TwilioFake, channel: Twilio) -> None:
    await deliver(channel)
    await channel.close()
    await channel.close()
    assert isinstance(await deliver(channel), Receipt)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        (" \n\u202e\0 ", "empty"),
        ("a" * 919, "7 parts"),
        ("中" * 403, "7 parts"),
        ("a" * 1601, "1600"),
        ("🎁" * 801, "1600"),
    ],
)
def test_texts_that_cannot_be_an_sms(text: str, complaint: str) -> None:
    with pytest.raises(RenderError, match=complaint):
        sms().compose(message(text=text))


@pytest.mark.parametrize("parts", [1, 11])
def test_the_most_parts_are_a_setting(parts: int) -> None:
    channel = sms(max_parts=parts)
    longest = "a" * (160 if parts == 1 else 1600)
    assert json.loads(channel.compose(message(text=longest)))["Body"] == longest
    if parts == 1:
        with pytest.raises(RenderError):
            channel.compose(message(text=longest + "a"))


def test_addresses_pass_the_one_parser() -> None:
    channel = sms(countries=["US"])
    assert channel.address_of(Customer(phone="(202) 555-0123")) == "+12025550123"
    for phone in ("", "+8613800138000", "+19005550123", "+12025550123,+12025550124"):
        assert channel.address_of(Customer(phone=phone)) is None
        with pytest.raises(RenderError, match="address") as caught:
            channel.compose(message(address=phone))
        assert not phone or phone not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"account_sid": "AC1"},
        {"sender": ""},
        {"sender": "+1"},
        {"sender": "Shop\nName"},
        {"messaging_service": "SM" + "a" * 32},
        {"base_url": "ftp://api.twilio.com"},
        {"base_url": "https://user:password@api.twilio.com"},
        {"base_url": "http://169.254.169.254/latest"},
        {"base_url": "api.twilio.com"},
        {"status_callback": "https://shop.example.com/#fragment"},
        {"token": "in-the-file"},
        {"countries": ["USA"]},
        {"max_parts": 0},
        {"errors": {"30003": "perhaps"}},
        {"surprise": 1},
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        options(**changes)
    assert TOKEN not in str(caught.value)


def test_no_word_of_the_table_is_twilios_own() -> None:
    """GoAlert's table once had 30001 and 30008 as temporary, and as permanent one line below."""
    assert TWILIO_ERRORS[30001].verdict == TWILIO_ERRORS[30008].verdict == "later"
    assert all(meaning.words and not meaning.words.endswith(".") for meaning in TWILIO_ERRORS.values())
