"""The parts of the store that need no database file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from notifier.errors import StoreDamaged, StoreError, UsageError
from notifier.store import database_file, open_store
from notifier.store.instants import instant, micros
from notifier.store.lock import file_system, refuse_network
from notifier.store.statements import Batch, param, upsert
from notifier.store.tables import metadata
from notifier.store.trouble import explain

ROOT = Path(__file__).parents[2]
MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/data /srv/data nfs4 rw 0 0
tmpfs /srv/data/fast tmpfs rw 0 0
//server/share /mnt/the\\040share cifs rw 0 0
"""


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])))
def test_instants_survive_to_the_microsecond(moment: datetime) -> None:
    assert instant(micros(moment)) == moment


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        micros(datetime(2026, 11, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///var/notifier.db", Path("var/notifier.db")),
        ("sqlite:////var/lib/notifier/notifier.db", Path("/var/lib/notifier/notifier.db")),
        ("sqlite:////srv/100% #1?.db", Path("/srv/100% #1?.db")),
        ("sqlite:///:memory:", None),
    ],
)
def test_addresses_of_databases(url: str, file: Path | None) -> None:
    assert database_file(url) == file


@pytest.mark.parametrize("url", ["", "notifier.db", "sqlite://", "sqlite:///", "sqlite://host/a.db", "mysql://db/x"])
def test_what_is_no_address_of_a_database(url: str) -> None:
    with pytest.raises(UsageError, match="write sqlite:///"):
        database_file(url)


@pytest.mark.parametrize("url", ["postgresql://user:secret@db/shop", "postgresql+psycopg://db/shop"])
async def test_postgresql_comes_later(url: str) -> None:
    with pytest.raises(StoreError, match="PostgreSQL as the store comes with a later release") as caught:
        await open_store(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/notifier.db", "ext4"),
        ("/srv/data/notifier.db", "nfs4"),
        ("/srv/data/fast/notifier.db", "tmpfs"),
        ("/srv/database/notifier.db", "ext4"),
        ("/mnt/the share/notifier.db", "cifs"),
    ],
)
def test_which_file_system_a_path_lies_on(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


def test_a_database_on_another_machine_is_refused() -> None:
    with pytest.raises(StoreError, match=r"network file system \(nfs4\).*disk of this machine"):
        refuse_network(Path("/srv/data/notifier.db"), MOUNTS)
    refuse_network(Path("/srv/data/fast/notifier.db"), MOUNTS)
    refuse_network(Path("/anything"), "")


def error(code: int, name: str) -> sqlite3.OperationalError:
    made = sqlite3.OperationalError("what SQLite says")
    made.sqlite_errorcode = code
    made.sqlite_errorname = name
    return made


@pytest.mark.parametrize(
    ("code", "name", "says"),
    [
        (sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC", "the disk reports an error"),
        (sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT", "the database is damaged"),
        (sqlite3.SQLITE_NOTADB, "SQLITE_NOTADB", "not a database of notifier"),
    ],
)
def test_damage_says_how_to_restore(code: int, name: str, says: str) -> None:
    trouble = explain(Path("/var/notifier.db"), error(code, name))
    assert isinstance(trouble, StoreDamaged)
    assert says in str(trouble)
    assert "copy the newest backup to /var/notifier.db, and start notifier again" in str(trouble)


@pytest.mark.parametrize(
    ("code", "name", "says"),
    [
        (sqlite3.SQLITE_FULL, "SQLITE_FULL", "disk is full; nothing was written"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "SQLITE_BUSY_SNAPSHOT", "another program has locked it"),
        (sqlite3.SQLITE_CANTOPEN, "SQLITE_CANTOPEN", "cannot be opened"),
        (sqlite3.SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", "the database refused: what SQLite says"),
    ],
)
def test_trouble_that_may_pass(code: int, name: str, says: str) -> None:
    trouble = explain(Path("/var/notifier.db"), error(code, name))
    assert not isinstance(trouble, StoreDamaged)
    assert says in str(trouble)
    assert f"({name})" in str(trouble)


def test_trouble_in_memory_has_nothing_to_restore() -> None:
    assert str(explain(None, error(sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"))).startswith("The database in memory:")
    assert "ValueError" in str(explain(None, ValueError("Connection closed")))


counters = Table("counters", MetaData(), Column("name", Text, primary_key=True), Column("amount", Integer))


@pytest.mark.parametrize("style", ["qmark", "named"])
def test_a_batch_takes_rows_in_the_order_of_its_names(style: str) -> None:
    engine = create_engine("sqlite://", paramstyle=style)
    raise_by = Batch(
        update(counters)
        .where(counters.c.name == param("who"))
        .values(amount=counters.c.amount + param("more") + 1 + param("more")),
        "more who",
    )
    with engine.connect() as connection:
        counters.create(connection)
        assert Batch(insert(counters), "name amount").run(connection, [("a", 1), ("b", 2)]) == 2
        assert raise_by.run(connection, [(10, "b"), (100, "nobody")]) == 1
        assert raise_by.run(connection, []) == 0
        assert upsert("sqlite", counters, add=("amount",)).run(connection, [("a", 5), ("c", 7)]) == 2
        assert upsert("sqlite", counters, ("amount",)).run(connection, [("b", 0), ("d", 3)]) == 2
        assert upsert("sqlite", counters).run(connection, [("a", 99), ("e", 4)]) == 1
        rows = connection.execute(select(counters).order_by(counters.c.name)).all()
    assert [tuple(row) for row in rows] == [("a", 6), ("b", 0), ("c", 7), ("d", 3), ("e", 4)]
    engine.dispose()


def test_the_tables_can_be_said_to_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    said = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    said += [
        str(CreateIndex(index).compile(dialect=dialect)) for table in metadata.sorted_tables for index in table.indexes
    ]
    text = "\n".join(said)
    assert "id BIGSERIAL NOT NULL" in text
    assert "CREATE INDEX reminders_wake ON reminders (wake, id) WHERE state = 'planned'" in text


def test_asking_for_the_store_imports_neither_sqlalchemy_nor_alembic() -> None:
    program = "import sys, notifier.store, notifier.store.memory; print({'sqlalchemy', 'alembic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
