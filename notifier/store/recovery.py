"""After a start: what a dead process left behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select, update

from notifier.interfaces import Recovered
from notifier.model.reminder import State
from notifier.store import tallies
from notifier.store.claims import no_sooner_than_due
from notifier.store.instants import micros
from notifier.store.statements import Batch, among, fetch, in_state, is_planned, param
from notifier.store.states import AGAIN_REASON, IN_DOUBT_OUTCOME, IN_DOUBT_REASON, MOST_CRASHES
from notifier.store.tables import attempts, reminders

_a, _r = attempts.c, reminders.c
_decode_rows = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode

_SENDING = select(_a.number, _a.rows).where(in_state(_a.state, [State.SENDING])).order_by(_a.number).with_for_update()
_SPOKEN_FOR = select(_r.id, _r.source, _r.order_id, _r.alert, _r.crashes).where(among(_r.id)).with_for_update()
_END_ATTEMPT = Batch(
    update(attempts)
    .where(_a.number == param("row"))
    .values(state=param("new_state"), outcome=IN_DOUBT_OUTCOME, reason=param("why"), ended=param("now_at")),
    "row new_state why now_at",
)
_END_REMINDER = Batch(
    update(reminders)
    .where(_r.id == param("row"))
    .values(
        state=param("new_state"),
        reason=param("why"),
        wake=no_sooner_than_due(_r.wake),
        crashes=_r.crashes + 1,
        updated=param("now_at"),
    ),
    "row new_state why now_at",
)
_RELEASE = update(reminders).where(is_planned, _r.ready.is_not(None)).values(wake=_r.ready, ready=None)


def recover(connection: Connection, now: datetime) -> Recovered:
    """Hold what was being sent, or have it said again; give back what was only claimed. Twice changes nothing.

    Both are found in small indexes: a million planned rows are not looked at.
    """
    at = micros(now)
    sending = [(number, [row for row, _ in _decode_rows(rows)]) for number, rows in connection.execute(_SENDING)]
    sources, again = _spoken_for(connection, [row for _, rows in sending for row in rows])
    repeated = [not again.isdisjoint(rows) for _, rows in sending]
    _END_ATTEMPT.run(
        connection, [(number, *_end(some), at) for (number, _), some in zip(sending, repeated, strict=True)]
    )
    _END_REMINDER.run(connection, [(row, *_end(row in again), at) for row in sources])
    turned = ((source, State.SENDING, State.PLANNED if row in again else State.HELD) for row, source in sources.items())
    tallies.turn(connection, turned)
    return Recovered(repeated.count(False), connection.execute(_RELEASE).rowcount, repeated.count(True))


def _end(again: bool) -> tuple[str, str]:
    return (State.PLANNED.value, AGAIN_REASON) if again else (State.HELD.value, IN_DOUBT_REASON)


def _spoken_for(connection: Connection, ids: Sequence[int]) -> tuple[dict[int, str], set[int]]:
    """The sources of these reminders, and which of them may be said again."""
    sources: dict[int, str] = {}
    again: set[int] = set()
    for row, source, order, alert, crashes in fetch(connection, _SPOKEN_FOR, {"ids": ids}):
        sources[row] = source
        if (alert or not order) and crashes + 1 < MOST_CRASHES:
            again.add(row)
    return sources, again
