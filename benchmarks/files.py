"""The database files that both sides work on: with nothing pending, and with very much pending.

Each side has copies of its own. What is pending lies far in the future; it is made once, without the program: through
the program's own `apply` a million reminders would take a minute.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.shop import NAME, START, normaliser, unpaid
from notifier.store import open_store
from notifier.store.instants import micros
from notifier.store.sql import SqlStore
from notifier.store.tables import orders, reminders

STEPS = 4
"""Pending reminders of an order."""


def url(file: Path) -> str:
    """How settings name the file."""
    return f"sqlite:///{file.absolute()}"


async def make(folder: Path, pending: int) -> Path:
    """A new file with so many planned reminders, and their orders."""
    file = folder / f"{pending}-pending.db"
    store = await open_store(url(file))
    await store.close()
    if pending:
        _fill(file, pending)
    return file


def copy(template: Path, name: str) -> Path:
    """A copy of the file beside it; a copy of that name from before goes."""
    file = template.with_name(f"{template.stem}-{name}.db")
    for ending in ("", "-wal", "-shm"):
        Path(f"{file}{ending}").unlink(missing_ok=True)
    shutil.copyfile(template, file)
    return file


async def open_copy(template: Path, name: str) -> SqlStore:
    """A store on a copy of the file."""
    return await open_store(url(copy(template, name)))


def _fill(file: Path, pending: int) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -256000")
    connection.execute("BEGIN")
    connection.executemany(_insert(orders.name, 8), _orders(pending // STEPS))
    connection.executemany(_insert(reminders.name, len(reminders.columns)), _reminders(pending))
    connection.execute(_insert("tallies", 3), (NAME, "planned", pending))
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _insert(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"


def _orders(count: int) -> Iterator[tuple[Any, ...]]:
    """Copies of one order that differ in id and customer."""
    sample = normaliser().order(msgspec.json.decode(unpaid("#", 1)))
    body, placed = msgspec.json.encode(sample), micros(START - timedelta(days=1))
    for number in range(count):
        id_ = _id(number)
        yield NAME, id_, "unpaid", f"c-{id_}", placed, placed, "old", body.replace(b"#", id_.encode())


def _reminders(pending: int) -> Iterator[tuple[Any, ...]]:
    first = micros(START + timedelta(days=30))
    for number in range(pending):
        id_, due = _id(number // STEPS), first + number * 1_000_000
        row = (number + 1, NAME, id_, "unpaid-nudge", "", number % STEPS, "", f"c-{id_}", "planned")
        yield (*row, due, due + 86_400_000_000, due, None, False, "", 0, 0, 0, "", "", None, 0)


def _id(number: int) -> str:
    return f"A{number:08}"
