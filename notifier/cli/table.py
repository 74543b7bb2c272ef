"""A table for a terminal: every row readable at 80 columns, with Chinese, and without trailing blanks."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence

from notifier.rules.text import cells

_GAP = "  "
_LEAST = 8
_SENTENCE = 28
_WHOLE = ("time", "due", "next", "opened", "started", "id", "state", "step")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, sentences: Collection[str]) -> list[str]:
    """The lines of a table of some width.

    Columns are as wide as what is in them. The last one may be of `sentences`: it wraps between words in the room that
    is left, or stands on lines of its own below its row where too little is left. What still does not fit is cut.
    """
    tail = bool(columns) and columns[-1] in sentences
    short = len(columns) - tail
    widest = [max(map(cells, column)) for column in zip(columns, *rows, strict=True)][:short]
    widths = _fitted(columns[:short], widest, width)
    right = [all(row[number].isdecimal() for row in rows) for number in range(short)]
    left = width - sum(widths) - len(_GAP) * short
    below = tail and left < _SENTENCE

    def line(row: Sequence[str]) -> list[str]:
        head = _GAP.join(map(_pad, row[:short], widths, right))
        if not tail or not row[-1]:
            return [head.rstrip()]
        if below:
            indent = _GAP * 2
            return [head.rstrip(), *_wrapped(row[-1], width - len(indent), indent)]
        first, *more = _wrapped(row[-1], left, "")
        indent = " " * (sum(widths) + len(_GAP) * short)
        return [f"{head}{_GAP}{first}".rstrip(), *(indent + text for text in more)]

    rule = "─" * min(width, max(cells(text) for row in [columns, *rows] for text in line(row)))
    title = [*columns[:short], "" if below else columns[-1]] if tail else columns
    return [*line(title), rule, *(text for row in rows for text in line(row))]


def _fitted(columns: Sequence[str], widths: list[int], width: int) -> list[int]:
    """Take from the widest columns what is too much; a part of a time or of an id would be worse than none."""
    may_shrink = [number for number, column in enumerate(columns) if column not in _WHOLE]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        widest = max(may_shrink, key=lambda number: widths[number], default=None)
        if widest is None or widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
    return widths


def _pad(text: str, width: int, right: bool) -> str:
    while cells(text) > width:
        text = f"{text[:-2]}…"
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return [indent + part for part in textwrap.wrap(text, width, break_on_hyphens=False)] or [""]
