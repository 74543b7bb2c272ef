"""What the statements of all nouns share: batches, upserts, and terms that partial indexes need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Connection, Insert, Table, Update, bindparam, literal_column, or_

from notifier.interfaces import REVISIT_JOBS
from notifier.model.reminder import State
from notifier.store.tables import alerts, reminders

T = TypeVar("T")

_CHUNK = 1000

is_planned: ColumnElement[bool] = reminders.c.state == literal_column("'planned'")
"""Written out, not bound: SQLite uses a partial index only when it sees its condition in the statement."""

is_unresolved: ColumnElement[bool] = alerts.c.state != literal_column("'resolved'")
"""Written out for the same reason."""

is_call: ColumnElement[bool] = reminders.c.alert != literal_column("0")
"""A call of an alert; written out for the same reason."""

is_revisit: ColumnElement[bool] = or_(*(reminders.c.job == literal_column(f"'{job}'") for job in REVISIT_JOBS))
"""Of a job whose reminders open a line in the revisit record; written out for the same reason."""


def param(name: str) -> BindParameter[Any]:
    """A value that is given when the statement runs."""
    return bindparam(name)


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The column is one of `ids`, given as a list when the statement runs; `chunks` keeps that list short enough."""
    return column.in_(bindparam("ids", expanding=True))


def in_state(column: ColumnElement[str], states: Sequence[State]) -> ColumnElement[bool]:
    """The column is one of these states, written out for the same reason."""
    return or_(*(column == literal_column(f"'{state.value}'") for state in states))


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items in pieces that fit into one IN list of any database."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


class Batch:
    """A statement that runs once per row, many rows at a time. Rows are tuples in the order of two or more `names`.

    SQLAlchemy builds a dictionary for every row it executes; for five hundred rows that takes longer than the
    database does. So the statement is compiled once, and rows go straight to the driver.
    """

    def __init__(self, statement: Insert | Update, names: str) -> None:
        self._statement = statement
        self._names = tuple(names.split())
        self._compiled: dict[str, tuple[str, Callable[[tuple[Any, ...]], Any]]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Execute the statement for all of these rows; without rows, not at all. Returns how many rows it changed."""
        if not rows:
            return 0
        if not connection.dialect.positional:
            named = [dict(zip(self._names, row, strict=True)) for row in rows]
            return connection.execute(self._statement, named).rowcount
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = self._compile(connection)
        sql, arrange = self._compiled[name]
        return connection.exec_driver_sql(sql, [arrange(row) for row in rows]).rowcount

    def _compile(self, connection: Connection) -> tuple[str, Callable[[tuple[Any, ...]], Any]]:
        keys = self._names if isinstance(self._statement, Insert) else None
        compiled = self._statement.compile(dialect=connection.dialect, column_keys=keys)
        fixed = [name for name in compiled.params if name not in self._names]
        values = tuple(compiled.params[name] for name in fixed)
        places = itemgetter(*((*self._names, *fixed).index(name) for name in compiled.positiontup or ()))
        return str(compiled), (lambda row: places(row + values)) if values else places


@cache
def upsert(dialect: str, table: Table, update: tuple[str, ...] = (), add: tuple[str, ...] = ()) -> Batch:
    """Inserts rows of the whole table; where the key exists, it replaces or adds to these columns, or changes nothing.

    SQLite and PostgreSQL say it in the same words, but SQLAlchemy has it once for each.
    """
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    names = " ".join(column.name for column in table.columns if column is not table.autoincrement_column)
    if not (update or add):
        return Batch(statement.on_conflict_do_nothing(), names)
    changed = {name: statement.excluded[name] for name in update}
    changed.update({name: table.c[name] + statement.excluded[name] for name in add})
    return Batch(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed), names)
