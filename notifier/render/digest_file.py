"""A digest as a file for spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from notifier.model.digest import Amounts, Cell, Column, Digest, Kind
from notifier.render.context import one_line
from notifier.render.digest_style import Style
from notifier.rules.spreadsheet import as_csv

_BOM = "\ufeff"
"""Without it Excel takes UTF-8 for something else."""
_HOUR = timedelta(hours=1)


def table_file(style: Style, digest: Digest) -> str:
    """As `DigestTexts.csv`."""
    rows: list[Sequence[object]] = []
    for table in digest.tables:
        if len(digest.tables) > 1:
            rows += [[], [style.words.of("tables", table.name)]]
        rows.append([label for column in table.columns for label in _labels(style, column)])
        for row in [*table.rows, table.total] if table.total else table.rows:
            pairs = zip(table.columns, row, strict=True)
            rows.append([value for column, cell in pairs for value in _exact(style, column, cell)])
    return _BOM + as_csv(rows[1:] if rows and not rows[0] else rows)


def as_data(digest: Digest, zone: str) -> dict[str, Any]:
    """A digest for programs: names instead of words, times on the clock of `zone`, lengths of time in seconds."""
    return {
        "digest": digest.name,
        "empty": digest.empty,
        "values": {name: _plain(value, zone) for name, value in digest.values.items()},
        "tables": [
            {
                "name": table.name or digest.name,
                "rows": [_named(table.columns, row, zone) for row in table.rows],
                "total": _named(table.columns, table.total, zone) if table.total else None,
                "more": table.more,
            }
            for table in digest.tables
        ],
    }


def _named(columns: Sequence[Column], row: Sequence[Cell], zone: str) -> dict[str, Any]:
    pairs = zip(columns, row, strict=True)
    return {column.name.replace(" ", "_"): _plain(value, zone) for column, value in pairs}


def _plain(value: Cell, zone: str) -> Any:
    if isinstance(value, tuple):
        return [{"amount": str(money.amount), "currency": money.currency} for money in value]
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, date) else value


def _labels(style: Style, column: Column) -> list[str]:
    label = style.words.of("columns", column.name)
    if column.kind is Kind.LENGTH:
        return [f"{label} (h)"]
    return [label, style.words.of("columns", "currency")] if column.kind is Kind.MONEY else [label]


def _exact(style: Style, column: Column, value: Cell) -> list[object]:
    """A value for programs; money takes two cells."""
    if column.kind is Kind.MONEY:
        return _exact_money(value if isinstance(value, tuple) else ())
    if isinstance(value, datetime):
        return [value.astimezone(ZoneInfo(style.zone)).isoformat(timespec="minutes")]
    if isinstance(value, timedelta):
        return [round(value / _HOUR, 2)]
    if isinstance(value, float):
        return [round(value, 4)]
    if isinstance(value, str):
        return [one_line(style.words.of("words", value) if column.kind is Kind.WORD else value)]
    return [value]


def _exact_money(amounts: Amounts) -> list[object]:
    return [" + ".join(str(money.amount) for money in amounts), " + ".join(money.currency for money in amounts)]
