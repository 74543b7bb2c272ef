"""What the doctor finds when something is wrong with the machine, the database or what the settings name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifier.doctor import Finding, Verdict, examine
from notifier.doctor.adapters import channels, sources
from notifier.doctor.database import database as look_at_database
from notifier.doctor.machine import disk, service, size, sqlite, time_zones
from notifier.errors import StoreDamaged, StoreError
from notifier.interfaces import Changes, Quarantined, SourceMark
from notifier.settings import load_settings
from notifier.store import condition, open_store

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SETTINGS = """\
[channels.outbox]
type = "maildir"
folder = "outbox"
[sources.shop]
type = "files"
folder = "in"
[sources.till]
type = "files"
folder = "till"
"""


async def look(folder: Path, text: str = SETTINGS) -> dict[str, Finding]:
    """What is found of all that these settings name, texts and credentials apart."""
    file = folder / "notifier.toml"
    file.write_text(text, encoding="utf-8")
    settings = load_settings(file)
    found = [*await look_at_database(settings, NOW), disk(settings), *await channels(settings), *sources(settings)]
    return {finding.what: finding for finding in found}


async def look_at_everything(folder: Path, text: str = SETTINGS) -> list[Finding]:
    (folder / "notifier.toml").write_text(text, encoding="utf-8")
    return await examine(folder / "notifier.toml", NOW, {})


async def database(folder: Path, *marks: SourceMark, broken: int = 0) -> Path:
    file = folder / "var" / "notifier.db"
    store = await open_store(f"sqlite:///{file}")
    try:
        for mark in marks:
            await store.set_mark(mark)
        rows = [Quarantined("shop", str(number), NOW, "no time") for number in range(broken)]
        await store.apply(Changes(quarantine=rows, now=NOW))
    finally:
        await store.close()
    return file


async def test_shops_that_cannot_be_read_or_wait_for_approval_are_bad(tmp_path: Path) -> None:
    await database(
        tmp_path,
        SourceMark("shop", read=NOW, failures=3, trouble="503"),
        SourceMark("till", paused="a poll would cancel 600 plans"),
        SourceMark("gone", failures=9),
    )
    found = await look(tmp_path)
    assert (found["source shop"].good, found["source shop"].said) == (False, "could not be read 3 times in a row: 503")
    assert found["source till"].said == (
        "is paused: a poll would cancel 600 plans. If that is right: notifier approve till"
    )
    assert "source gone" not in found


async def test_a_shop_that_goes_on_is_well(tmp_path: Path) -> None:
    await database(tmp_path, SourceMark("shop", read=NOW), SourceMark("till", paused="much", approved=True))
    found = await look(tmp_path)
    assert found["source shop"] == Finding(Verdict.OK, "source shop", "last read 2026-03-01 09:00 UTC")
    assert found["source till"] == Finding(Verdict.OK, "source till", "is being read for the first time")


async def test_only_some_of_many_orders_that_were_not_understood_are_named(tmp_path: Path) -> None:
    await database(tmp_path, broken=12)
    found = await look(tmp_path)
    assert sum(what.startswith("order ") for what in found) == 10
    assert found["orders"].said == "2 more could not be understood"


@pytest.mark.parametrize(("ahead", "good"), [(timedelta(minutes=4), True), (timedelta(minutes=6), False)])
async def test_a_clock_behind_the_database_is_bad(tmp_path: Path, ahead: timedelta, good: bool) -> None:
    await database(tmp_path, SourceMark("shop", read=NOW + ahead))
    assert (await look(tmp_path))["clock"].good is good


async def test_a_pretended_clock_is_only_noted(tmp_path: Path) -> None:
    await database(tmp_path, SourceMark("shop", read=NOW + timedelta(days=9)))
    assert (await look(tmp_path, SETTINGS + "[clock]\nspeed = 60.0\n"))["clock"].verdict is Verdict.NOTE


async def test_a_database_that_cannot_be_used_is_bad_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    file = await database(tmp_path)
    file.write_bytes(b"something else" * 1000)
    found = {finding.what: finding for finding in await look_at_everything(tmp_path)}
    assert "this is not a database of notifier" in found["database"].said
    assert found["texts"].good


async def test_a_database_in_memory_forgets(tmp_path: Path) -> None:
    found = await look(tmp_path, SETTINGS + '[store]\nurl = "sqlite:///:memory:"\n')
    assert found["database"].said == "in memory: everything is forgotten when the program ends"
    assert found["disk"].said.endswith(f"free at {tmp_path}")


async def test_another_journal_mode_is_noted(tmp_path: Path) -> None:
    file = await database(tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    (tmp_path / "notifier.toml").write_text(SETTINGS, encoding="utf-8")
    found = await look_at_database(load_settings(tmp_path / "notifier.toml"), NOW)
    assert "journal mode is delete, not WAL; the daemon sets it when it starts" in [f.said for f in found]


async def test_credentials_that_only_the_service_sees_are_noted_others_are_bad(tmp_path: Path) -> None:
    smtp = """\
[channels.{name}]
type = "smtp"
host = "smtp.example.com"
username = "shop"
password = {{ {secret} }}
sender = "shop@example.com"
"""
    text = SETTINGS + smtp.format(name="mail", secret='credential = "smtp"')
    text += smtp.format(name="post", secret='file = "nowhere.txt"')
    found = [finding for finding in await look_at_everything(tmp_path, text) if finding.what == "credential"]
    assert [f.verdict for f in found] == [Verdict.NOTE, Verdict.BAD]
    assert "cannot read the secret" in found[1].said


async def test_channels_tell_whether_their_line_is_encrypted(tmp_path: Path) -> None:
    smtp = '[channels.mail]\ntype = "smtp"\nhost = "smtp.example.com"\nsender = "shop@example.com"\n'
    assert (await look(tmp_path, SETTINGS + smtp))["channel mail"].said == "smtp for email, TLS: starttls"


async def test_a_channel_that_cannot_be_made_is_bad(tmp_path: Path) -> None:
    own = '[channels.own]\ntype = "tests.fakes.adapters:Paper"\ntray = 1\n'
    found = (await look(tmp_path, SETTINGS + own))["channel own"]
    assert (found.good, found.said) == (False, "cannot be made: TypeError: Paper() takes no arguments")


async def test_texts_that_cannot_be_made_are_bad(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "en" / "unpaid-nudge"
    folder.mkdir(parents=True)
    (folder / "sms.txt").write_text("{{ order.nubmer }}", encoding="utf-8")
    (said,) = [finding.said for finding in await look_at_everything(tmp_path) if finding.what == "texts"]
    assert said.startswith("1 mistakes, such as ")
    assert said.endswith("notifier check shows them all")


def test_old_versions_of_sqlite_are_noted() -> None:
    assert sqlite((3, 51, 2)).verdict is Verdict.NOTE
    assert sqlite((3, 51, 3)) == Finding(Verdict.OK, "SQLite", "3.51.3")


def test_time_zones_come_from_the_system_or_the_package(tmp_path: Path) -> None:
    (tmp_path / "tzdata.zi").write_text("# version 2026a\n# more", encoding="utf-8")
    assert time_zones((str(tmp_path / "nowhere"), str(tmp_path))).said == f"2026a of {tmp_path}"
    assert time_zones(()).said.endswith(" of the package tzdata")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "started from a terminal, not by systemd"),
        ({"INVOCATION_ID": "1"}, "systemd passes no notify socket; the unit needs Type=notify-reload"),
        ({"NOTIFY_SOCKET": "/run/s"}, "started by systemd, without a watchdog"),
        ({"NOTIFY_SOCKET": "/run/s", "WATCHDOG_USEC": "1"}, "started by systemd, with a watchdog"),
    ],
)
def test_who_started_the_program(environment: dict[str, str], said: str) -> None:
    assert service(environment).said == said


@pytest.mark.parametrize(
    ("count", "words"), [(7, "7 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (10**12, "1000.0 GB")]
)
def test_sizes_in_words(count: int, words: str) -> None:
    assert size(count) == words


async def test_the_condition_of_a_database_file(tmp_path: Path) -> None:
    file = await database(tmp_path)
    found = condition(file)
    assert (found.journal, found.far_away) == ("wal", "")
    assert found.size >= file.stat().st_size
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE things (name)")
    with pytest.raises(StoreError, match="belongs to another program"):
        condition(other)
    with pytest.raises(StoreError, match="cannot be opened"):
        condition(tmp_path / "nowhere.db")
    pages = bytearray(file.read_bytes())
    pages[5000:9000] = b"\xff" * 4000
    file.write_bytes(bytes(pages))
    with pytest.raises(StoreDamaged):
        condition(file)
