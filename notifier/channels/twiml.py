"""What Twilio does with a call or an incoming SMS, in its own XML (TwiML). The same words give the same bytes."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from notifier.rules.text import clean_text

TAKE, AGAIN = "1", "9"
_PAUSE_BEFORE_KEYS = "10"
_LOCALE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")
_LOCALES = {"de": "de-DE", "en": "en-US", "es": "es-ES", "fr": "fr-FR", "it": "it-IT", "ja": "ja-JP", "zh": "zh-CN"}
_ENGLISH = "en-US"
_KEYS = {
    "zh-CN": "接手请按 1，重听请按 9。",
    _ENGLISH: "To take it, press 1. To hear it again, press 9.",
}


def spoken_language(language: str) -> str:
    """The language of a text as Twilio's speakers are called: `zh` → `zh-CN`; English for one without a speaker."""
    return language if _LOCALE.fullmatch(language) else _LOCALES.get(language.partition("-")[0], _ENGLISH)


def message(text: str) -> str:
    """An answer to an incoming SMS; without a text Twilio answers nothing."""
    response = Element("Response")
    if text:
        SubElement(response, "Message").text = clean_text(text)
    return _xml(response)


def alarm(text: str, language: str, answer: str = "") -> str:
    """Says a text twice. With `answer`, an address, it asks for a key each time, which Twilio then posts there.

    Without an answer in ten seconds the call ends; pressing a key works while it speaks, too.
    """
    response = Element("Response")
    within = response
    if answer:
        within = SubElement(response, "Gather", numDigits="1", timeout=_PAUSE_BEFORE_KEYS, action=answer, method="POST")
    for _ in range(2):
        _say(within, text, language)
        if answer:
            locale = spoken_language(language)
            _say(within, _KEYS.get(locale, _KEYS[_ENGLISH]), locale if locale in _KEYS else _ENGLISH)
        SubElement(within, "Pause", length="1")
    return _xml(response)


def goodbye(text: str, language: str) -> str:
    """Says a text and hangs up."""
    response = Element("Response")
    _say(response, text, language)
    SubElement(response, "Hangup")
    return _xml(response)


def _say(parent: Element, text: str, language: str) -> None:
    SubElement(parent, "Say", language=spoken_language(language)).text = clean_text(text).strip()


def _xml(response: Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")
