"""Prints rows as a table for people, or as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

_PIPED_WIDTH = 200
_LONG = ("reason", "trouble", "said")
"""Columns of sentences: they wrap between words; the others are kept whole as long as there is room."""
_SENTENCE = 24


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def show(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    format: Format = Format.TABLE,  # noqa: A002
    zone: str = "UTC",
    *,
    hidden: Collection[str] = (),
) -> None:
    """Print rows; an empty table says so in words.

    Times are on the clock of `zone`: to the minute in a table, whole and with their offset for programs. The columns
    of JSON and CSV never change; a table leaves out the `hidden` ones.
    """
    if format is Format.JSON:
        found = [dict(zip(columns, (_exact(value, zone) for value in row), strict=True)) for row in rows]
        print(json.dumps(found, ensure_ascii=False, default=str, indent=1))
    elif format is Format.CSV:
        print(as_csv(columns, [[_exact(value, zone) for value in row] for row in rows]), end="")
    else:
        kept = [number for number, column in enumerate(columns) if column not in hidden]
        _table(title, [columns[n] for n in kept], [[_short(row[n], zone) for n in kept] for row in rows])


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """CSV that a spreadsheet opens without running anything: a leading = + - @ is quoted (CWE-1236)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_inert(value) for value in row] for row in rows])
    return out.getvalue()


def _inert(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and text[:1] else text


def _exact(value: Any, zone: str) -> Any:
    return value.astimezone(ZoneInfo(zone)).isoformat() if isinstance(value, datetime) else value


def _short(value: Any, zone: str) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    return "" if value is None else printable(str(value))


def printable(text: str) -> str:
    """A shop's text without what would move the cursor or colour a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        print(f"No {title.lower()}.")
        return
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        cells = [row[number] for row in rows]
        long = column in _LONG
        justify: Any = "right" if all(cell.isdecimal() for cell in cells) and not long else "left"
        least = min(_SENTENCE, max(map(len, cells))) if long else None
        table.add_column(column, justify=justify, no_wrap=not long, min_width=least, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    width = terminal_width() if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    Console(file=out, width=width, force_terminal=colours(), highlight=False).print(table)
    print("\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines()), end="\n\n")


def paragraph(text: str, lead: str = "") -> str:
    """Sentences wrapped to the terminal, the first line behind `lead`, the others below it."""
    return textwrap.fill(
        printable(text),
        terminal_width(),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_on_hyphens=False,
        break_long_words=False,
    )


def terminal_width() -> int:
    """How wide the reader's terminal is; lines longer than 100 characters are hard to read."""
    return min(100, shutil.get_terminal_size().columns)


def colours() -> bool:
    """Does the reader see colours?"""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


@contextmanager
def progress(what: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal that is told how far things are; nothing elsewhere, where it would only be in the way."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
