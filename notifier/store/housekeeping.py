"""Forgetting what is over, a little at a time: planning and sending wait for one small transaction at most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Delete, Select, delete, func, not_, select

from notifier.model.reminder import State
from notifier.store import tallies
from notifier.store.database import Database
from notifier.store.instants import micros
from notifier.store.statements import among, in_state, is_call, is_revisit, is_unresolved, param
from notifier.store.states import FINISHED
from notifier.store.tables import alert_entries, alerts, attempts, contents, reminders, revisits

_BATCH = 1000
_a, _l, _r, _v = attempts.c, alerts.c, reminders.c, revisits.c
_last, _then = param("last"), param("then")
_Rows = Select[int]


@dataclass(frozen=True, slots=True)
class _Chore:
    """`find` finds rows, a batch at a time; `change` forgets them, `gone` being the reminders among what it deletes."""

    find: _Rows
    change: Sequence[Delete]
    gone: _Rows | None = None


def _deleting(gone: _Rows) -> tuple[Delete, ...]:
    """Reminders, with their attempts and the bytes of those."""
    return (
        delete(contents).where(contents.c.attempt.in_(select(_a.number).where(_a.reminder.in_(gone)))),
        delete(attempts).where(_a.reminder.in_(gone)),
        delete(reminders).where(_r.id.in_(gone)),
    )


# What is found is looked at again while deleting: some of it may have been revived meanwhile.
# A row that could still be planned again stays: its key is what keeps the message from being sent a second time.
# A call stays as long as its alert: the ladder would make it again.
_over = select(_r.id).where(among(_r.id), in_state(_r.state, FINISHED))
_FINISHED = _Chore(
    select(_r.id)
    .where(in_state(_r.state, FINISHED), _r.until < _then, _r.updated < _then, _r.id > _last, _r.alert == 0)
    .order_by(_r.id)
    .limit(_BATCH),
    _deleting(_over),
    _over,
)
_on_the_way = select(_r.id).where(_r.alert == _l.number, is_call, not_(in_state(_r.state, FINISHED))).exists()
_is_over = (not_(is_unresolved), _l.changed < _then, not_(_on_the_way))
_alerts_over = select(_l.number).where(among(_l.number), *_is_over)
_calls_over = select(_r.id).where(_r.alert.in_(_alerts_over), is_call)
_RESOLVED = _Chore(
    select(_l.number).where(*_is_over, _l.number > _last).order_by(_l.number).limit(_BATCH),
    (
        *_deleting(_calls_over),
        delete(alert_entries).where(alert_entries.c.alert.in_(_alerts_over)),
        delete(alerts).where(_l.number.in_(_alerts_over)),
    ),
    _calls_over,
)
_READ = _Chore(
    select(contents.c.attempt)
    .join(attempts, _a.number == contents.c.attempt)
    .where(_a.ended < _then, contents.c.attempt > _last)
    .order_by(contents.c.attempt)
    .limit(_BATCH),
    (delete(contents).where(among(contents.c.attempt)),),
)
_line = select(_r.id).where(is_revisit, _r.source == _v.source, _r.order_id == _v.order_id).exists()
_LONELY = delete(revisits).where(_v.at < _then, not_(_line))


async def purge(database: Database, before: datetime) -> int:
    """Delete finished, pointless reminders with their attempts; alerts that are over; the bytes of other old attempts.

    Results of revisits go when nothing is left of the reminder they are about.
    """
    then = micros(before)
    total = 0
    for chore in (_FINISHED, _RESOLVED, _READ):
        total += await _in_batches(database, then, chore)
    return total + await database.write(lambda connection: connection.execute(_LONELY, {"then": then}).rowcount)


async def _in_batches(database: Database, then: int, chore: _Chore) -> int:
    """Look for rows beside the writer, a batch of them at a time, and change each batch in its own transaction."""
    total = last = 0
    while ids := await database.read(_finding(chore.find, last, then)):
        await database.write(_changing(chore, ids, then))
        total, last = total + len(ids), ids[-1]
    return total


def _finding(find: _Rows, last: int, then: int) -> Callable[[Connection], list[int]]:
    return lambda connection: [row for (row,) in connection.execute(find, {"last": last, "then": then})]


def _changing(chore: _Chore, ids: Sequence[int], then: int) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        values = {"ids": ids, "then": then}
        if chore.gone is not None:
            gone = select(_r.source, _r.state, func.count()).where(_r.id.in_(chore.gone)).group_by(_r.source, _r.state)
            amounts = connection.execute(gone, values).all()
            tallies.add(connection, {(source, State(state)): -amount for source, state, amount in amounts})
        for statement in chore.change:
            connection.execute(statement, values)

    return work
