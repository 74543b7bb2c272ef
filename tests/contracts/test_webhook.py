"""The webhook channel against a receiver that checks what it gets."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from notifier.channels.webhook import Webhook, WebhookOptions
from notifier.errors import RenderError
from notifier.model.message import Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from tests.fakes.letters import NOW, TEXT, attempt, deliver, message, surroundings
from tests.fakes.loopback import Trouble
from tests.fakes.receiver import Receiver, Reply

SECRET = "a-secret-nobody-must-see"
REQUIRED = {"type": "webhook", "secret": SecretStr(SECRET), "url": "http://127.0.0.1:9/in"}


def webhook(**changes: Any) -> Webhook:
    return Webhook("hook", WebhookOptions.model_validate(REQUIRED | changes), surroundings())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as fake:
        yield fake


@pytest.fixture
async def channel(receiver: Receiver) -> AsyncIterator[Webhook]:
    channel = webhook(url=f"{receiver.url}/in?shop=1")
    yield channel
    await channel.close()


async def test_posts_signed_json(receiver: Receiver, channel: Webhook) -> None:
    receiver.reply = Reply(202, {"id": "their-77"})
    sent = attempt(channel, message(html="<p>Hello</p>", address="U123"))
    assert await channel.deliver(sent) == Receipt("their-77")
    (received,) = receiver.received
    assert received.json == {
        "id": sent.message_id,
        "address": "U123",
        "name": "Ada Lovelace",
        "language": "en",
        "subject": "Your order 1001",
        "text": TEXT,
        "html": "<p>Hello</p>",
        "written": "2026-03-01T09:00:00+00:00",
        "until": "2026-03-01T11:00:00+00:00",
    }
    timestamp = received.headers["X-Notifier-Timestamp"]
    assert timestamp == str(int(NOW.timestamp()))
    expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + received.body, hashlib.sha256).hexdigest()
    assert received.headers["X-Notifier-Signature"] == f"v1={expected}"
    assert received.headers["Idempotency-Key"] == sent.message_id
    assert received.headers["Content-Type"] == "application/json; charset=utf-8"
    assert received.body == sent.content


async def test_a_second_try_has_the_same_key_and_bytes(receiver: Receiver, channel: Webhook) -> None:
    receiver.troubles.append(Trouble(429))
    for number in (1, 2):
        await channel.deliver(attempt(channel, message(), number))
    await deliver(channel, id="another")
    first, other = receiver.received
    assert first.headers["Idempotency-Key"] == message().id
    assert other.headers["Idempotency-Key"] == "another"


ANSWERS: dict[str, tuple[Trouble, Outcome]] = {
    "taken": (Trouble(200, {"id": 7}), Receipt("7")),
    "taken without a word": (Trouble(204), Receipt("")),
    "taken with a page": (Trouble(200, b"<html>"), Receipt("")),
    "taken with a strange id": (Trouble(200, {"id": {"a": 1}}), Receipt("")),
    "taken with a long id": (Trouble(200, {"id": "x" * 999}), Receipt("x" * 200)),
    "gone": (Trouble(410), Refused("")),
    "bad request": (Trouble(400, b"no"), Refused("")),
    "unprocessable": (Trouble(422), Refused("")),
    "signature not accepted": (Trouble(401), TryLater("", None, True)),
    "forbidden": (Trouble(403), TryLater("", None, True)),
    "too many": (Trouble(429, b"", {"Retry-After": "30"}), TryLater("", timedelta(seconds=30))),
    "too many, no hint": (Trouble(429), TryLater("")),
    "not now": (Trouble(503, b"", {"Retry-After": "120"}), TryLater("", timedelta(minutes=2))),
    "unavailable": (Trouble(503), Unknown("")),
    "error": (Trouble(500), Unknown("")),
    "request time-out": (Trouble(408), Unknown("")),
    "redirect": (Trouble(308, b"", {"Location": "http://127.0.0.1:9/"}), Unknown("")),
    "reset": (Trouble(reset=True), Unknown("")),
    "without end": (Trouble(200, b"x" * 300_000), Unknown("")),
    "compressed without end": (
        Trouble(200, gzip.compress(b"x" * 300_000), {"Content-Encoding": "gzip"}),
        Unknown(""),
    ),
}


@pytest.mark.parametrize(("trouble", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_every_answer_means_one_thing(
    receiver: Receiver, channel: Webhook, trouble: Trouble, expected: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    receiver.troubles.append(trouble)
    outcome = await deliver(channel)
    match outcome, expected:
        case Receipt(), Receipt():
            assert outcome == expected
        case TryLater(_, after, down), TryLater(_, expected_after, expected_down):
            assert (after, down) == (expected_after, expected_down)
        case _:
            assert type(outcome) is type(expected)
    assert receiver.requests == 1
    assert SECRET not in repr(outcome) + caplog.text


async def test_no_answer_in_time_is_doubt(receiver: Receiver) -> None:
    channel = webhook(url=receiver.url, timeout=timedelta(seconds=0.2))
    receiver.troubles.append(Trouble(hang=True))
    assert isinstance(await deliver(channel), Unknown)
    await channel.close()


def test_the_address_is_that_of_its_kind() -> None:
    customer = Customer(email="Ada@Example.com", phone="(202) 555-0123", chat={"hook": "U123"})
    assert webhook().address_of(customer) == "U123"
    assert webhook(kind="email").address_of(customer) == "Ada@example.com"
    assert webhook(kind="sms", country="US").address_of(customer) == "+12025550123"
    assert webhook(kind="sms").kind == "sms"
    for kind in ("chat", "email", "sms"):
        assert webhook(kind=kind).address_of(Customer()) is None


def test_messages_that_cannot_be_posted() -> None:
    with pytest.raises(RenderError, match="empty"):
        webhook().compose(message(text="\0"))
    channel = webhook(most_bytes=2000)
    assert json.loads(channel.compose(message(text="x" * 1500)))["text"] == "x" * 1500
    with pytest.raises(RenderError, match="2000 bytes"):
        channel.compose(message(text="x" * 2000))


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "file:///etc/passwd"},
        {"url": "gopher://127.0.0.1/"},
        {"url": "http:///in"},
        {"url": "http://169.254.169.254/latest/meta-data"},
        {"url": "http://[fe80::1]/"},
        {"url": "http://0.0.0.0/"},
        {"url": "http://user@shop.example.com/"},
        {"kind": "pigeon"},
        {"secret": "plain"},
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        webhook(**changes)
    assert SECRET not in str(caught.value)
