"""What an agent answers to an alert by SMS: `12a` takes alert 12, `12c` closes it, several in one text."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple

_LONGEST = 500
_MOST = 50
_WORD = re.compile(r"(\d{1,9}(?!\d))|([^\W\d_]+)|([\s,;.、，。；:+/&#!])")


class Act(StrEnum):
    """What is to be done with an alert."""

    TAKE = "take"
    CLOSE = "close"


class Reply(NamedTuple):
    """One wish of a reply: do this with that alert."""

    act: Act
    number: int


_ACTS = {"a": Act.TAKE, "ack": Act.TAKE, "接": Act.TAKE, "c": Act.CLOSE, "close": Act.CLOSE, "关": Act.CLOSE}


def parse_reply(text: str) -> tuple[Reply, ...]:
    """The wishes in a reply, in its order and each once; none when any word of it is not understood.

    `12a`, `12 A`, `a12`, `12a 13c`, `12 13 a` (both) and `a 12, 13` (both) are understood. Whoever answers in words is
    not guessed at: "12 is a mistake" takes nothing.
    """
    words = _words(text)
    if words and isinstance(words[0], Act):
        return _wishes(words)
    # A letter that follows its numbers is read from the end, as if it stood before them.
    return _wishes(words[::-1])[::-1]


def _words(text: str) -> list[Act | int]:
    """The numbers and letters of a text; nothing when there is anything else in it, or too much."""
    plain = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).casefold()
    words: list[Act | int] = []
    at = 0
    while at < len(plain):
        match = _WORD.match(plain, at)
        if match is None or len(plain) > _LONGEST:
            return []
        number, letter, _ = match.groups()
        if number:
            words.append(int(number))
        elif letter:
            if letter not in _ACTS:
                return []
            words.append(_ACTS[letter])
        at = match.end()
    return words


def _wishes(words: list[Act | int]) -> tuple[Reply, ...]:
    """Each letter's numbers are those behind it, at least one; a number before any letter makes all of it unclear."""
    found: list[Reply] = []
    act: Act | None = None
    lonely = False
    for word in words:
        if isinstance(word, Act):
            if lonely:
                return ()
            act, lonely = word, True
        elif act is None or word == 0:
            return ()
        else:
            found.append(Reply(act, word))
            lonely = False
    return () if lonely or len(found) > _MOST else tuple(dict.fromkeys(found))
