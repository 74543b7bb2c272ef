"""CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV; a cell that begins like a formula (= + - @) is quoted with an apostrophe (CWE-1236)."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([_inert(value) for value in row] for row in rows)
    return out.getvalue()


def _inert(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and text[:1] else text
