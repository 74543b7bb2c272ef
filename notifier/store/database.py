"""One SQLite file: who may write, how a unit of work stays whole, and how the file is opened and closed.

Guarantees, and what they rest on:
* a unit of work is one transaction, finished even when its caller is cancelled: it runs in a task of its own that
  nobody cancels, and `close` waits for those tasks;
* what was committed survives a power cut: `synchronous=FULL`;
* two writers never meet: one connection writes and checkpoints, behind a lock, and takes the file's write lock at once
  (`BEGIN IMMEDIATE`; a transaction that upgrades later fails without waiting). SQLite before 3.51.3 may damage a WAL
  that two connections checkpoint in the same instant, so every other connection opens the file read-only.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

import aiosqlite
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from notifier.errors import StoreDamaged, StoreError
from notifier.store.trouble import damaged, explain

T = TypeVar("T")
Work = Callable[[Connection], T]

_WAIT = 5.0
"""Seconds to wait for another process's write lock."""

_READING = ("PRAGMA cache_size = -16000",)
_WRITING = (
    # Of a new file alone. An e-mail has some ten kilobytes: they fit into two such pages.
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Thirty-two megabytes: a page that changes in every batch is copied into the file once, not each time.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    *_READING,
)


class Errands(aiosqlite.Connection):
    """aiosqlite's connection and its thread. A whole unit of work is one errand, there and back.

    Used statement by statement, an asynchronous driver hops to its thread for each, for each cursor and each row that
    is fetched: some thirty times for a page of orders, and on a busy machine each of them waits for its turn.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        # A connection that nobody closed must not keep the process alive (SQLAlchemy's own dialect does the same).
        self._thread.daemon = True

    async def run(self, errand: Callable[[], T]) -> T:
        """Call this in the connection's thread."""
        execute: Callable[[Callable[[], T]], Awaitable[T]] = self._execute
        return await execute(errand)


class Lane:
    """One connection in a thread of its own, one unit of work at a time. `begin` is how a transaction starts."""

    def __init__(self, url: URL, begin: str, pragmas: tuple[str, ...]) -> None:
        # Parameters hold names and addresses of people: they stay out of every error message.
        options = {"isolation_level": None, "timeout": _WAIT}
        self._engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=options)
        self._connection: Connection | None = None
        self._errands: Errands | None = None
        self._turn = asyncio.Lock()
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        event.listen(self._engine, "connect", lambda raw, _: _configure(raw, pragmas))

    async def run(self, work: Work[T], *, transaction: bool = True) -> T:
        """Do the work in one transaction: all of it or, when it raises, nothing."""
        async with self._turn:
            errands = self._errands or await self._opened()
            return await errands.run(lambda: self._work(work, transaction))

    async def _opened(self) -> Errands:
        refusals: list[Exception] = []

        def connect() -> sqlite3.Connection:
            # A connector that raises would leave aiosqlite's thread behind, so it has to come back with something.
            try:
                self._connection = self._engine.connect()
                return cast("sqlite3.Connection", self._connection.connection.driver_connection)
            except Exception as refusal:  # noqa: BLE001 – raised below
                refusals.append(refusal)
                return sqlite3.connect(":memory:")

        errands = Errands(connect)
        await errands
        if refusals:
            await errands.close()
            raise refusals[0]
        self._errands = errands
        return errands

    def _work(self, work: Work[T], transaction: bool) -> T:
        assert self._connection is not None
        if not transaction:
            return work(self._connection)
        with self._connection.begin():
            return work(self._connection)

    async def interrupt(self) -> None:
        """Break off the statement that is running, if there is one."""
        if self._errands is not None:
            await self._errands.interrupt()

    async def close(self) -> None:
        """Close the connection after what is under way. One left open keeps its thread, and the process, alive."""
        async with self._turn:
            if self._errands is not None:
                assert self._connection is not None
                await self._errands.run(self._connection.close)
                await self._errands.close()
            self._engine.dispose()


def _configure(raw: Any, pragmas: tuple[str, ...]) -> None:
    cursor = raw.cursor()
    for pragma in pragmas:
        cursor.execute(pragma)
    cursor.close()


class Database:
    """The file (None: in memory), a lane that writes and a lane that reads beside it."""

    def __init__(self, file: Path | None, *, read_only: bool = False) -> None:
        self._file = file
        self._closed = False
        self._broken: StoreDamaged | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._checker: Lane | None = None
        read = _address(file, read_only=True)
        write = read if read_only else _address(file, read_only=False)
        self._writer = Lane(write, "BEGIN" if read_only else "BEGIN IMMEDIATE", _READING if read_only else _WRITING)
        # A database in memory is seen by its own connection alone.
        self._reader = self._writer if read_only or file is None else Lane(read, "BEGIN", _READING)

    async def write(self, work: Work[T]) -> T:
        """Do the work in a transaction that may write. Raises StoreError; then nothing was changed."""
        return await self._finish(self._writer.run(work))

    async def read(self, work: Work[T]) -> T:
        """Do the work on one unchanging view of everything committed so far, beside a writer."""
        return await self._finish(self._reader.run(work))

    async def close(self) -> None:
        """Finish what is under way, then close the connections. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        if self._checker is not None:
            await self._checker.interrupt()
        while self._under_way:
            await asyncio.wait(self._under_way)
        if self._reader is not self._writer:
            await self._reader.close()
        await self._writer.close()  # the last to leave empties the WAL into the file; only the writer may

    async def check(self) -> None:
        """Look through the file for damage; StoreDamaged when there is any."""
        found = await self.read(_look_for_damage)
        if found != "ok":
            raise self._break(damaged(self._file, f"the database is damaged ({found})"))

    def check_meanwhile(self) -> None:
        """Look through a large file beside everything else; once damage is found, whatever comes next raises it."""
        self._checker = Lane(_address(self._file, read_only=True), "BEGIN", _READING)
        task = asyncio.create_task(self._check_meanwhile(self._checker))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _check_meanwhile(self, lane: Lane) -> None:
        try:
            found = await lane.run(lambda connection: "ok" if self._closed else _look_for_damage(connection))
        except DBAPIError as error:
            if not self._closed:  # closing breaks it off
                self._break(explain(self._file, error.orig))
        else:
            if found != "ok":
                self._break(damaged(self._file, f"the database is damaged ({found})"))
        finally:
            self._checker = None
            await lane.close()

    def _break(self, trouble: StoreError) -> StoreError:
        if isinstance(trouble, StoreDamaged):
            self._broken = trouble
        return trouble

    async def copy_to(self, target: Path) -> None:
        """Write everything committed so far into an empty file, packed, while others read and write."""

        def vacuum(connection: Connection) -> None:
            cursor = connection.connection.cursor()  # SQLAlchemy's execute would begin a transaction first
            cursor.execute("VACUUM INTO ?", (str(target),))
            cursor.close()

        await self._finish(self._reader.run(vacuum, transaction=False))

    async def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        if self._broken or self._closed:
            work.close()
            raise self._broken or StoreError("The database is closed already: the program is ending.")
        task = asyncio.create_task(self._explained(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _explained(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except (DBAPIError, sqlite3.Error) as error:
            raise self._break(explain(self._file, error.orig if isinstance(error, DBAPIError) else error)) from error


def _look_for_damage(connection: Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())


def _address(file: Path | None, *, read_only: bool) -> URL:
    if file is None:
        return URL.create("sqlite+pysqlite", database=":memory:")
    mode = "ro" if read_only else "rw"
    return URL.create(
        "sqlite+pysqlite", database=f"file:{quote(str(file.absolute()))}", query={"mode": mode, "uri": "true"}
    )
