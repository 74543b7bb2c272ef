"""A digest: one message with tables, for the staff, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from notifier.model.order import Money


class Kind(StrEnum):
    """What stands in a column. A `WORD` is a name that each language has its own word for; `TEXT` is data."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    SHARE = "share"
    MONEY = "money"
    INSTANT = "instant"
    LENGTH = "length"


Amounts = tuple[Money, ...]
"""A sum of money: an amount in each currency that it came in."""
Cell = str | int | float | date | datetime | timedelta | Amounts | None
"""A value of a table: a share is a float from 0 to 1; None is nothing to say there."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, which each language has its own word for, and what stands in it."""

    name: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `name` is empty for the only table of a digest.

    `total` is a last row that sums up, empty when there is none; `more` counts rows that were left out.
    """

    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]] = ()
    name: str = ""
    total: tuple[Cell, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """What a digest says: `name` finds its title and sentences, `values` are what stands in them.

    `empty` means that there is nothing to say: then silence, or one line.
    """

    name: str
    tables: tuple[Table, ...]
    values: Mapping[str, Cell] = field(default_factory=dict)
    empty: bool = False
