"""What an explanation consists of, ready to be printed or shown on a page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What kind of answer an item is, for a sign or colour in front of it."""

    SENT = "sent"
    RAISED = "raised"
    PLANNED = "planned"
    STUCK = "stuck"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Item:
    """One sentence about one message, or about the jobs that share a reason to say nothing."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under a heading."""

    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An order's story in sentences, and what was, will be and will not be said about it.

    `known` is False for an order that no source has shown; its story says what can be said about that.
    """

    title: str
    story: tuple[str, ...]
    sections: tuple[Section, ...] = ()
    known: bool = True
