"""Prints rows as a table for people, or as JSON or CSV for programs."""

from __future__ import annotations

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

from notifier.cli.table import table
from notifier.rules import spreadsheet

_PIPED_WIDTH = 160
_READABLE = 100
_SENTENCES = ("reason", "trouble", "what")
"""Columns that wrap between words."""


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
    """CSV with its columns' names on top, for spreadsheets."""
    return spreadsheet.as_csv([columns, *rows])


def _exact(value: Any, zone: str) -> Any:
    return _on_clock(value, zone).isoformat() if isinstance(value, datetime) else value


def _short(value: Any, zone: str) -> str:
    if isinstance(value, datetime):
        return f"{_on_clock(value, zone):%Y-%m-%d %H:%M}"
    return "" if value is None else printable(str(value))


def _on_clock(instant: datetime, zone: str) -> datetime:
    from zoneinfo import ZoneInfo

    return instant.astimezone(ZoneInfo(zone))


def printable(text: str) -> str:
    """A shop's text without what would move the cursor or colour a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        print(f"No {title.lower()}.")
        return
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    width = _PIPED_WIDTH if piped else shutil.get_terminal_size().columns
    lines = table(columns, rows, width, _SENTENCES)
    print("\n".join([heading(title), *lines]), end="\n\n")


def heading(text: str) -> str:
    """A line that stands out where the terminal can show that."""
    return f"\x1b[1m{text}\x1b[0m" if colours() else text


def paragraph(text: str, lead: str = "") -> str:
    """Sentences wrapped to the terminal, the first line behind `lead`, the others below it."""
    return textwrap.fill(
        printable(text),
        min(_READABLE, shutil.get_terminal_size().columns),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_on_hyphens=False,
        break_long_words=False,
    )


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
