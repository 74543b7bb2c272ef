"""The long tail through the real Apprise, against a pretend Gotify, ntfy and plain JSON receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from notifier.channels.apprise import Apprise, AppriseOptions
from notifier.errors import RenderError
from notifier.model.message import Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from tests.fakes.letters import TEXT, closed_port, deliver, message, surroundings
from tests.fakes.loopback import Trouble
from tests.fakes.receiver import Receiver
from tests.fakes.root_log import root_log

TOKEN = "AaBbCcDdEeFfGg1"


def apprise(url: str = f"gotify://127.0.0.1:9/{TOKEN}", **changes: Any) -> Apprise:
    options = AppriseOptions.model_validate({"type": "apprise", "url": SecretStr(url)} | changes)
    return Apprise("team", options, surroundings())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as fake:
        yield fake


@pytest.fixture
async def channel(receiver: Receiver) -> AsyncIterator[Apprise]:
    channel = apprise(f"gotify://127.0.0.1:{receiver.port}/{TOKEN}")
    yield channel
    await channel.close()


async def test_says_title_and_text(receiver: Receiver, channel: Apprise) -> None:
    assert await deliver(channel) == Receipt()
    (received,) = receiver.received
    assert received.path == "/message"
    assert received.headers["X-Gotify-Key"] == TOKEN
    assert received.json["title"] == "Your order 1001"
    assert received.json["message"] == TEXT


async def test_a_service_that_must_be_allowed_first(receiver: Receiver) -> None:
    url = f"json://127.0.0.1:{receiver.port}/in"
    closed, opened = apprise(url), apprise(url, schemas=["json"])
    outcome = await deliver(closed)
    assert isinstance(outcome, TryLater)
    assert outcome.channel_down
    assert receiver.requests == 0
    assert await deliver(opened) == Receipt()
    assert receiver.received[0].json["message"] == TEXT


@pytest.mark.parametrize(
    "url",
    [
        "syslog://",
        "dbus://",
        "file:///tmp/x",
        "https://example.com/hook",
        "gotify://",
        "nonsense",
        "",
        "json://127.0.0.1:9, gotify://127.0.0.1:9/AaBbCcDdEeFfGg1",
    ],
)
async def test_what_is_not_one_allowed_service_is_the_channels_fault(url: str) -> None:
    outcome = await deliver(apprise(url))
    assert isinstance(outcome, TryLater)
    assert outcome.channel_down


ANSWERS: dict[str, tuple[Trouble, Outcome]] = {
    "too many": (Trouble(429), TryLater("")),
    "token not accepted": (Trouble(401), TryLater("", None, True)),
    "forbidden": (Trouble(403), TryLater("", None, True)),
    "not there": (Trouble(404), TryLater("", None, True)),
    "refused": (Trouble(400), Refused("")),
    "request time-out": (Trouble(408), Unknown("")),
    "error": (Trouble(500, kept=True), Unknown("")),
    "redirect": (Trouble(302, b"", {"Location": "http://127.0.0.1:9/"}), Unknown("")),
    "reset": (Trouble(reset=True, kept=True), Unknown("")),
}


@pytest.mark.parametrize(("trouble", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_what_apprise_says_means_one_thing(
    receiver: Receiver, channel: Apprise, trouble: Trouble, expected: Outcome
) -> None:
    receiver.troubles.append(trouble)
    with root_log() as lines:
        assert judged(await deliver(channel)) == judged(expected)
    assert receiver.requests == 1
    assert TOKEN not in str(lines)
    assert "1001" not in str(lines)


def judged(outcome: Outcome) -> tuple[object, ...]:
    down = isinstance(outcome, TryLater) and outcome.channel_down
    return (type(outcome), down)


@pytest.mark.parametrize("text", ["error=429", "Socket Exception: NewConnectionError", "Sent it, error=400"])
async def test_a_text_decides_nothing_about_itself(receiver: Receiver, channel: Apprise, text: str) -> None:
    receiver.troubles.append(Trouble(reset=True, body=text.encode(), kept=True))
    receiver.troubles.append(Trouble(500, text.encode()))
    assert isinstance(await deliver(channel, text=text, subject=text), Unknown)
    assert isinstance(await deliver(channel, text=text, subject=text), Unknown)


async def test_no_connection_is_surely_not_sent() -> None:
    outcome = await deliver(apprise(f"gotify://127.0.0.1:{closed_port()}/{TOKEN}"))
    assert outcome == TryLater("no connection")


async def test_no_answer_in_time_is_doubt(receiver: Receiver) -> None:
    channel = apprise(f"gotify://127.0.0.1:{receiver.port}/{TOKEN}", timeout=timedelta(seconds=0.2))
    receiver.troubles.append(Trouble(hang=True))
    assert isinstance(await deliver(channel), Unknown)


async def test_the_url_cannot_ask_for_retries_or_redirects(receiver: Receiver) -> None:
    channel = apprise(f"gotify://127.0.0.1:{receiver.port}/{TOKEN}?retry=3&wait=0&redirect=yes")
    receiver.troubles.append(Trouble(500))
    receiver.troubles.append(Trouble(307, b"", {"Location": f"{receiver.url}/elsewhere"}))
    assert isinstance(await deliver(channel), Unknown)
    assert receiver.requests == 1
    assert isinstance(await deliver(channel), Unknown)
    assert receiver.requests == 2


def test_texts_that_cannot_be_said() -> None:
    with pytest.raises(RenderError, match="empty"):
        apprise().compose(message(text="\x07"))
    with pytest.raises(RenderError, match="4000 characters"):
        apprise().compose(message(text="x" * 4001))


def test_any_address_means_the_one_service() -> None:
    assert apprise().address_of(Customer(chat={"team": "everybody"})) == "everybody"
    assert apprise().address_of(Customer()) is None
    with pytest.raises(ValidationError):
        AppriseOptions.model_validate({"type": "apprise", "url": "tgram://in-the-file"})
