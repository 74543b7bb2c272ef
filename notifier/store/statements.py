"""What the statements of all nouns share: batches, upserts, and terms that partial indexes need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cache
from importlib import import_module
from typing import Any, cast

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Insert,
    LargeBinary,
    Select,
    Table,
    Text,
    TypeDecorator,
    Update,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.sql.visitors import replacement_traverse

from notifier.interfaces import REVISIT_JOBS
from notifier.model.reminder import State
from notifier.store.tables import alerts, reminders

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


class _Listed(TypeDecorator[Any]):
    """Many values in one parameter."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str:
        return _encode(list(value)).decode()


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The column is one of `ids`, given when the statement runs: any number of them."""
    given = func.json_each(bindparam("ids", type_=_Listed)).table_valued("value")
    return column.in_(select(given.c.value))


def fetch(
    connection: Connection,
    statement: Select[*tuple[Any, ...]],
    values: Mapping[str, Any],
    decode: Callable[[str], list[Any]] | None = None,
) -> list[Any]:
    """All rows of a statement, in any order; fetched at once, and past SQLAlchemy, for the reasons that `Batch` gives.

    Bytes in it have to be JSON, which becomes a part of what `decode` understands.
    """
    if not connection.dialect.positional:
        return (decode or _decode)(str(connection.scalar(_as_json(statement), values)))
    key = (statement, connection.dialect.name)
    if key not in _prepared:
        compiled = _as_json(statement).compile(dialect=connection.dialect)
        _prepared[key] = str(compiled), compiled.positiontup or (), compiled.params
    sql, names, fixed = _prepared[key]
    given = {**fixed, **values}
    if "ids" in values:
        given["ids"] = _encode(list(values["ids"])).decode()
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql, [given[name] for name in names])
        return (decode or _decode)(cursor.fetchall()[0][0])


_prepared: dict[tuple[Select[*tuple[Any, ...]], str], tuple[str, Sequence[str], Mapping[str, Any]]] = {}


@cache
def _as_json(statement: Select[*tuple[Any, ...]]) -> Select[str]:
    rows = statement.subquery()
    return select(func.json_group_array(func.json_array(*map(_as_part, rows.c))))


def _as_part(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.json(sql_cast(column, Text)) if isinstance(column.type, LargeBinary) else column


def in_state(column: ColumnElement[str], states: Sequence[State]) -> ColumnElement[bool]:
    """The column is one of these states, written out for the same reason."""
    return or_(*(column == literal_column(f"'{state.value}'") for state in states))


class Batch:
    """A statement for many rows. Rows are tuples in the order of two or more `names`.

    SQLAlchemy builds a dictionary for every row it executes; for five hundred rows that takes longer than the
    database does. So the statement is compiled once, and rows go straight to the driver.

    SQLite gets all rows in one statement, as JSON. Row by row, its driver would give the interpreter's lock away and
    ask for it back for each of them, which takes milliseconds whenever the program is busy with something else. Now
    the database works beside it. Bytes in a row have to be JSON, as in `fetch`.
    """

    def __init__(self, statement: Insert | Update, names: str) -> None:
        self._statement = statement
        self._names = tuple(names.split())
        self._compiled: dict[str, tuple[str, Callable[[Sequence[tuple[Any, ...]]], Any]]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Execute the statement for all of these rows; without rows, not at all. Returns how many rows it changed."""
        if not rows:
            return 0
        if not connection.dialect.positional:
            named = [dict(zip(self._names, row, strict=True)) for row in rows]
            return connection.execute(self._statement, named).rowcount
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = self._at_once(connection)
        sql, arrange = self._compiled[name]
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(sql, arrange(rows))
            return int(cursor.rowcount)

    def _at_once(self, connection: Connection) -> tuple[str, Callable[[Sequence[tuple[Any, ...]]], Any]]:
        json = {column.name for column in self._statement.table.c if isinstance(column.type, LargeBinary)}
        is_json = [name in json for name in self._names]
        compiled = _for_all(self._statement, self._names, is_json).compile(dialect=connection.dialect)
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        places = [place for place, value in enumerate(values) if value is _ROWS]

        def arrange(rows: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
            given = list(values)
            for place in places:
                given[place] = _encode(_embedded(rows) if any(is_json) else rows).decode()
            return tuple(given)

        return str(compiled), arrange


_ROWS = "the rows"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[list[Any]]).decode


def _embedded(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """The same rows, in which bytes stand as the JSON that they are."""
    return [[msgspec.Raw(value) if isinstance(value, bytes) else value for value in row] for row in rows]


def _for_all(statement: Insert | Update, names: tuple[str, ...], is_json: Sequence[bool]) -> Insert | Update:
    """The same statement with a table made of JSON where it takes its values from."""
    given = func.json_each(bindparam("rows", _ROWS, type_=Text)).table_valued("value", name="given")
    parts = [given.c.value.op("->>")(literal_column(str(place))) for place in range(len(names))]
    cast_back = [sql_cast(part, LargeBinary) if json else part for part, json in zip(parts, is_json, strict=True)]
    values = dict(zip(names, cast_back, strict=True))
    if isinstance(statement, Insert) and statement.select is None:
        # SQLite takes ON CONFLICT after a SELECT for a join, unless a WHERE stands between them.
        return statement.from_select(names, select(*values.values()).where(true()))

    def replaced(element: Any, **_: Any) -> Any:
        return values.get(element.key) if isinstance(element, BindParameter) else None

    return cast("Insert | Update", replacement_traverse(statement, {}, replaced))


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
