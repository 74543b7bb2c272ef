"""A shop read from its own database: `type = "sql"`, any SQLAlchemy URL, SELECTs of the shop's choice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from notifier.errors import BadOrder, SourceError
from notifier.interfaces import Page, Record, Surroundings
from notifier.model.order import Order
from notifier.sources.mapping import mapped_columns
from notifier.sources.normalise import Normaliser, row_content
from notifier.sources.sql_database import Database, Rows
from notifier.sources.sql_options import SqlOptions, binds_of
from notifier.sources.sql_position import Cursor, Keyset, Position
from notifier.sources.sql_times import mismatch
from notifier.sources.values import identity
from notifier.sources.window import Form, begin_window, bound_window

_BATCH = 500


class SqlSource:
    """Reads orders with the shop's own SELECTs, changed ones first by (updated, id), and never writes.

    A poll goes back by `overlap` behind the last one, so that what was committed late is seen too; it reads up to our
    own now, and no clock of the database moves it further. Each page's cursor is where the next page begins.
    """

    Options = SqlOptions

    def __init__(self, name: str, options: SqlOptions, around: Surroundings) -> None:
        self.name = name
        self._options = options
        self._zone = options.zone or around.shop.zone
        url = options.url.get_secret_value()
        self._form = _form(url, options)
        # SQLite knows no UUIDs: there they are texts.
        self._id_type = "text" if options.id_type == "uuid" and url.startswith("sqlite") else options.id_type
        self._normaliser = Normaliser(name, options, around.shop)
        self._database = Database(name, url, around.folder, self._zone, options.timeout.total_seconds())
        self._orders = sa.text(options.orders)
        self._order = _by_ids(options.order)
        self._related = {group: _by_ids(related.query) for group, related in options.related.items()}
        self._binds = binds_of(options.orders)
        self._id = str(options.fields.get("id", "id"))
        self._updated = str(options.fields.get("updated", "updated")) if "since" in self._binds else ""
        self._keyset = Keyset(name, self._id, self._updated, "after_id" in self._binds, options.page_size)
        settings = f"{options.orders} {options.time_format} {options.id_type} {self._zone}"
        self._query = self._normaliser.digest(settings.encode())
        self._checked: tuple[str, ...] = ()

    async def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]:
        """Everything that has changed since `cursor`, page by page; the last page's cursor ends the round.

        A round that was broken off goes on where it was, and another one follows it up to `now`.
        """
        saved = Cursor.load(cursor, self._query)
        position = saved.position or self._start(saved.read, now)
        while True:
            pages = self._paged(position) if "limit" in self._binds else self._streamed(position, cursor)
            async with aclosing(pages):
                async for page in pages:
                    yield page
            if position.until >= now:
                return
            position = self._start(position.until, now)

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """These orders as the database has them now, whatever their age; those it does not have are left out."""
        found: dict[str, Record] = {}
        wanted = [bound for id_ in ids if (bound := self._bound_id(id_)) is not None]
        batches = "ids" in binds_of(self._options.order)
        size = _BATCH if batches else 1
        for start in range(0, len(wanted), size):
            part = wanted[start : start + size]
            rows = await self._database.rows(self._order, {"ids": part} if batches else {"id": part[0]})
            self._check(rows, "order")
            records, _ = await self._records(rows.columns, rows.rows)
            found.update((record.id, record) for record in records)
        return {id_: found[id_] for id_ in ids if id_ in found}

    def order(self, record: Record) -> Order:
        """Understand a record. Raises BadOrder."""
        return self._normaliser.order(record.fields)

    async def close(self) -> None:
        """Give the connections back."""
        await self._database.close()

    def _start(self, read: datetime | None, now: datetime) -> Position:
        since = begin_window(read, now, self._options.overlap)
        until = max(now, since)
        first, last = bound_window(since, until, self._zone, self._form)
        lowest = {"text": "", "integer": -(2**63), "uuid": UUID(int=0)}[self._id_type]
        return Position(until, first, last, lowest, self._options.page_size)

    async def _paged(self, position: Position) -> AsyncGenerator[Page, None]:
        """Pages by `:limit`: the next one begins where the rows of the last one end."""
        following: Position | None = position
        round_ = self._keyset.begin()
        while following is not None:
            position = following
            rows = await self._database.rows(self._orders, position.binds(self._binds))
            self._check(rows, "orders")
            fresh, following = round_.advance(position, rows)
            after = Cursor(position.until) if following is None else Cursor(None, following)
            parts = [fresh[i : i + self._options.page_size] for i in range(0, len(fresh), self._options.page_size)]
            for part in parts[:-1]:
                yield await self._page(rows.columns, part, Cursor(None, position).dump(self._query))
            yield await self._page(rows.columns, parts[-1] if parts else [], after.dump(self._query))

    async def _streamed(self, position: Position, cursor: str | None) -> AsyncGenerator[Page, None]:
        """One answer in pieces. A piece is no place to go on from, so only the last one moves the cursor."""
        before = Cursor(Cursor.load(cursor, self._query).read).dump(self._query)
        held: Page | None = None
        stream = self._database.stream(self._orders, position.binds(self._binds), self._options.page_size)
        async with aclosing(stream):
            async for rows in stream:
                self._check(rows, "orders")
                if held is not None:
                    yield held
                held = await self._page(rows.columns, rows.rows, before)
        yield Page(held.records if held else (), Cursor(position.until).dump(self._query), held.trouble if held else ())

    async def _page(self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], cursor: str) -> Page:
        records, trouble = await self._records(columns, rows)
        return Page(records, cursor, trouble)

    async def _records(
        self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> tuple[tuple[Record, ...], tuple[str, ...]]:
        """The rows with what belongs to them, and a sentence for each that has no usable id."""
        place = columns.index(self._id) if rows else 0
        related = await self._related_rows([row[place] for row in rows if row[place] is not None])
        records, trouble = [], []
        for row in rows:
            fields: dict[str, Any] = dict(zip(columns, row, strict=True))
            try:
                id_ = self._normaliser.id_of(fields)
            except BadOrder as error:
                trouble.append(f"an order of {self.name} is left out: {error}")
                continue
            belonging = {group: found.get(id_, []) for group, found in related.items()}
            content = row_content((row, *belonging.values()) if belonging else row)
            records.append(Record(id_, self._normaliser.digest(content), fields | belonging))
        return tuple(records), tuple(trouble)

    async def _related_rows(self, ids: Sequence[Any]) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """For each related query its rows by order."""
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for group, statement in self._related.items():
            by_order = found[group] = {}
            for start in range(0, len(ids), _BATCH):
                rows = await self._database.rows(statement, {"ids": list(ids[start : start + _BATCH])})
                if "order_id" not in rows.columns:
                    raise SourceError(f"source {self.name}: related.{group} must return a column order_id")
                for row in rows.rows:
                    entry = dict(zip(rows.columns, row, strict=True))
                    by_order.setdefault(identity(entry.pop("order_id")), []).append(entry)
        return found

    def _check(self, rows: Rows, query: str) -> None:
        """Are the columns there that the settings speak of, and are its times such as ours can be compared with?"""
        if rows.columns != self._checked:
            self._check_columns(rows.columns, query)
            self._checked = rows.columns
        if self._updated and query == "orders" and rows.rows:
            value = rows.rows[0][rows.columns.index(self._updated)]
            if trouble := mismatch(value, self._options.time_format, self._zone):
                raise SourceError(f"source {self.name}: the column {self._updated} {trouble}")

    def _check_columns(self, columns: tuple[str, ...], query: str) -> None:
        needed = [("id", self._id), *mapped_columns(self._options.fields)]
        if self._updated and query == "orders":
            needed.append(("updated", self._updated))
        for field, column in needed:
            if column not in columns:
                raise SourceError(
                    f"source {self.name}: the query `{query}` returns no column {column}, which is needed for {field}; "
                    f"add it to the SELECT or change fields.{field}"
                )

    def _bound_id(self, id_: str) -> str | int | UUID | None:
        """An id in the type of its column; None for one that no row can have."""
        kind = self._id_type
        try:
            return int(id_) if kind == "integer" else UUID(id_) if kind == "uuid" else id_
        except ValueError:
            return None


def _form(url: str, options: SqlOptions) -> Form:
    """How times are bound: "datetime" is what the database has a type for, in SQLite a text with a blank."""
    if options.time_format == "iso":
        return "local"
    if options.time_format == "datetime":
        native: Form = "aware" if url.startswith("postgres") else "naive"
        return "blank" if url.startswith("sqlite") else native
    return options.time_format


def _by_ids(query: str) -> sa.TextClause:
    statement = sa.text(query)
    return statement.bindparams(sa.bindparam("ids", expanding=True)) if "ids" in binds_of(query) else statement
