"""Alerts in the SQLite file: two programs at once, files of the first version, and how little each question costs."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine

from notifier.interfaces import AlertChange, AlertSelection, Cancel, Changes, RevisitResult, Ruling, Selection
from notifier.model.alert import AlertEntry, AlertState
from notifier.model.reminder import State
from notifier.store import open_store
from notifier.store.sql import SqlStore
from notifier.store.tables import SCHEMA
from tests.fakes.rows import LEASE, NOW, alert, attempt, call, planned, plans


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notifier.db"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite:///{file}")
    yield opened
    await opened.close()


# Two programs


async def test_of_two_programs_that_acknowledge_one_wins(store: SqlStore, file: Path) -> None:
    other = await open_store(f"sqlite:///{file}")
    alerts = [alert(f"o{number}") for number in range(20)]
    stored = await store.change_alerts([AlertChange(one, calls=[call(one)]) for one in alerts], NOW)

    async def acknowledge(which: SqlStore, number: int, by: str) -> bool:
        seen = (await which.alerts([number]))[number]
        (row,) = (await which.calls([number]))[number]
        await both_have_seen_it.wait()
        taken = replace(seen, state=AlertState.ACKNOWLEDGED, by=by)
        entry = AlertEntry(number, NOW, "acknowledged", by)
        change = AlertChange(taken, [entry], cancels=[Cancel(row.id, f"taken by {by}")])
        return (await which.change_alerts([change], NOW)) != [None]

    for one in stored:
        assert one is not None
        both_have_seen_it = asyncio.Barrier(2)
        won = await asyncio.gather(acknowledge(store, one.id, "ann"), acknowledge(other, one.id, "ben"))
        assert sorted(won) == [False, True]
        winner = "ann" if won[0] else "ben"
        (row,) = (await other.calls([one.id]))[one.id]
        assert (await other.alerts([one.id]))[one.id].by == winner
        assert (row.state, row.reason) == (State.CANCELLED, f"taken by {winner}")
        assert [entry.by for entry in await store.history(one.id)] == [winner]
    await other.close()


async def test_an_acknowledgement_and_an_intent_of_two_programs(store: SqlStore, file: Path) -> None:
    """Either the call leaves and the acknowledgement sees it under way, or it never leaves."""
    other = await open_store(f"sqlite:///{file}")
    alerts = [alert(f"o{number}") for number in range(40)]
    stored = await store.change_alerts([AlertChange(one, calls=[call(one)]) for one in alerts], NOW)
    rows = {row.alert: row for row in await store.claim(NOW, NOW + LEASE, 100)}

    async def acknowledge(number: int) -> State:
        taken = replace(stored[number - 1] or alert(), state=AlertState.ACKNOWLEDGED, by="ann")
        await other.change_alerts([AlertChange(taken, cancels=[Cancel(rows[number].id, "taken")])], NOW)
        return (await other.calls([number]))[number][0].state

    for number, row in rows.items():
        works = [store.intend([attempt(f"a{number}", row)], NOW), acknowledge(number)]
        left, state = await asyncio.gather(*(works if number % 2 else reversed(works)))
        left, state = (left, state) if number % 2 else (state, left)
        assert state is (State.SENDING if left else State.CANCELLED)
    await other.close()


# Files of the first version


def of_the_first_version(file: Path) -> None:
    """A file as notifier 0.1.0 left it, with an order's reminder that was said and one that waits."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "notifier.store:migrations")
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "0001")
    engine.dispose()
    columns = "id, source, order_id, job, subject, step, occurrence, customer, state, due, until, wake, merge, reason"
    rest = "fence, attempts, crashes, refused, attempt"
    said = "1, 'shop', 'o1', 'unpaid-nudge', '', 0, '', 'ann', 'accepted', 0, 9, 0, 0, '', 1, 1, 0, '', 'a1'"
    waits = "2, 'shop', 'o1', 'revisit', '', 0, '', 'ann', 'planned', 5, 9, 5, 0, '', 0, 0, 0, '', ''"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        connection.execute(f"INSERT INTO reminders ({columns}, {rest}) VALUES ({said}), ({waits})")
        attempt_ = "1, 'a1', 1, '[[1,1]]', 'shop', 'sms', '', '', '', '', 0, 9, 'accepted', '', '', '', 1"
        connection.execute(f"INSERT INTO attempts VALUES ({attempt_})")
        connection.execute("INSERT INTO tallies VALUES ('shop', 'accepted', 1), ('shop', 'planned', 1)")


async def test_a_file_of_the_first_version_keeps_its_rows(file: Path) -> None:
    of_the_first_version(file)
    store = await open_store(f"sqlite:///{file}")
    rows = (await store.reminders("shop", ["o1"]))["o1"]
    assert [(row.id, row.state, row.alert) for row in rows] == [(1, State.ACCEPTED, 0), (2, State.PLANNED, 0)]
    assert await store.counts() == {State.ACCEPTED: 1, State.PLANNED: 1}
    epoch = rows[0].due
    assert [row.order for row in await store.said(epoch, NOW, 0, 10)] == ["o1"]
    assert [row.job for row in await store.revisits(epoch, NOW, 10)] == ["revisit"]
    (stored,) = await store.change_alerts([AlertChange(alert(), calls=[call(alert())])], NOW)
    assert stored is not None
    assert [row.id for row in (await store.calls([stored.id]))[stored.id]] == [3]
    assert [row.alert for row in await store.claim(NOW, NOW + LEASE, 10)] == [0, 1]
    await store.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMA,)]


# Speed


async def test_400_alerts_are_a_few_statements(store: SqlStore) -> None:
    statements: list[str] = []

    def watch(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(statements.append)

    await store.apply(plans(*(planned(f"o{number}") for number in range(400))))
    rows = await store.claim(NOW, NOW + LEASE, 400)
    await store._database.write(watch)
    changes = [
        AlertChange(
            one, [AlertEntry(0, NOW, "opened")], [call(one, who) for who in ("ann", "ben", "cem")], ruling=ruling
        )
        for row in rows
        for one, ruling in [(alert(row.key.order), Ruling(row.id, row.fence, State.RAISED, ""))]
    ]
    stored = await store.change_alerts(changes, NOW)
    assert None not in stored
    assert await store.counts() == {State.RAISED: 400, State.PLANNED: 1200}
    assert len([text for text in statements if text != "COMMIT"]) <= 12


async def test_questions_about_alerts_use_their_indexes(store: SqlStore) -> None:
    statements: list[str] = []

    def watch(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(statements.append)

    database = store._database
    await database.write(watch)
    await database.read(watch)
    await store.apply(Changes(inserts=[(planned(job="revisit"), "ann")], now=NOW))
    (stored,) = await store.change_alerts([AlertChange(alert(), [AlertEntry(0, NOW, "opened")], [call(alert())])], NOW)
    assert stored is not None
    await store.change_alerts([AlertChange(stored)], NOW)
    await store.note([AlertEntry(1, NOW, "note")])
    await store.alerts([1])
    await store.alerts_by_key([stored.key])
    await store.unresolved("shop")
    await store.unresolved("shop", ["o1"])
    await store.calls([1])
    await store.history(1)
    await store.list_alerts(AlertSelection())
    await store.list_alerts(AlertSelection([AlertState.OPEN]))
    await store.list_alerts(AlertSelection(order="o1"))
    await store.list_reminders(Selection(order="o1"))
    await store.said(NOW, NOW + LEASE, 0, 10)
    await store.revisits(NOW, NOW + LEASE, 10)
    await store.record_revisit(RevisitResult("shop", "o1", NOW, "ann", "content"))

    def explained(connection: Connection) -> list[str]:
        asked = [text for text in statements if text.split()[0] in {"SELECT", "UPDATE", "INSERT"}]
        return [str(row[3]) for text in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]

    ways = await database.read(explained)
    tables = "reminders|attempts|alerts|alert_entries|revisits"
    assert [way for way in ways if re.match(f"SCAN ({tables})(?! USING)", way)] == []
    assert "SCAN alerts USING INDEX alerts_unresolved" in ways
    assert {name for way in ways for name in re.findall(r"USING (?:COVERING )?INDEX ([a-z]+_[a-z_]+)", way)} >= {
        *("alerts_key", "alerts_opened", "alerts_unresolved", "entries_of_alert"),
        *("reminders_calls", "reminders_revisits", "attempts_started"),
    }
