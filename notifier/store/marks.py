"""How far each source was read, what could not be understood, and what the program remembers about itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from notifier.interfaces import Quarantined, SourceMark, StoredOrder
from notifier.store.instants import instant, instant_or_none, micros, micros_or_none
from notifier.store.statements import among, param, upsert
from notifier.store.tables import meta, quarantine, sources

_s, _q = sources.c, quarantine.c
_MARKS = select(_s.source, _s.cursor, _s.rounds, _s.read, _s.failures, _s.trouble, _s.paused, _s.approved)
_MARK_CHANGING = ("cursor", "rounds", "read", "failures", "trouble", "paused", "approved")
_QUARANTINED = select(_q.source, _q.order_id, _q.seen, _q.reason, _q.body).order_by(
    _q.seen.desc(), _q.source, _q.order_id
)
_UNDERSTOOD = delete(quarantine).where(_q.source == param("source_name"), among(_q.order_id))


def mark(connection: Connection, source: str) -> SourceMark:
    """A source's mark; an empty one when it was never read."""
    row = connection.execute(_MARKS.where(_s.source == source)).one_or_none()
    return SourceMark(source) if row is None else _mark(row)


def marks(connection: Connection) -> list[SourceMark]:
    """All marks by name."""
    return [_mark(row) for row in connection.execute(_MARKS.order_by(_s.source))]


def set_mark(connection: Connection, new: SourceMark) -> None:
    """Put a mark in the place of the old one."""
    read = micros_or_none(new.read)
    row = (new.source, new.cursor, new.rounds, read, new.failures, new.trouble, new.paused, new.approved)
    upsert(connection.dialect.name, sources, _MARK_CHANGING).run(connection, [row])


def understood(connection: Connection, stored: Sequence[StoredOrder]) -> None:
    """These orders make sense now: take them out of the quarantine."""
    by_source: dict[str, list[str]] = {}
    for one in stored:
        by_source.setdefault(one.order.source, []).append(one.order.id)
    for source, ids in by_source.items():
        connection.execute(_UNDERSTOOD, {"source_name": source, "ids": ids})


def set_aside(connection: Connection, bad: Sequence[Quarantined]) -> None:
    """Keep what could not be understood, the last sight of each."""
    rows = [(one.source, one.order, micros(one.seen), one.reason, one.body) for one in bad]
    upsert(connection.dialect.name, quarantine, ("seen", "reason", "body")).run(connection, rows)


def quarantined(connection: Connection, source: str) -> list[Quarantined]:
    """What was set aside, the latest first; of all sources when none is named."""
    query = _QUARANTINED.where(_q.source == source) if source else _QUARANTINED
    return [
        Quarantined(source, order, instant(seen), reason, body)
        for source, order, seen, reason, body in connection.execute(query)
    ]


def remembered(connection: Connection, name: str) -> str | None:
    """What is kept under a name."""
    return connection.scalar(select(meta.c.value).where(meta.c.name == name))


def remember(connection: Connection, name: str, value: str) -> None:
    """Keep a value under a name."""
    upsert(connection.dialect.name, meta, ("value",)).run(connection, [(name, value)])


def _mark(row: Sequence[Any]) -> SourceMark:
    source, cursor, rounds, read, failures, trouble, paused, approved = row
    return SourceMark(source, cursor, rounds, instant_or_none(read), failures, trouble, paused, approved)
