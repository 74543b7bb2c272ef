"""Single values as shops write them, turned into ours: text, numbers, money, yes and no.

Every reader takes what a database or JSON may hold, and raises BadValue with the end of a sentence ("is not a number").
What the value was is never said: it may be personal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from notifier.model.order import Money

NAME_LIMIT = 200
TEXT_LIMIT = 2000
_EMAIL_LIMIT = 254
_LINK_LIMIT = 2000
# Controls, lone surrogates, and marks that turn the direction of writing round: never part of what a person meant.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?")
_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "on"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "off"), False),
}


class BadValue(ValueError):
    """A value that makes no sense; the message goes on after the field's name: "is not a number"."""


def _as_text(raw: Any) -> str:
    if isinstance(raw, str):
        return str(raw.value) if isinstance(raw, Enum) else raw
    if isinstance(raw, bool):
        raise BadValue("is not a text")
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    if isinstance(raw, int) and abs(raw) >= 10**18:
        raise BadValue("is a number far too large")
    if isinstance(raw, int | float | Decimal | UUID):
        return str(raw)
    raise BadValue("is not a text")


def free_text(raw: Any, limit: int = TEXT_LIMIT) -> str:
    """A text of several lines: clean, in NFC, cut at `limit` characters."""
    text = raw if type(raw) is str else _as_text(raw)
    if text.isascii() and text.isprintable():
        return text.strip()[:limit]
    text = _BREAKS.sub("\n", text[: 4 * limit])
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", text))
    return text.strip()[:limit].rstrip()


def name(raw: Any) -> str:
    """A text of one line and at most 200 characters."""
    text = raw if type(raw) is str else _as_text(raw)
    if text.isascii() and text.isprintable():
        return text.strip()[:NAME_LIMIT]
    return _SPACES.sub(" ", free_text(text, 2 * NAME_LIMIT))[:NAME_LIMIT].rstrip()


def _whole(raw: Any, limit: int) -> str:
    """A text that is useless when cut; "" when it is longer than `limit`."""
    text = _SPACES.sub(" ", free_text(raw, limit + 1))
    return text if len(text) <= limit else ""


def email(raw: Any) -> str:
    """An e-mail address as it stands; "" when it is longer than one can be (RFC 5321: 254)."""
    return _whole(raw, _EMAIL_LIMIT)


def phone(raw: Any) -> str:
    """A telephone number as it stands, also one given as a number; "" when it is too long to be one."""
    return _whole(raw, 40)


def link(raw: Any) -> str:
    """A web address; "" when it is not http(s) or too long: half an address leads nowhere."""
    text = _whole(raw, _LINK_LIMIT)
    return text if text.startswith(("https://", "http://")) else ""


def language(raw: Any) -> str:
    """A language tag, "zh_CN" written as "zh-CN"; "" when it is none."""
    text = name(raw).replace("_", "-")
    return text if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}", text) else ""


def identity(raw: Any) -> str:
    """What names an order or a person: never cut, since two of them could become one; "" when there is none."""
    text = raw if type(raw) is str else _as_text(raw)
    if len(text) > NAME_LIMIT:
        raise BadValue(f"is longer than {NAME_LIMIT} characters")
    if text.isascii() and text.isprintable():
        return text.strip()
    return name(text)


def person(raw: Any) -> str:
    """A customer's id; shops write 0 for a guest, which is nobody's name."""
    text = identity(raw)
    return "" if text == "0" else text


def decimal(raw: Any) -> Decimal:
    """An exact number, at most fifteen digits before the point and ten behind. Thousands have no separator."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise BadValue("is not a number")
    text = raw.strip() if isinstance(raw, str) else _digits(raw)
    if not text.isascii() or not _NUMBER.fullmatch(text):
        raise BadValue("is not a number; write it as 1234.50")
    return Decimal(text)


def _digits(raw: float | Decimal) -> str:
    if not -(10**15) < raw < 10**15:
        raise BadValue("is a number far too large")
    text = str(raw)
    return text if _NUMBER.fullmatch(text) else f"{raw:.10f}"


def currency(raw: Any) -> str:
    """An ISO 4217 code."""
    text = raw.strip().upper() if isinstance(raw, str) else ""
    if not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise BadValue("is not a currency of three letters")
    return text


def money(raw: Any, default: str) -> Money:
    """An amount in `default` currency, or with its own: "12.50 EUR", { amount, currency }."""
    if isinstance(raw, Mapping):
        own = raw.get("currency") or raw.get("currency_code") or default
        amount = raw.get("amount", raw.get("value"))
        if amount is None:
            raise BadValue("has no amount")
        return Money(decimal(amount), currency(own))
    if isinstance(raw, str) and " " in (text := raw.strip()):
        amount, _, own = text.partition(" ")
        return Money(decimal(amount), currency(own))
    return Money(decimal(raw), default)


def whole_number(raw: Any) -> int:
    """A number without a fraction."""
    if type(raw) is int and -1_000_000_000 < raw < 1_000_000_000:
        return raw
    number = decimal(raw)
    if number != number.to_integral_value():
        raise BadValue("is not a whole number")
    return int(number)


def rating(raw: Any) -> int:
    """1 to 5 stars, 0 when there is none; halves are rounded down."""
    stars = int(decimal(raw))
    if not 0 <= stars <= 5:
        raise BadValue("is not a rating of 0 to 5")
    return stars


def flag(raw: Any) -> bool:
    """Yes or no."""
    if isinstance(raw, bool):
        return raw
    found = _TRUTH.get(str(raw).strip().lower()) if isinstance(raw, str | int) else None
    if found is None:
        raise BadValue("is neither yes nor no")
    return found


def words(raw: Any) -> tuple[str, ...]:
    """A list of names: a list, or a text with commas; at most a hundred."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple):
        raise BadValue("is not a list")
    return tuple(word for part in parts[:100] if (word := name(part)))


_KINDS = ("email", "sms", "chat")


def consents(raw: Any) -> tuple[str, ...]:
    """Kinds of channel that marketing may use; a word that is none of ours allows nothing."""
    return tuple(kind for kind in _KINDS if kind in _kinds(raw))


def refusals(raw: Any) -> tuple[str, ...]:
    """Kinds of channel that must not be used. An unknown word is no reason to write to somebody: BadValue."""
    found = _kinds(raw)
    if not found <= {*_KINDS}:
        raise BadValue(f"holds a word that is none of {', '.join(_KINDS)}, all")
    return tuple(kind for kind in _KINDS if kind in found)


def _kinds(raw: Any) -> set[str]:
    """True, 1, "yes" and "all" stand for every kind, their opposites for none."""
    if isinstance(raw, Mapping):
        return {str(kind).lower() for kind, yes in raw.items() if flag(yes)}
    if not isinstance(raw, list | tuple):
        answer = _TRUTH.get(str(raw).strip().lower()) if isinstance(raw, str | int) else None
        if answer is not None:
            return {*_KINDS} if answer else set()
    found = {word.lower() for word in words(raw)}
    return {*_KINDS} if "all" in found else found


def addresses(raw: Any) -> dict[str, str]:
    """Where somebody is reached in chats: the channel's name and the address there."""
    if not isinstance(raw, Mapping):
        raise BadValue("is not a table of channels and addresses")
    return {name(channel): identity(address) for channel, address in list(raw.items())[:20] if address}


@lru_cache(maxsize=1024)
def _known_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        return ""
    return text


def zone(raw: Any) -> str:
    """A time zone's name; "" when it is none, and the shop's own is used."""
    text = name(raw)
    return _known_zone(text) if re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", text) else ""
