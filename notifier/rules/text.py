"""What may stand in any text that leaves: no control characters, no half characters, nothing that reverses it."""

from __future__ import annotations

import re
import unicodedata
from unicodedata import combining, east_asian_width

_LINE_ENDS = re.compile("\r\n?|[\u000b\u000c\u0085\u2028\u2029]")
_UNWANTED = re.compile(
    "["
    "\u0000-\u0008\u000e-\u001f\u007f-\u009f"  # C0 without tab and line feed, DEL, C1
    "\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides and isolates
    "\ufeff\ufdd0-\ufdef\ufffe\uffff"  # byte order mark, noncharacters
    "\ud800-\udfff"  # lone surrogates: they cannot be encoded
    "]"
)


def cells(text: str) -> int:
    """How many columns of a terminal, or of a text in one width, it takes: two for each wide character."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def clean_text(text: str) -> str:
    """The text as it may leave: composed (NFC), lines ended by a line feed, unwanted characters taken out.

    A composed é is one character of an SMS; written as e and an accent it would turn the whole SMS into UCS-2.
    Cleaning twice changes nothing.
    """
    if text.replace("\n", " ").replace("\t", " ").isprintable() and unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", _UNWANTED.sub("", _LINE_ENDS.sub("\n", text)))
