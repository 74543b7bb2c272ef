"""Calls through Twilio against a pretend one, through the real SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import SecretStr, ValidationError

from notifier.channels import twiml
from notifier.channels.twilio_voice import TwilioVoice, TwilioVoiceOptions
from notifier.errors import RenderError
from notifier.links import Links
from notifier.model.message import Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from tests.fakes.letters import attempt, deliver, message, surroundings
from tests.fakes.loopback import Trouble
from tests.fakes.twilio import ACCOUNT, SENDER, TOKEN, TwilioFake, refusal

LINK = Links("https://notifier.example.com/shop", "0123456789abcdef", surroundings().clock).to_alert(12, "ada")
ANSWER = LINK.replace("/a/", "/twilio/voice/")


def options(**changes: Any) -> TwilioVoiceOptions:
    settings = {"type": "twilio-voice", "account_sid": ACCOUNT, "token": SecretStr(TOKEN), "sender": SENDER}
    return TwilioVoiceOptions.model_validate(settings | changes)


def voice(base_url: str = "http://127.0.0.1:9", **changes: Any) -> TwilioVoice:
    return TwilioVoice("phone", options(base_url=base_url, **changes), surroundings())


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioFake]:
    async with TwilioFake(surroundings().clock) as fake:
        yield fake


@pytest.fixture
async def channel(twilio: TwilioFake) -> AsyncIterator[TwilioVoice]:
    channel = voice(twilio.url)
    yield channel
    await channel.close()


async def test_the_call_says_it_twice_and_asks_for_a_key(twilio: TwilioFake, channel: TwilioVoice) -> None:
    outcome = await deliver(channel, text="Alert 12: order 1001 is late & <dear>", link=LINK, language="en")
    (call,) = twilio.calls
    assert outcome == Receipt(call["sid"], "queued")
    text, keys, again, keys_again = call["said"]
    assert text == again == "Alert 12: order 1001 is late & <dear>"
    assert keys == keys_again == "To take it, press 1. To hear it again, press 9."
    gather = ElementTree.fromstring(call["twiml"]).find("Gather")
    assert gather is not None
    assert gather.attrib == {"numDigits": "1", "timeout": "10", "action": ANSWER, "method": "POST"}
    assert twilio.posted[0]["Timeout"] == "40"
    assert twilio.posted[0]["From"] == SENDER


async def test_without_a_link_it_only_speaks(twilio: TwilioFake, channel: TwilioVoice) -> None:
    await deliver(channel, text="Order 1001 is late", link="")
    (call,) = twilio.calls
    assert call["said"] == ["Order 1001 is late"] * 2
    assert "Gather" not in call["twiml"]


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("en", "en-US"), ("zh-CN", "zh-CN"), ("zh", "zh-CN"), ("en-GB", "en-GB"), ("fr-x", "fr-FR"), ("tlh", "en-US")],
)
def test_who_speaks(language: str, spoken: str) -> None:
    composed = json.loads(voice().compose(message(text="x", link=LINK, language=language)))
    first, keys, *_ = ElementTree.fromstring(composed["Twiml"]).iter("Say")
    assert first.attrib["language"] == spoken
    assert keys.attrib["language"] == ("zh-CN" if spoken == "zh-CN" else "en-US")
    assert ("按 1" in (keys.text or "")) == (spoken == "zh-CN")


@pytest.mark.parametrize(
    ("text", "complaint"), [("", "nothing to say"), (" \0 ", "nothing to say"), ("a" * 801, "800"), ("&" * 700, "800")]
)
def test_texts_that_cannot_be_said(text: str, complaint: str) -> None:
    with pytest.raises(RenderError, match=complaint):
        voice().compose(message(text=text, link=LINK))


def test_the_longest_text_and_link_still_fit() -> None:
    bundle = Links("https://notifier.example.com", "0123456789abcdef").to_alerts(range(1000, 1200), "ada")
    assert len(json.loads(voice().compose(message(text="超" * 800, link=bundle)))["Twiml"]) <= 4000


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (refusal(400, 21210), TryLater),
        (refusal(400, 21215), Refused),
        (refusal(400, 21217), Refused),
        (refusal(429, 20429), TryLater),
        (refusal(400, 10004), TryLater),
        (refusal(500, 20500), Unknown),
        (Trouble(reset=True, kept=True), Unknown),
        (Trouble(201, {"status": "queued"}, kept=True), Unknown),
    ],
)
async def test_answers(twilio: TwilioFake, channel: TwilioVoice, trouble: Trouble, expected: type[object]) -> None:
    twilio.troubles.append(trouble)
    outcome = await deliver(channel)
    assert isinstance(outcome, expected)
    assert "5550123" not in repr(outcome)
    assert twilio.requests == 1


async def test_strangers_countries_are_not_called(twilio: TwilioFake) -> None:
    channel = voice(twilio.url, countries=["US"])
    assert channel.address_of(Customer(phone="+12025550123")) == "+12025550123"
    assert channel.address_of(Customer(phone="+8613800138000")) is None
    with pytest.raises(RenderError, match="cannot be called"):
        attempt(channel, message(address="+8613800138000"))
    await channel.close()


@pytest.mark.parametrize(
    "changes", [{"sender": ""}, {"sender": "Shop"}, {"ring": timedelta(seconds=4)}, {"ring": "11m"}, {"max_parts": 2}]
)
def test_wrong_settings_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        options(**changes)


def test_the_same_words_give_the_same_bytes() -> None:
    assert twiml.alarm("x", "en", ANSWER) == twiml.alarm("x", "en", ANSWER)
    assert twiml.message("") == '<?xml version="1.0" encoding="UTF-8"?><Response />'
