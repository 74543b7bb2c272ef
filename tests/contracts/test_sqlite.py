"""What the SQLite file survives: other processes, damage, a full disk, cancellation, being killed."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine

from notifier.errors import EXIT_IO, EXIT_RUNNING, AlreadyRunning, StoreDamaged, StoreError
from notifier.interfaces import Changes, Recovered, Selection
from notifier.model.reminder import State
from notifier.store import backup, hold, open_store, schema
from notifier.store.database import Database
from notifier.store.files import open_database
from notifier.store.sql import SqlStore
from notifier.store.tables import SCHEMA
from tests.fakes.rows import LEASE, NOW, attempt, planned, plans, stored

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "notifier.db"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(url(file))
    yield opened
    await opened.close()


def url(file: Path) -> str:
    return f"sqlite:///{file}"


def sql(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


async def filled(file: Path, orders: int = 300) -> None:
    store = await open_store(url(file))
    await store.apply(Changes(orders=[stored(f"o{number}") for number in range(orders)]))
    await store.close()


def write(file: Path, content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)


def contents(file: Path) -> bytes:
    return file.read_bytes()


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def child(program: str, file: Path, says: str) -> Iterator[subprocess.Popen[str]]:
    """Another process on the same file, as soon as it has said this."""
    command = [sys.executable, "-c", textwrap.dedent(program), str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{says}\n"
        yield process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)


# Opening


async def test_folder_and_file_are_made_for_their_owner_alone(store: SqlStore, file: Path) -> None:
    assert mode(file) == 0o600
    await store.close()
    assert names(file.parent) == ["notifier.db"]


async def test_what_was_written_is_there_after_opening_again(file: Path) -> None:
    await filled(file, orders=2)
    store = await open_store(url(file))
    assert await store.digests("shop", ["o0", "o1"]) == {"o0": "d1", "o1": "d1"}
    await store.close()


async def test_every_commit_reaches_the_disk_before_it_returns(file: Path) -> None:
    database = await open_database(file)

    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await database.write(pragmas) == ["wal", 2, 1, 5000]  # 2 is FULL
    await database.close()


async def test_a_store_in_memory() -> None:
    store = await open_store("sqlite:///:memory:")
    await store.apply(plans(planned()))
    assert await store.count_planned("shop") == 1
    await store.close()


async def test_closing_twice_is_harmless_and_using_it_afterwards_is_not(store: SqlStore) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed already"):
        await store.next_wake()


async def test_a_read_only_store_needs_a_database(file: Path) -> None:
    with pytest.raises(StoreError, match=r"no database at .*notifier\.db yet.* notifier run"):
        await open_store(url(file), read_only=True)
    assert not file.parent.exists()


async def test_reading_beside_a_writer(store: SqlStore, file: Path) -> None:
    reader = await open_store(url(file), read_only=True)
    await store.apply(plans(planned()))
    assert await reader.count_planned("shop") == 1
    assert len(await reader.list_reminders(Selection())) == 1
    with pytest.raises(StoreError, match="may not be written to"):
        await reader.set_meta("name", "value")
    await reader.close()
    await store.apply(plans(planned("o2")))


async def test_reading_while_no_daemon_runs(file: Path) -> None:
    await filled(file, orders=1)
    reader = await open_store(url(file), read_only=True)
    assert await reader.digests("shop", ["o0"]) == {"o0": "d1"}
    await reader.close()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 something else entirely, long enough to have a header"])
@pytest.mark.parametrize("read_only", [False, True])
async def test_a_file_that_is_no_database_is_left_alone(file: Path, content: bytes, read_only: bool) -> None:
    write(file, content)
    with pytest.raises(StoreDamaged, match="copy the newest backup to") as caught:
        await open_store(url(file), read_only=read_only)
    assert caught.value.exit_code == EXIT_IO
    assert contents(file) == content


async def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    sql(file, "CREATE TABLE theirs (a)")
    with pytest.raises(StoreError, match="belongs to another program"):
        await open_store(url(file))
    assert sql(file, "SELECT name FROM sqlite_schema") == [("theirs",)]


@pytest.mark.parametrize("read_only", [False, True])
async def test_the_file_of_a_newer_program_is_refused(file: Path, read_only: bool) -> None:
    await filled(file, orders=1)
    sql(file, "UPDATE alembic_version SET version_num = '9001'")
    with pytest.raises(StoreError, match=r"newer notifier \(its tables are 9001"):
        await open_store(url(file), read_only=read_only)


async def test_the_file_of_an_older_program_is_not_for_reading_only(file: Path) -> None:
    await filled(file, orders=1)
    sql(file, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreError, match=r"older notifier.*Start the daemon once"):
        await open_store(url(file), read_only=True)


async def test_a_place_that_may_not_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot be made"):
        await open_store(url(tmp_path / "var" / "notifier.db"))


# Migrations


def shape(connection: Connection) -> list[tuple[object, ...]]:
    """Tables column by column, and the words of indexes. A table that was altered has its words in another order."""
    found: list[tuple[object, ...]] = []
    names = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all()
    for kind, name, words in names:
        if kind == "table":
            numbered = "AUTOINCREMENT" in words
            found.append((name, numbered, *connection.exec_driver_sql(f"PRAGMA foreign_key_list({name})")))
            found += [(name, *column) for column in connection.exec_driver_sql(f"PRAGMA table_xinfo({name})")]
        else:
            found.append((name, " ".join((words or "").split())))
    return found


def test_migrations_make_the_same_tables_as_a_new_file() -> None:
    found = []
    for make in (schema.create, schema.upgrade):
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            make(connection)
            found.append(shape(connection))
            assert schema.expect(connection) == SCHEMA
            schema.ensure(connection)
        engine.dispose()
    assert found[0] == found[1]
    assert len(found[0]) > 100


async def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    sql(file, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    for _ in range(2):
        store = await open_store(url(file))
        await store.apply(plans(planned()))
        assert await store.counts() == {State.PLANNED: 1}
        await store.close()
    assert sql(file, "SELECT version_num FROM alembic_version") == [(SCHEMA,)]


# Damage


def overwrite(file: Path, start: float) -> None:
    """From this part of the file on, the disk lost what it had."""
    size = len(contents(file))
    with file.open("r+b") as opened:
        opened.seek(int(size * start))
        opened.write(b"\xa5" * (size - opened.tell()))


async def test_a_damaged_file_is_found_when_it_is_opened(file: Path) -> None:
    await filled(file)
    overwrite(file, 0.5)
    before = contents(file)
    with pytest.raises(StoreDamaged, match=r"notifier\.db-wal and notifier\.db-shm away") as caught:
        await open_store(url(file))
    assert caught.value.exit_code == EXIT_IO
    assert contents(file) == before


async def test_after_damage_nothing_more_is_written(file: Path) -> None:
    await filled(file)
    database = Database(file)
    store = SqlStore(database)
    overwrite(file, 0.1)
    with pytest.raises(StoreDamaged):
        await store.orders("shop", ["o1"])
    with pytest.raises(StoreDamaged):
        await store.set_meta("name", "value")
    await store.close()


async def test_damage_in_a_large_file_is_found_while_it_is_used(file: Path) -> None:
    await filled(file)
    overwrite(file, 0.5)
    database = Database(file)
    database.check_meanwhile()

    async def work() -> None:
        while True:
            await database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())

    with pytest.raises(StoreDamaged):
        await asyncio.wait_for(work(), 10)
    await database.close()


async def test_a_large_file_opens_and_closes_without_waiting_for_its_check(file: Path) -> None:
    await filled(file, orders=1)
    sql(file, "CREATE TABLE ballast AS SELECT zeroblob(70000000)")
    for _ in range(2):
        store = await open_store(url(file))
        assert await store.digests("shop", ["o0"]) == {"o0": "d1"}
        await store.close()
    store = await open_store(url(file))
    await store.close()


async def test_a_full_disk_passes(store: SqlStore, file: Path) -> None:
    await store.apply(plans(planned()))
    database = store._database

    def limit(pages: int) -> Callable[[Connection], None]:
        return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").close()

    await database.write(limit(1))  # no smaller than the file is now
    page = Changes(orders=[stored(f"o{number}") for number in range(1000)], inserts=[(planned("o9"), "ann")])
    with pytest.raises(StoreError, match="disk is full; nothing was written") as caught:
        await store.apply(page)
    assert not isinstance(caught.value, StoreDamaged)
    assert caught.value.exit_code == EXIT_IO
    assert await store.counts() == {State.PLANNED: 1}
    await database.write(limit(1_000_000))
    await store.apply(page)
    assert await store.counts() == {State.PLANNED: 2}


async def test_errors_name_nobody(store: SqlStore) -> None:
    await store.intend([attempt("a1")], NOW)
    with pytest.raises(StoreError, match="the database refused") as caught:
        await store.intend([attempt("a1")], NOW)
    assert "+12025550100" not in f"{caught.value} {caught.value.__cause__}"


async def test_a_unit_of_work_has_the_write_lock_from_its_start(store: SqlStore, file: Path) -> None:
    def work(_: Connection) -> None:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="another program has locked it"):
        await store._database.write(work)
    await store.set_meta("name", "value")


async def test_a_file_that_another_program_has_locked(
    store: SqlStore,
    file: Path,
) -> None:
    def hurry(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA busy_timeout = 20").close()

    await store._database.write(hurry)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program has locked it"):
            await store.set_meta("name", "value")
        assert await store.meta("name") is None  # reading goes on
        other.execute("ROLLBACK")
    await store.set_meta("name", "value")


# Backups


async def test_a_backup_of_a_database_in_use(store: SqlStore, file: Path, tmp_path: Path) -> None:
    await store.apply(plans(planned()))
    target = tmp_path / "backup.db"
    await backup(url(file), target)
    await store.apply(plans(planned("o2")))
    assert mode(target) == 0o600
    copy = await open_store(url(target))
    assert await copy.counts() == {State.PLANNED: 1}
    await copy.close()
    await backup(url(file), target)
    copy = await open_store(url(target), read_only=True)
    assert await copy.counts() == {State.PLANNED: 2}
    await copy.close()
    assert names(tmp_path) == ["backup.db", "var"]


async def test_a_backup_does_not_overwrite_what_is_no_backup(file: Path, tmp_path: Path) -> None:
    await filled(file, orders=1)
    letter = tmp_path / "letter.txt"
    letter.write_text("dear Ann")
    for target in (letter, file):
        with pytest.raises(StoreError, match="choose another name"):
            await backup(url(file), target)
    assert letter.read_text() == "dear Ann"
    with pytest.raises(StoreError, match="cannot be written"):
        await backup(url(file), letter / "backup.db")


async def test_there_is_nothing_to_back_up(file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database at"):
        await backup(url(file), tmp_path / "backup.db")
    with pytest.raises(StoreError, match="in memory has no backup"):
        await backup("sqlite:///:memory:", tmp_path / "backup.db")


# One daemon


def test_a_second_process_is_told_who_runs(file: Path) -> None:
    program = """
        import sys, time
        from pathlib import Path
        from notifier.store import hold
        with hold(Path(sys.argv[1])):
            print("held", flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(AlreadyRunning, match=rf"process {other.pid}\) works on .*notifier.db") as caught,
            hold(file),
        ):
            pytest.fail("two held it")
        assert caught.value.exit_code == EXIT_RUNNING
        kill(other)
    with hold(file):
        assert file.with_name("notifier.db.lock").read_text() == f"{os.getpid()}\n"
    with hold(file):
        pass


# Cancellation


async def test_cancelled_callers_leave_no_open_transaction(store: SqlStore) -> None:
    dice = random.Random(1)
    await store.apply(plans(*(planned(f"o{number}") for number in range(500))))

    async def work(number: int) -> None:
        rows = await store.claim(NOW, NOW + LEASE, 1)
        await store.intend([attempt(f"a{number}", *rows)], NOW)
        await store.list_attempts(Selection(limit=1))

    tasks = [asyncio.create_task(work(number)) for number in range(500)]
    while pending := [task for task in tasks if not task.done()]:
        dice.choice(pending).cancel()
        for _ in range(dice.randrange(4)):
            await asyncio.sleep(0)
    assert sum(task.cancelled() for task in tasks) > 100
    await store.set_meta("still", "works")
    counts = await store.counts()
    assert sum(counts.values()) == 500
    assert counts.get(State.SENDING, 0) == len(await store.list_attempts(Selection(limit=1000)))


async def test_what_a_cancelled_caller_began_is_finished(file: Path) -> None:
    store = await open_store(url(file))
    task = asyncio.create_task(store.apply(plans(planned())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()
    store = await open_store(url(file))
    assert await store.count_planned("shop") == 1
    await store.close()


# Being killed

KILLED = """
    import asyncio, sys
    from pathlib import Path
    from notifier.store import open_store
    from tests.fakes.rows import *

    async def main():
        store = await open_store("sqlite:///" + sys.argv[1])
        await store.apply(plans(*(planned(f"o{n}") for n in range(4))))
        first, second, *_ = await store.claim(NOW, NOW + LEASE, 3)
        await store.intend([attempt("a1", first, second)], NOW)

        def half(connection):
            connection.exec_driver_sql("DELETE FROM reminders WHERE id > 2")
            print("half way", flush=True)
            sys.stdin.read()

        await store._database.write(half)

    asyncio.run(main())
"""


async def test_a_process_killed_in_the_middle_of_a_transaction(file: Path) -> None:
    with child(KILLED, file, "half way") as process:
        kill(process)
    store = await open_store(url(file))
    assert await store.counts() == {State.SENDING: 2, State.PLANNED: 2}
    assert await store.recover(NOW) == Recovered(in_doubt=1, released=1)
    assert await store.counts() == {State.HELD: 2, State.PLANNED: 2}
    assert len(await store.claim(NOW, NOW + LEASE, 10)) == 2
    await store.close()


async def test_a_process_killed_while_it_made_the_file(file: Path) -> None:
    for ending in (".new", ".new-wal", ".new-shm"):
        write(file.with_name(file.name + ending), b"half")
    store = await open_store(url(file))
    assert await store.counts() == {}
    await store.close()
    assert names(file.parent) == ["notifier.db"]


def test_a_store_that_nobody_closed_does_not_keep_the_process_alive(file: Path) -> None:
    program = """
        import asyncio, sys
        from notifier.store import open_store
        kept = []
        async def main():
            kept.append(await open_store("sqlite:///" + sys.argv[1]))
            await kept[0].next_wake()
            print("done", flush=True)
        asyncio.run(main())
    """
    with child(program, file, "done") as process:
        process.communicate(timeout=20)
        assert process.returncode == 0


async def test_an_order_is_kept_as_bytes(store: SqlStore) -> None:
    await store.apply(Changes(orders=[stored("o1")], now=NOW))
    kind = "SELECT DISTINCT typeof(body) FROM orders"
    assert await store._database.read(lambda connection: connection.exec_driver_sql(kind).scalars().all()) == ["blob"]


# Speed that must not depend on how much there is


async def test_hot_queries_use_their_indexes(store: SqlStore) -> None:
    statements: list[str] = []

    def watch(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(statements.append)

    database = store._database
    await database.write(watch)
    await database.read(watch)
    await store.apply(plans(planned(merge=True)))
    (row,) = await store.claim(NOW, NOW + LEASE, 1)
    await store.intend([attempt("a1", row)], NOW)
    await store.recover(NOW)
    await store.next_wake()
    await store.count_planned("shop")
    await store.counts()
    await store.facts("shop", ["ann"], {"any": NOW, "marketing": NOW - timedelta(days=7)})
    await store.list_reminders(Selection(states=["planned"]))
    await store.list_reminders(Selection(states=["held"], order=""))
    await store.list_attempts(Selection(states=["held"]))
    await store.list_attempts(Selection(order="o1"))

    def explained(connection: Connection) -> list[str]:
        asked = [text for text in statements if text.split()[0] in {"SELECT", "UPDATE", "WITH"}]
        return [str(row[3]) for text in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]

    ways = await database.read(explained)
    assert [way for way in ways if re.match("SCAN (reminders|attempts|orders)(?! USING)", way)] == []
    assert {name for way in ways for name in re.findall(r"USING (?:COVERING )?INDEX ([a-z]+_[a-z_]+)", way)} >= {
        *("reminders_wake", "reminders_key", "reminders_claimed", "reminders_open"),
        *("attempts_sending", "attempts_open", "attempts_of_customer", "attempts_of_reminder"),
        "orders_of_customer",
    }
