"""Taking due reminders and deciding about them. What makes it safe is the fence: it grows with every claim.

A claim is a conditional update, not a lock that is held: `wake` becomes the end of the lease, and `ready` keeps when
the row would have been looked at, so that a claim can be given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from notifier.interfaces import Ruling
from notifier.model.reminder import Reminder, State
from notifier.store import reminders as rows
from notifier.store import tallies
from notifier.store.instants import micros, micros_or_none
from notifier.store.statements import Batch, among, fetch, is_planned, param
from notifier.store.tables import reminders

_c = reminders.c
_is_due = _c.wake <= param("now_at")
_DUE = select(*rows.COLUMNS, func.coalesce(_c.ready, _c.wake).label("since")).with_for_update(skip_locked=True)
_FIRST = _DUE.where(is_planned, _is_due).order_by(_c.wake, _c.id).limit(param("most"))
_SIBLINGS = _DUE.where(among(_c.order_id), is_planned, _c.merge, _is_due)


_MERGE, _FENCE, _WAKE = map(rows.COLUMNS.index, (_c.merge, _c.fence, _c.wake))
_TAKE = (
    update(reminders)
    .where(among(_c.id))
    .values(fence=_c.fence + 1, ready=func.coalesce(_c.ready, _c.wake), wake=param("lease"))
)


def no_sooner_than_due(wake: ColumnElement[Any]) -> ColumnElement[Any]:
    """This wake, or the due time when the order was postponed meanwhile."""
    return case((wake < _c.due, _c.due), else_=wake)


_HELD = select(_c.id, _c.fence, _c.source).where(among(_c.id), is_planned).with_for_update()
_SETTLE = Batch(
    update(reminders)
    .where(_c.id == param("row"))
    .values(
        state=param("new_state"),
        reason=param("why"),
        wake=no_sooner_than_due(func.coalesce(param("wake_at"), _c.ready, _c.wake)),
        ready=None,
        refused=func.coalesce(param("refusals"), _c.refused),
        updated=param("now_at"),
    ),
    "row new_state why wake_at refusals now_at",
)


def claim(connection: Connection, now: datetime, lease: datetime, limit: int) -> list[Reminder]:
    """Take the first due rows, and with them every due row that is to be said in the same message.

    1. take up to `limit` rows, the longest waiting first; 2. if more may be due, take the siblings of those that merge.
    """
    values = {"now_at": micros(now), "most": limit}
    due = fetch(connection, _FIRST, values)
    if len(due) == limit:
        due += _siblings(connection, due, values["now_at"])
    due.sort(key=lambda row: (row[-1], row[0]))  # the longest waiting first
    if not due:
        return []
    connection.execute(_TAKE, {"ids": [row[0] for row in due], "lease": micros(lease)})
    for row in due:
        row[_FENCE] += 1
        row[_WAKE] = micros(lease)
    return [rows.from_row(row[:-1]) for row in due]


def _siblings(connection: Connection, taken: Sequence[Sequence[Any]], now: int) -> list[list[Any]]:
    """What else is due of the orders and jobs of those that merge."""
    known = {row[0] for row in taken}
    wanted = {tuple(row[1:4]) for row in taken if row[_MERGE]}
    if not wanted:
        return []
    found = fetch(connection, _SIBLINGS, {"ids": {order for _, order, _ in wanted}, "now_at": now})
    return [row for row in found if row[0] not in known and tuple(row[1:4]) in wanted]


def held(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int | None, str]]:
    """Fence and source of those of these rows that are still planned.

    They stay so until the transaction ends (the writer's lock, or FOR UPDATE), so what follows need not ask again.
    """
    return {id_: (fence, source) for id_, fence, source in fetch(connection, _HELD, {"ids": ids})}


def settle(connection: Connection, rulings: Sequence[Ruling], now: datetime) -> None:
    """Write decisions into the rows that are still ours."""
    at = micros(now)
    ours = held(connection, [ruling.id for ruling in rulings])
    values: list[tuple[Any, ...]] = []
    turned: list[tuple[str, State, State]] = []
    for ruling in rulings:
        fence, source = ours.get(ruling.id, (None, ""))
        if fence != ruling.fence:
            continue
        del ours[ruling.id]
        wake, refused = micros_or_none(ruling.wake), rows.refused_text(ruling.refused)
        values.append((ruling.id, ruling.state.value, ruling.reason, wake, refused, at))
        turned.append((source, State.PLANNED, ruling.state))
    _SETTLE.run(connection, values)
    tallies.turn(connection, turned)
