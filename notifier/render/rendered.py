"""A text that is ready for a channel, and how it comes out of a template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from notifier.render.broken import BrokenText
from notifier.render.context import one_line
from notifier.render.library import Source

SUBJECT = "Subject:"
_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready for a channel. `headers` are for e-mails; `subject` and `html` are empty elsewhere.

    `link` is where the reader acknowledges the alerts that the text is about.
    """

    subject: str
    text: str
    html: str = ""
    language: str = "en"
    headers: Mapping[str, str] = field(default_factory=dict)
    link: str = ""


def folded(text: str) -> str:
    """A filled template without the blank lines that its branches left, nor the spaces before them."""
    return "\n\n".join(map(str.rstrip, _BLANK_LINES.split(text))).strip()


def split_subject(text: str, source: Source) -> tuple[str, str]:
    """The subject and the body of an e-mail's text. Raises BrokenText when it does not begin with a subject."""
    first, _, body = text.partition("\n")
    subject = one_line(first.removeprefix(SUBJECT).strip())
    if not first.startswith(SUBJECT) or not subject:
        raise BrokenText(source.file(source.text), 1, f"the first line of an e-mail must be '{SUBJECT} …'")
    # An encoded word in a customer's name must not be decoded into a header of its own.
    return subject.replace("=?", "= ?"), body.lstrip("\n")
