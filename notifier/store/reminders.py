"""Rows of `reminders`: planning, moving, cancelling and listing them. Claims are in `claims`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, select, update

from notifier.interfaces import Cancel, Move, Selection
from notifier.model.reminder import Key, Planned, Reminder, State
from notifier.store import tallies
from notifier.store.instants import instant, instant_or_none, micros, micros_or_none
from notifier.store.statements import Batch, among, fetch, in_state, is_call, is_planned, param, upsert
from notifier.store.states import MOVABLE, REVIVABLE, chosen
from notifier.store.tables import reminders

_c = reminders.c
COLUMNS = (
    _c.id,
    _c.source,
    _c.order_id,
    _c.job,
    _c.subject,
    _c.step,
    _c.occurrence,
    _c.state,
    _c.due,
    _c.until,
    _c.wake,
    _c.merge,
    _c.reason,
    _c.fence,
    _c.attempts,
    _c.crashes,
    _c.refused,
    _c.customer,
    _c.updated,
    _c.alert,
)
"""What `from_row` takes, in its order."""

_STATES = {state.value: state for state in State}
_ALL = select(*COLUMNS)
_OF_ORDERS = _ALL.where(_c.source == param("source_name"), among(_c.order_id), ~is_call)
_OF_ALERTS = _ALL.where(among(_c.alert), is_call)
_NEXT_WAKE = select(_c.wake).where(is_planned).order_by(_c.wake).limit(1)
_IN_STATE = select(_c.id, _c.source).where(among(_c.id)).with_for_update()
_PLANNED = _IN_STATE.where(is_planned)
_OVER = select(_c.id, _c.source, _c.state).where(among(_c.id), in_state(_c.state, REVIVABLE)).with_for_update()

_due, _now, _why = param("due_at"), param("now_at"), param("why")
_MOVE = Batch(
    update(reminders)
    .where(_c.id == param("row"), in_state(_c.state, MOVABLE))
    .values(
        due=_due,
        until=param("until_at"),
        # A claimed row keeps its lease; the new time is what it wakes at when the claim is given back.
        wake=case((is_planned & _c.ready.is_(None), _due), else_=_c.wake),
        ready=case((_c.ready.is_not(None), _due)),
        reason=case((is_planned, _why), else_=_c.reason),
        updated=_now,
    ),
    "row due_at until_at why now_at",
)
_REVIVE = Batch(
    update(reminders)
    .where(_c.id == param("row"))
    .values(
        state=State.PLANNED.value,
        due=_due,
        until=param("until_at"),
        wake=_due,
        ready=None,
        reason=_why,
        updated=_now,
    ),
    "row due_at until_at why now_at",
)
_CANCEL = Batch(
    update(reminders)
    .where(_c.id == param("row"))
    .values(state=State.CANCELLED.value, ready=None, reason=_why, updated=_now),
    "row why now_at",
)


def insert(connection: Connection, planned: Sequence[tuple[Planned, str]], now: datetime | None) -> None:
    """Insert planned reminders; those whose key exists are left alone."""
    updated = micros_or_none(now)
    _insert(connection, [(plan.key.source, _new_row(plan, customer, updated, 0)) for plan, customer in planned])


def insert_calls(connection: Connection, calls: Sequence[tuple[Planned, int]], now: datetime) -> None:
    """Insert calls of these alerts; those whose key exists are left alone."""
    updated = micros(now)
    _insert(connection, [(plan.key.source, _new_row(plan, "", updated, alert)) for plan, alert in calls])


def _insert(connection: Connection, new: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
    by_source: dict[str, list[tuple[Any, ...]]] = {}
    for source, row in new:
        by_source.setdefault(source, []).append(row)
    for source, rows in by_source.items():
        inserted = upsert(connection.dialect.name, reminders).run(connection, rows)
        tallies.add(connection, {(source, State.PLANNED): inserted})


def move(connection: Connection, moves: Sequence[Move], now: datetime | None) -> None:
    """Give rows their new times, and plan those that were over again where a move says so."""
    updated = micros_or_none(now)
    rows = [(one.id, micros(one.due), micros(one.until), one.reason, updated) for one in moves]
    _MOVE.run(connection, rows)
    over = _over(connection, [one.id for one in moves if one.revive])
    _REVIVE.run(connection, [row for row in rows if row[0] in over])
    tallies.turn(connection, ((source, state, State.PLANNED) for source, state in over.values()))


def cancel(connection: Connection, cancels: Sequence[Cancel], now: datetime | None) -> None:
    """Cancel planned rows, claimed or not."""
    updated = micros_or_none(now)
    planned = _sources(connection, _PLANNED, [one.id for one in cancels])
    _CANCEL.run(connection, [(one.id, one.reason, updated) for one in cancels if one.id in planned])
    tallies.turn(connection, ((source, State.PLANNED, State.CANCELLED) for source in planned.values()))


def _over(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, State]]:
    """Those of these rows that may come back, with their sources and how they had ended."""
    found = fetch(connection, _OVER, {"ids": ids}) if ids else []
    return {id_: (source, _STATES[state]) for id_, source, state in found}


def _sources(connection: Connection, query: Select[int, str], ids: Sequence[int]) -> dict[int, str]:
    """Those of these rows that the query finds, with their sources. They stay so until the transaction ends."""
    return dict(fetch(connection, query, {"ids": ids})) if ids else {}


def of_orders(connection: Connection, source: str, ids: Sequence[str]) -> dict[str, list[Reminder]]:
    """All reminders of each of these orders but for calls, the oldest first."""
    found: dict[str, list[Reminder]] = {id_: [] for id_ in ids}
    for row in sorted(fetch(connection, _OF_ORDERS, {"source_name": source, "ids": ids})):
        reminder = from_row(row)
        found[reminder.key.order].append(reminder)
    return found


def of_alerts(connection: Connection, alerts: Collection[int]) -> dict[int, list[Reminder]]:
    """All calls of each of these alerts, the oldest first."""
    found: dict[int, list[Reminder]] = {alert: [] for alert in alerts}
    for row in sorted(fetch(connection, _OF_ALERTS, {"ids": alerts})):
        call = from_row(row)
        found[call.alert].append(call)
    return found


def listed(connection: Connection, selection: Selection) -> list[Reminder]:
    """The rows a person asked for."""
    query = _ALL.limit(selection.limit)
    if selection.order:
        query = query.where(_c.order_id == selection.order)
    if selection.attempts:
        query = query.where(_c.attempt != "")
    states = chosen(selection.states)
    if states:
        query = query.where(in_state(_c.state, states))
    query = query.order_by(_c.wake, _c.id) if states == [State.PLANNED] else query.order_by(_c.id.desc())
    return [from_row(row) for row in connection.execute(query)]


def next_wake(connection: Connection) -> datetime | None:
    """The first end of the waiting; read from the index alone."""
    return instant_or_none(connection.scalar(_NEXT_WAKE))


def from_row(row: Sequence[Any]) -> Reminder:
    """A row of COLUMNS as the rest of the program knows it."""
    id_, source, order, job, subject, step, occurrence, state, due, until, wake = row[:11]
    merge, reason, fence, attempts, crashes, refused, customer, updated, alert = row[11:]
    return Reminder(
        id_,
        Key(source, order, job, subject, step, occurrence),
        _STATES[state],
        instant(due),
        instant(until),
        instant(wake),
        bool(merge),
        reason,
        fence,
        attempts,
        crashes,
        refused_names(refused),
        customer,
        instant_or_none(updated),
        alert,
    )


def refused_names(text: str) -> tuple[str, ...]:
    """The names that `refused_text` wrote."""
    return tuple(text.split("\n")) if text else ()


def refused_text(names: tuple[str, ...] | None) -> str | None:
    """Names of channels, one a line."""
    return None if names is None else "\n".join(names)


def _new_row(plan: Planned, customer: str, updated: int | None, alert: int) -> tuple[Any, ...]:
    """A row of the table, without its number: key, customer, state, times, and nothing done yet."""
    due = micros(plan.due)
    times = (due, micros(plan.until), due, None)
    return (*plan.key, customer, "planned", *times, plan.merge, "", 0, 0, 0, "", "", updated, alert)
