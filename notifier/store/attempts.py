"""Rows of `attempts`: the intent before a send, the outcome after it. Their bytes are in `contents`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, literal_column, select, union, update

from notifier.interfaces import AttemptRow, Result, Selection
from notifier.model.message import Attempt
from notifier.model.reminder import State
from notifier.store import tallies
from notifier.store.claims import held, no_sooner_than_due
from notifier.store.instants import instant, instant_or_none, micros, micros_or_none
from notifier.store.reminders import refused_text
from notifier.store.statements import Batch, among, fetch, in_state, param
from notifier.store.states import chosen
from notifier.store.suppressions import suppress
from notifier.store.tables import attempts, contents, reminders

_a, _r = attempts.c, reminders.c
_now = param("now_at")
_AT_ONCE = 1000
_CONTENTS = "INSERT INTO contents (attempt, content) VALUES "
_CONTENT = "((SELECT number FROM attempts WHERE id = ?), ?)"
_Rows = tuple[tuple[int, int], ...]
_UnderWay = tuple[int, str, str, _Rows]
_encode_rows = msgspec.json.Encoder().encode
_decode_rows = msgspec.json.Decoder(_Rows).decode

_INSERT = Batch(
    insert(attempts),
    "id reminder rows source channel address message_id purpose customer started until state outcome reason reference",
)
_SEND = Batch(
    update(reminders)
    .where(_r.id == param("row"))
    .values(
        state=State.SENDING.value,
        attempt=param("attempt_id"),
        wake=func.coalesce(_r.ready, _r.wake),
        ready=None,
        updated=_now,
    ),
    "row attempt_id now_at",
)
_UNDER_WAY = (
    select(_a.id, _a.number, _a.channel, _a.source, _a.rows)
    .where(among(_a.id), _a.state == State.SENDING.value)
    .with_for_update()
)
_SOURCES = select(_r.id, _r.source).where(among(_r.id))
_KNOWN = select(_a.channel, _a.reference).where(among(_a.reference), _a.reference != literal_column("''"))
_END_ATTEMPT = Batch(
    update(attempts)
    .where(_a.number == param("row"))
    .values(
        state=param("new_state"),
        outcome=param("how"),
        reason=param("why"),
        reference=param("name"),
        ended=_now,
    ),
    "row new_state how why name now_at",
)
_END_REMINDER = Batch(
    update(reminders)
    .where(_r.id == param("row"))
    .values(
        state=param("new_state"),
        reason=param("why"),
        wake=no_sooner_than_due(func.coalesce(param("wake_at"), _r.wake)),
        refused=func.coalesce(param("refusals"), _r.refused),
        attempts=_r.attempts + param("tries"),
        updated=_now,
    ),
    "row new_state why wake_at refusals tries now_at",
)
_LISTED = (
    select(
        *(_a.id, _a.rows, _a.channel, _a.address, contents.c.content, _a.message_id, _a.purpose, _a.customer),
        *(_a.started, _a.until, _a.outcome, _a.reason, _a.reference, _a.ended, _a.state, _r.job, _r.order_id),
    )
    .join_from(attempts, contents, contents.c.attempt == _a.number, isouter=True)
    .join(reminders, _a.reminder == _r.id, isouter=True)
    .order_by(_a.number.desc())
)

_row, _try = reminders.alias(), attempts.alias()
_FIRST = select(_try.c.number).join(_row, _try.c.reminder == _row.c.id).where(_row.c.order_id == param("order_name"))
_LATEST = select(_try.c.number).join(_row, _row.c.attempt == _try.c.id).where(_row.c.order_id == param("order_name"))
"""Attempts at an order's reminders: those that began with one of them, and the latest that had any in a bundle."""


def intend(connection: Connection, wanted: Sequence[Attempt], now: datetime) -> list[str]:
    """Write down the attempts whose reminders are all planned under their fence, and mark those as being sent."""
    ours = held(connection, [row for attempt in wanted for row, _ in attempt.reminders])
    at = micros(now)
    kept: list[tuple[Attempt, str]] = []
    turned: list[tuple[str, State, State]] = []
    for attempt in wanted:
        found = [ours.get(row, (None, "")) for row, _ in attempt.reminders]
        if [fence for fence, _ in found] == [fence for _, fence in attempt.reminders]:
            kept.append((attempt, found[0][1] if found else ""))
            for row, _ in attempt.reminders:
                ours.pop(row, None)  # a second attempt of this batch must not have it too
            turned += [(source, State.PLANNED, State.SENDING) for _, source in found]
    _INSERT.run(connection, [_new_row(attempt, source) for attempt, source in kept])
    _insert_contents(connection, [(attempt.id, attempt.content) for attempt, _ in kept if attempt.content])
    _SEND.run(connection, [(row, attempt.id, at) for attempt, _ in kept for row, _ in attempt.reminders])
    tallies.turn(connection, turned)
    return [attempt.id for attempt, _ in kept]


def record(connection: Connection, results: Sequence[Result], now: datetime) -> None:
    """Write how attempts ended, into those still under way.

    1. find them and their reminders; 2. leave out references that another attempt has already; 3. write the outcomes;
    4. remember addresses that must not be written to, whoever was late.
    """
    at = micros(now)
    under_way = _under_way(connection, [result.attempt for result in results])
    sources = _sources_of_bundles(connection, under_way.values())
    taken = _known_references(connection, results)
    ended: list[tuple[Any, ...]] = []
    freed: list[tuple[Any, ...]] = []
    turned: list[tuple[str, State, State]] = []
    for result in results:
        if (found := under_way.pop(result.attempt, None)) is None:
            continue
        number, channel, source, rows = found
        reference = "" if (channel, result.reference) in taken else result.reference
        taken.add((channel, reference))
        ended.append((number, result.state.value, result.outcome, result.reason, reference, at))
        wake, refused = micros_or_none(result.wake), refused_text(result.refused)
        common = (result.state.value, result.reason, wake, refused, int(result.counts), at)
        freed += [(row, *common) for row, _ in rows]
        turned += [(sources.get(row, source), State.SENDING, result.state) for row, _ in rows]
    _END_ATTEMPT.run(connection, ended)
    _END_REMINDER.run(connection, freed)
    tallies.turn(connection, turned)
    suppress(connection, results, at)


def _insert_contents(connection: Connection, rows: Sequence[tuple[str, bytes]]) -> None:
    """The bytes of many attempts in one statement, for the reason that `Batch` gives."""
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        connection.exec_driver_sql(_CONTENTS + ", ".join([_CONTENT] * len(some)), tuple(chain.from_iterable(some)))


def _under_way(connection: Connection, ids: Sequence[str]) -> dict[str, _UnderWay]:
    """Those of these attempts that are being sent. Their reminders are too: both change together everywhere."""
    found: dict[str, _UnderWay] = {}
    for id_, number, channel, source, pairs in fetch(connection, _UNDER_WAY, {"ids": ids}):
        found[id_] = (number, channel, source, _decode_rows(pairs))
    return found


def _sources_of_bundles(connection: Connection, found: Iterable[_UnderWay]) -> dict[int, str]:
    """The sources of reminders that share an attempt: calls of several shops may go to an agent in one message."""
    shared = [row for *_, rows in found if len(rows) > 1 for row, _ in rows]
    return dict(fetch(connection, _SOURCES, {"ids": shared})) if shared else {}


def _known_references(connection: Connection, results: Sequence[Result]) -> set[tuple[str, str]]:
    named = [result.reference for result in results if result.reference]
    return {(channel, name) for channel, name in fetch(connection, _KNOWN, {"ids": named})} if named else set()


def listed(connection: Connection, selection: Selection) -> list[AttemptRow]:
    """The attempts a person asked for, the newest first."""
    query = _LISTED.limit(selection.limit)
    if selection.order:
        query = query.where(_a.number.in_(union(_FIRST, _LATEST)))
    if selection.states:
        query = query.where(in_state(_a.state, chosen(selection.states)))
    return [_from_row(row) for row in connection.execute(query, {"order_name": selection.order})]


def _new_row(attempt: Attempt, source: str) -> tuple[Any, ...]:
    return (
        attempt.id,
        attempt.reminders[0][0] if attempt.reminders else None,
        _encode_rows(attempt.reminders).decode(),
        source,
        attempt.channel,
        attempt.address,
        attempt.message_id,
        attempt.purpose,
        attempt.customer,
        micros(attempt.started),
        micros(attempt.until),
        State.SENDING.value,
        *("", "", ""),
    )


def _from_row(row: Sequence[Any]) -> AttemptRow:
    id_, pairs, channel, address, content, message_id, purpose, customer, started, until = row[:10]
    outcome, reason, reference, ended, state, job, order = row[10:]
    attempt = Attempt(
        id_,
        _decode_rows(pairs),
        channel,
        address,
        content or b"",
        message_id,
        purpose,
        customer,
        instant(started),
        instant(until),
    )
    return AttemptRow(attempt, outcome, reason, reference, instant_or_none(ended), State(state), job or "", order or "")
