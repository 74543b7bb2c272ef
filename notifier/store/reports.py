"""What reports ask: accepted messages, and the revisit record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, select

from notifier.interfaces import RevisitResult, RevisitRow, SaidRow
from notifier.model.reminder import State
from notifier.store.instants import instant, instant_or_none, micros
from notifier.store.statements import in_state, is_revisit, param, upsert
from notifier.store.states import SAID, VISITED
from notifier.store.tables import attempts, reminders, revisits

_a, _r, _v = attempts.c, reminders.c, revisits.c
_number: ColumnElement[Any] = _a.number + literal_column("0")
"""Keeps SQLite from walking along all attempts by number: a day's are found by when they were begun."""

_SAID = (
    select(_a.number, _a.source, _r.order_id, _r.job, _r.step, _a.started, _a.state, _a.channel, _r.alert)
    .join_from(attempts, reminders, _a.reminder == _r.id)
    .where(_a.started >= param("since"), _a.started < param("until"), _number > param("last"), in_state(_a.state, SAID))
    .order_by(_number)
    .limit(param("most"))
)
_of_order = (_v.source == _r.source) & (_v.order_id == _r.order_id)
_IN_RECORD = (is_revisit, _r.alert == 0, in_state(_r.state, VISITED))
_REVISITS = (
    select(_r.source, _r.order_id, _r.customer, _r.job, _r.due, _r.state, _v.result, _v.by, _v.at, _v.note)
    .join_from(reminders, revisits, _of_order, isouter=True)
    .where(*_IN_RECORD, _r.due >= param("since"), _r.due < param("until"))
    .order_by(_r.due, _r.id)
    .limit(param("most"))
)
_HAS_LINE = (
    select(_r.id).where(*_IN_RECORD, _r.source == param("source_name"), _r.order_id == param("order_name")).limit(1)
)


def said(connection: Connection, since: datetime, until: datetime, after: int, limit: int) -> list[SaidRow]:
    """A page of accepted messages, by number."""
    values = {"since": micros(since), "until": micros(until), "last": after, "most": limit}
    return [
        SaidRow(number, source, order, job, step, instant(started), State(state), channel, alert)
        for number, source, order, job, step, started, state, channel, alert in connection.execute(_SAID, values)
    ]


def record_revisit(connection: Connection, result: RevisitResult) -> bool:
    """Keep a result, if the record has a line for its order."""
    if connection.scalar(_HAS_LINE, {"source_name": result.source, "order_name": result.order}) is None:
        return False
    row = (result.source, result.order, micros(result.at), result.by, result.result, result.note)
    upsert(connection.dialect.name, revisits, ("at", "by", "result", "note")).run(connection, [row])
    return True


def revisited(connection: Connection, since: datetime, until: datetime, limit: int) -> Sequence[RevisitRow]:
    """The lines of the revisit record that are due then, the first due first."""
    values = {"since": micros(since), "until": micros(until), "most": limit}
    return [
        RevisitRow(source, order, customer, job, instant(due), State(state), *(_result(row)))
        for source, order, customer, job, due, state, *row in connection.execute(_REVISITS, values)
    ]


def _result(row: Sequence[Any]) -> tuple[str, str, datetime | None, str]:
    result, by, at, note = row
    return result or "", by or "", instant_or_none(at), note or ""
