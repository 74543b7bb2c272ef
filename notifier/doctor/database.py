"""The database: the file, what is in it, and whether the clock agrees with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from notifier.doctor.finding import Finding, bad, note, well
from notifier.doctor.machine import size
from notifier.errors import NotifierError
from notifier.interfaces import Quarantined, Selection, SourceMark, Store
from notifier.rules.phrases import count
from notifier.settings import Settings
from notifier.store import condition, database_file, open_store

_AHEAD = timedelta(minutes=5)
_SHOWN = 10


async def database(settings: Settings, now: datetime) -> list[Finding]:
    """The file and its contents; only a note where there is none yet."""
    file = database_file(settings.store_url)
    if file is None:
        return [note("database", "in memory: everything is forgotten when the program ends")]
    if not file.exists():
        return [note("database", f"{file} is not there yet; notifier run makes it")]
    try:
        facts = condition(file)
        store = await open_store(settings.store_url, read_only=True)
    except NotifierError as error:
        return [bad("database", str(error))]
    try:
        marks, counts = await store.marks(), await store.counts()
        what = f"{file}: {size(facts.size)}, tables of version {facts.version}, undamaged, "
        what += f"{count(sum(counts.values()), 'reminder')}"
        found = [well("database", what)]
        if facts.far_away:
            found.append(bad("database", f"lies on a network file system ({facts.far_away}): move it to a local disk"))
        if facts.journal != "wal":
            found.append(
                note("database", f"journal mode is {facts.journal}, not WAL; the daemon sets it when it starts")
            )
        found.append(await _clock(settings, store, marks, now))
        found += [_mark(mark) for mark in marks if mark.source in settings.sources]
        found += _quarantined(await store.quarantined())
        return found
    finally:
        await store.close()


async def _clock(settings: Settings, store: Store, marks: Sequence[SourceMark], now: datetime) -> Finding:
    """A clock behind what is in the database would send what was sent already, or nothing at all."""
    if settings.clock.start is not None or settings.clock.speed != 1:
        return note("clock", "[clock] in the settings makes it a pretended one: for trials only")
    attempts = await store.list_attempts(Selection(limit=1))
    last = max([row.attempt.started for row in attempts] + [mark.read for mark in marks if mark.read], default=None)
    if last is None or last - now <= _AHEAD:
        return well("clock", f"{now:%Y-%m-%d %H:%M} UTC, later than everything in the database")
    return bad("clock", f"{now:%Y-%m-%d %H:%M} UTC, but the database has been in use at {last:%Y-%m-%d %H:%M}: set it")


def _mark(mark: SourceMark) -> Finding:
    what = f"source {mark.source}"
    if mark.paused and not mark.approved:
        return bad(what, f"is paused: {mark.paused}. If that is right: notifier approve {mark.source}")
    if mark.failures:
        return bad(what, f"could not be read {count(mark.failures, 'time')} in a row: {mark.trouble}")
    return well(what, f"last read {mark.read:%Y-%m-%d %H:%M} UTC" if mark.read else "is being read for the first time")


def _quarantined(rows: Sequence[Quarantined]) -> list[Finding]:
    """Orders about which nothing is said, because nobody can tell what they mean."""
    found = [
        bad(f"order {row.order} of {row.source}", f"could not be understood: {row.reason}") for row in rows[:_SHOWN]
    ]
    if len(rows) > _SHOWN:
        found.append(bad("orders", f"{len(rows) - _SHOWN} more could not be understood"))
    return found
