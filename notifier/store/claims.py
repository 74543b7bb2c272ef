"""Taking due reminders and deciding about them. What makes it safe is the fence: it grows with every claim.

A claim is a conditional update, not a lock that is held: `wake` becomes the end of the lease, and `ready` keeps when
the row would have been looked at, so that a claim can be given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, case, func, select, update

from notifier.interfaces import Ruling
from notifier.model.reminder import Reminder, State
from notifier.store import reminders as rows
from notifier.store import tallies
from notifier.store.instants import micros, micros_or_none
from notifier.store.statements import Batch, among, chunks, is_planned, param
from notifier.store.tables import reminders

_c = reminders.c
_is_due = _c.wake <= param("now_at")
_first = (
    select(_c.id)
    .where(is_planned, _is_due)
    .order_by(_c.wake, _c.id)
    .limit(param("most"))
    .with_for_update(skip_locked=True)
    .cte("first_due")
)


def _taking(which: ColumnElement[bool]) -> Update:
    return (
        update(reminders)
        .where(which)
        .values(fence=_c.fence + 1, ready=func.coalesce(_c.ready, _c.wake), wake=param("lease"))
    )


# The CTE is evaluated once by definition, so that a claim never takes more than it was asked to.
_CLAIM = _taking(_c.id.in_(select(_first.c.id))).returning(*rows.COLUMNS, _c.ready)
_CLAIM_THESE = _taking(among(_c.id)).returning(*rows.COLUMNS, _c.ready)
_SIBLINGS = (
    select(_c.id, _c.source, _c.order_id, _c.job)
    .where(among(_c.order_id), is_planned, _c.merge, _is_due)
    .with_for_update(skip_locked=True)
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
    times = {"now_at": micros(now), "lease": micros(lease)}
    taken = [*connection.execute(_CLAIM, {**times, "most": limit}).all()]
    if len(taken) == limit:
        taken += _siblings(connection, taken, times)
    taken.sort(key=lambda row: (row.ready, row.id))
    return [rows.from_row(row[:-1]) for row in taken]


def _siblings(connection: Connection, taken: Sequence[Row[Any]], times: dict[str, int]) -> list[Row[Any]]:
    wanted = {(row.source, row.order_id, row.job) for row in taken if row.merge}
    left: list[int] = []
    for some in chunks(sorted({order for _, order, _ in wanted})):
        found = connection.execute(_SIBLINGS, {"ids": some, "now_at": times["now_at"]})
        left += [id_ for id_, *group in found if tuple(group) in wanted]
    more: list[Row[Any]] = []
    for ids in chunks(left):
        more += connection.execute(_CLAIM_THESE, {"ids": ids, "lease": times["lease"]}).all()
    return more


def held(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int | None, str]]:
    """Fence and source of those of these rows that are still planned.

    They stay so until the transaction ends (the writer's lock, or FOR UPDATE), so what follows need not ask again.
    """
    found: dict[int, tuple[int | None, str]] = {}
    for some in chunks(ids):
        found.update((id_, (fence, source)) for id_, fence, source in connection.execute(_HELD, {"ids": some}).all())
    return found


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
