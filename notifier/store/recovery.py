"""After a start: what a dead process left behind."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select, update

from notifier.interfaces import Recovered
from notifier.model.reminder import State
from notifier.store import tallies
from notifier.store.instants import micros
from notifier.store.statements import Batch, in_state, is_planned, param
from notifier.store.states import IN_DOUBT_OUTCOME, IN_DOUBT_REASON
from notifier.store.tables import attempts, reminders

_a, _r = attempts.c, reminders.c
_under_way = in_state(_a.state, [State.SENDING])
_decode_rows = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode

_SENDING = select(_a.source, _a.rows).where(_under_way).with_for_update()
_DOUBT_ATTEMPTS = (
    update(attempts)
    .where(_under_way)
    .values(state=State.HELD.value, outcome=IN_DOUBT_OUTCOME, reason=IN_DOUBT_REASON, ended=param("now_at"))
)
_DOUBT_REMINDER = Batch(
    update(reminders)
    .where(_r.id == param("row"))
    .values(state=State.HELD.value, reason=IN_DOUBT_REASON, crashes=_r.crashes + 1, updated=param("now_at")),
    "row now_at",
)
_RELEASE = update(reminders).where(is_planned, _r.ready.is_not(None)).values(wake=_r.ready, ready=None)


def recover(connection: Connection, now: datetime) -> Recovered:
    """Hold what was being sent, give back what was only claimed. Running it again changes nothing.

    Both are found in small indexes: a million planned rows are not looked at.
    """
    at = micros(now)
    doubtful = [(source, row) for source, pairs in connection.execute(_SENDING) for row, _ in _decode_rows(pairs)]
    _DOUBT_REMINDER.run(connection, [(row, at) for _, row in doubtful])
    tallies.turn(connection, ((source, State.SENDING, State.HELD) for source, _ in doubtful))
    in_doubt = connection.execute(_DOUBT_ATTEMPTS, {"now_at": at}).rowcount
    return Recovered(in_doubt, connection.execute(_RELEASE).rowcount)
