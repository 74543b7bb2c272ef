"""How much of several alerts one message holds: the most that still fits is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from notifier.rules.sms import measure

LONGEST_HEADLINE = 120
"""Characters of a headline, whatever its job's text makes of strange data."""
MOST_SHOWN = 50
"""Alerts in any one message."""
MOST_SMS_PARTS = 3
MOST_CHAT_BYTES = 2000
"""WeCom takes 2048 bytes of UTF-8, the others more."""


class Linked(Enum):
    """Which alerts the message's own link is for: in hundreds of them it would be longer than the message."""

    ALL = auto()
    SHOWN = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Extent:
    """Say at most `shown` alerts with headlines of at most `longest` characters; it must not be longer than `most`."""

    shown: int
    longest: int
    most: int = 0
    linked: Linked = Linked.ALL


_ONE_SMS = (
    Extent(1, LONGEST_HEADLINE, 2),
    Extent(1, 70, 2),
    Extent(1, LONGEST_HEADLINE, MOST_SMS_PARTS),
    Extent(1, 60, MOST_SMS_PARTS),
    Extent(1, 60, MOST_SMS_PARTS, Linked.NONE),
    Extent(1, 30, MOST_SMS_PARTS, Linked.NONE),
)
_SOME_SMS = (
    Extent(3, LONGEST_HEADLINE, MOST_SMS_PARTS),
    Extent(3, 70, MOST_SMS_PARTS),
    Extent(2, 70, MOST_SMS_PARTS),
    Extent(3, 70, MOST_SMS_PARTS, Linked.SHOWN),
    Extent(2, 40, MOST_SMS_PARTS, Linked.SHOWN),
    Extent(1, 70, MOST_SMS_PARTS, Linked.SHOWN),
    Extent(1, 40, MOST_SMS_PARTS, Linked.SHOWN),
    Extent(2, 40, MOST_SMS_PARTS, Linked.NONE),
    Extent(1, 30, MOST_SMS_PARTS, Linked.NONE),
)
_CHAT = (
    Extent(20, LONGEST_HEADLINE, MOST_CHAT_BYTES),
    Extent(14, LONGEST_HEADLINE, MOST_CHAT_BYTES),
    Extent(10, 100, MOST_CHAT_BYTES),
    Extent(10, 50, MOST_CHAT_BYTES),
    Extent(8, 50, MOST_CHAT_BYTES, Linked.SHOWN),
    Extent(5, 50, MOST_CHAT_BYTES, Linked.NONE),
)
_EXTENTS: Mapping[str, Sequence[Extent]] = {
    "chat": _CHAT,
    "email": (Extent(MOST_SHOWN, LONGEST_HEADLINE),),
    "voice": (Extent(1, LONGEST_HEADLINE),),
}


def extents(kind: str, count: int) -> Sequence[Extent]:
    """What to try for so many alerts in one message of that kind of channel, the most first; the last is the least."""
    if kind == "sms":
        return _ONE_SMS if count == 1 else _SOME_SMS
    return _EXTENTS[kind]


def fits(kind: str, text: str, extent: Extent) -> bool:
    """Is the text short enough? SMS are counted in parts, chat messages in bytes of UTF-8."""
    if not extent.most:
        return True
    return (measure(text).parts if kind == "sms" else len(text.encode())) <= extent.most


def cut(text: str, longest: int) -> str:
    """The text, or its beginning and three dots. One `…` would turn an SMS in GSM-7 into UCS-2."""
    if len(text) <= longest:
        return text
    dots = "..." if measure(text).encoding == "GSM-7" else "…"
    return text[: longest - len(dots)].rstrip() + dots
