"""Forgetting what is over, a little at a time: planning and sending wait for one small transaction at most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Executable, Select, delete, func, select

from notifier.model.reminder import State
from notifier.store import tallies
from notifier.store.database import Database
from notifier.store.instants import micros
from notifier.store.statements import among, in_state, param
from notifier.store.states import FINISHED
from notifier.store.tables import attempts, contents, reminders

_BATCH = 1000
_a, _r = attempts.c, reminders.c
_last, _then = param("last"), param("then")

# A row that could still be planned again stays: its key is what keeps the message from being sent a second time.
_FINISHED = (
    select(_r.id)
    .where(in_state(_r.state, FINISHED), _r.until < _then, _r.updated < _then, _r.id > _last)
    .order_by(_r.id)
    .limit(_BATCH)
)
# Looked at again while deleting: one of them may have been revived since it was found.
_over = select(_r.id).where(among(_r.id), in_state(_r.state, FINISHED))
_FORGET = (
    delete(contents).where(contents.c.attempt.in_(select(_a.number).where(_a.reminder.in_(_over)))),
    delete(attempts).where(_a.reminder.in_(_over)),
    delete(reminders).where(_r.id.in_(_over)),
)
_COUNT = select(_r.source, _r.state, func.count()).where(_r.id.in_(_over)).group_by(_r.source, _r.state)
_READ = (
    select(contents.c.attempt)
    .join(attempts, _a.number == contents.c.attempt)
    .where(_a.ended < _then, contents.c.attempt > _last)
    .order_by(contents.c.attempt)
    .limit(_BATCH)
)
_EMPTY = (delete(contents).where(among(contents.c.attempt)),)


async def purge(database: Database, before: datetime) -> int:
    """Delete finished, pointless reminders with their attempts, and the bytes of other old attempts."""
    then = micros(before)
    return await _in_batches(database, then, _FINISHED, _FORGET) + await _in_batches(database, then, _READ, _EMPTY)


async def _in_batches(database: Database, then: int, find: Select[int], change: Sequence[Executable]) -> int:
    """Look for rows beside the writer, a batch of them at a time, and change each batch in its own transaction."""
    total = last = 0
    while ids := await database.read(_finding(find, last, then)):
        await database.write(_changing(change, ids))
        total, last = total + len(ids), ids[-1]
    return total


def _finding(find: Select[int], last: int, then: int) -> Callable[[Connection], list[int]]:
    return lambda connection: [row for (row,) in connection.execute(find, {"last": last, "then": then})]


def _changing(change: Sequence[Executable], ids: Sequence[int]) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        if change is _FORGET:
            amounts = connection.execute(_COUNT, {"ids": ids}).all()
            tallies.add(connection, {(source, State(state)): -amount for source, state, amount in amounts})
        for statement in change:
            connection.execute(statement, {"ids": ids})

    return work
