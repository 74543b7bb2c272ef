"""Header values of an e-mail: cleaned, folded, and encoded where they are not ASCII."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.policy import compat32

from notifier.errors import RenderError

_FOLD = 76  # RFC 2047 section 2: the longest line with an encoded word in it
_WORD_BYTES = 39  # fill one encoded word so that `Reply-To: ` and the word fit into _FOLD

_BREAKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]+")
_OPENS_WORD = re.compile(r"=+\?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_PARSER = BytesHeaderParser(policy=compat32)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def one_line(text: str, longest: int) -> str:
    """`text` as one harmless line of at most `longest` characters.

    Control characters and every kind of line end become a space; bidi controls and lone surrogates go; what could
    open an encoded word is broken up, so that no reader decodes what was data.
    """
    if not (text.isascii() and text.isprintable()):
        text = _BREAKS.sub(" ", _UNSEEN.sub("", text))
    if "=?" in text:
        text = _OPENS_WORD.sub("?", text)
    return text[:longest].strip(" ")


def text_value(prefix: str, text: str, longest: int) -> str:
    """The value of an unstructured header after `prefix`: as it is, folded at spaces, or as encoded words."""
    text = one_line(text, longest)
    if not text.isascii():
        return _encoded_words(text)
    return text if len(prefix) + len(text) <= 78 else folded(prefix, text)


def mailbox_value(prefix: str, name: str, address: str, longest: int) -> str:
    """`Name <address>` after `prefix`; the name as atoms, in quotes or in encoded words, whichever it needs."""
    name = one_line(name, longest)
    if not name:
        return address
    if not name.isascii():
        name = _encoded_words(name)
    elif not _ATOMS.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    last = len(f"{prefix}{name}".rpartition("\n")[2])
    gap = " " if last + len(address) + 3 <= _FOLD else "\r\n "
    return f"{name}{gap}<{address}>"


def folded(prefix: str, text: str) -> str:
    """`text` with line ends before some of its spaces, so that lines stay within 78 characters where words allow."""
    lines, line = [], prefix
    for number, word in enumerate(text.split(" ")):
        if number and len(line) + 1 + len(word) > 78:
            lines.append(line)
            line = ""
        line += f" {word}" if number else word
    return "\r\n".join([*lines, line])[len(prefix) :]


def date_value(instant: datetime) -> str:
    """RFC 5322's date, whatever the locale."""
    t = instant.astimezone(UTC)
    day = f"{_DAYS[t.weekday()]}, {t.day:02} {_MONTHS[t.month - 1]} {t.year:04}"
    return f"{day} {t.hour:02}:{t.minute:02}:{t.second:02} +0000"


def require_names(lines: str, names: list[str]) -> None:
    """Parse header lines that hold unusual data as any reader would. Raises RenderError if there are others than meant.

    Cleaning already makes that impossible; should it ever be wrong, the message is not sent.
    """
    if _PARSER.parsebytes(lines.encode()).keys() != names:
        raise RenderError("the recipient's name or the subject would change the e-mail's headers")


def _encoded_words(text: str) -> str:
    """RFC 2047 words in base64, one a line, each of whole characters."""
    words, start, data = [], 0, text.encode()
    while start < len(data):
        end = start + _WORD_BYTES
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        words.append(f"=?utf-8?b?{b64encode(data[start:end]).decode('ascii')}?=")
        start = end
    return "\r\n ".join(words)
