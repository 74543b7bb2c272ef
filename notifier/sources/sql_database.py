"""A shop's database, read only and with a time limit, over any driver SQLAlchemy knows."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, CursorResult, Engine, ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from notifier.errors import SourceError

T = TypeVar("T")
_THREADS = 4
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_DRIVERS |= {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql", "oracle": "oracle+oracledb"}
_ASYNC_ONLY = {"aiosqlite", "asyncpg", "aiomysql", "asyncmy", "oracledb_async", "aioodbc", "psycopg_async"}
_FIRST_WORDS = {
    "sqlite": ["PRAGMA query_only = ON"],
    "postgresql": [
        "SET statement_timeout = {milliseconds}",
        "SET TIME ZONE '{zone}'",
    ],
    "mysql": ["SET SESSION TRANSACTION READ ONLY"],
    "mariadb": ["SET SESSION TRANSACTION READ ONLY"],
}


class Rows(NamedTuple):
    """What a query answered."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class Database:
    """Runs SELECTs in threads of its own, so that every driver will do and none can hold up the daemon.

    It never writes: SQLite files are opened with mode=ro and query_only, PostgreSQL's transactions and MySQL's sessions
    are read only. A query ends after `timeout` seconds: SQLite is interrupted, PostgreSQL is hung up on and has its
    statement_timeout, the others have the driver's own limit; the caller waits no longer in any case. Every failure is
    a SourceError that names neither passwords nor bound values nor what stands in rows. Nothing is opened before the
    first query.
    """

    def __init__(self, name: str, url: str, folder: Path, zone: str, timeout: float) -> None:
        self._name = name
        self._url = url
        self._folder = folder
        self._zone = zone
        self._timeout = timeout
        self._engine: Engine | None = None
        self._threads: ThreadPoolExecutor | None = None

    async def rows(self, statement: sa.TextClause, binds: Mapping[str, Any]) -> Rows:
        """All rows of a query."""

        def fetch(connection: Connection) -> Rows:
            result = connection.execute(statement, binds)
            return Rows(tuple(result.keys()), [tuple(row) for row in result])

        running = _Running()
        return await self._within_time(running, lambda: running.connected(self._open(), fetch))

    async def stream(self, statement: sa.TextClause, binds: Mapping[str, Any], size: int) -> AsyncGenerator[Rows, None]:
        """The rows of a query, `size` at a time and no more in memory; the time limit holds for each step."""
        running = _Running()
        result: CursorResult[Any] = await self._within_time(
            running, lambda: running.begin(self._open(), statement, binds)
        )
        try:
            columns = tuple(result.keys())
            while rows := await self._within_time(running, lambda: [tuple(row) for row in result.fetchmany(size)]):
                yield Rows(columns, rows)
        finally:
            await self._within_time(running, running.end)

    async def close(self) -> None:
        """Give the connections back. A query under way is not waited for longer than its limit."""
        engine, self._engine = self._engine, None
        threads, self._threads = self._threads, None
        if engine is not None:
            await asyncio.to_thread(engine.dispose)
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)

    async def _within_time(self, running: _Running, work: Callable[[], T]) -> T:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"source-{self._name}")
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(future)
        except TimeoutError:
            _abandon(future, running)
            raise self._error(f"the database did not answer within {self._timeout:g} s") from None
        except asyncio.CancelledError:
            _abandon(future, running)
            raise
        except ImportError as error:
            raise self._error(f"the database needs {_needed(error, self._url)}") from None
        except (ArgumentError, NoSuchModuleError):
            raise self._error("url is not a database URL such as sqlite:///shop.db or postgresql://host/shop") from None
        except SQLAlchemyError as error:
            raise self._error(f"the database refused: {_first_line(error)}") from None

    def _error(self, sentence: str) -> SourceError:
        return SourceError(f"source {self._name}: {sentence}")

    def _open(self) -> Engine:
        if self._engine is None:
            url = _driver_url(sa.make_url(self._url), self._folder)
            engine = sa.create_engine(
                url,
                hide_parameters=True,
                pool_pre_ping=True,
                connect_args=_connect_args(url, self._timeout),
                # Each transaction says so itself: behind PgBouncer what a session was told may be forgotten.
                execution_options={"postgresql_readonly": True},
            )
            self._prepare_sessions(engine)
            self._engine = engine
        return self._engine

    def _prepare_sessions(self, engine: Engine) -> None:
        known = {"milliseconds": int(self._timeout * 1000), "zone": self._zone}
        statements = [text.format_map(known) for text in _FIRST_WORDS.get(engine.dialect.name, [])]

        @sa.event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            cursor.close()
            connection.commit()

        @sa.event.listens_for(engine, "handle_error")
        def tidy(failed: ExceptionContext) -> None:
            # SQLAlchemy leaves it open when the server is gone.
            if failed.is_disconnect and failed.execution_context is not None:
                with suppress(failed.dialect.loaded_dbapi.Error):
                    failed.execution_context.cursor.close()


class _Running:
    """A query under way, and the connection to interrupt when its time is over."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._abandoned = False

    def connected(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        with engine.connect() as connection:
            self._connection = connection
            try:
                return work(connection)
            finally:
                self._connection = None

    def begin(self, engine: Engine, statement: sa.TextClause, binds: Mapping[str, Any]) -> CursorResult[Any]:
        self._connection = engine.connect().execution_options(stream_results=True)
        try:
            result = self._connection.execute(statement, binds)
        except BaseException:
            self.end()
            raise
        if self._abandoned:
            self.end()
        return result

    def end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except SQLAlchemyError:
            # It was hung up on; why is told already.
            if not self._abandoned:
                raise

    def interrupt(self) -> None:
        self._abandoned = True
        connection = self._connection
        raw: Any = None if connection is None or connection.closed else connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection):
            raw.interrupt()
        elif connection is not None and hasattr(raw, "fileno"):
            with suppress(OSError, connection.dialect.loaded_dbapi.Error):
                _hang_up(raw.fileno())


def _abandon(future: asyncio.Future[Any], running: _Running) -> None:
    """Nobody waits any more: end the query, and take no notice of how it ended."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    running.interrupt()


def _hang_up(descriptor: int) -> None:
    """Wake a thread that waits for a server's answer. Asking the server would need one that still listens."""
    with socket.socket(fileno=os.dup(descriptor)) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def _needed(error: ImportError, url: str) -> str:
    if _driver_url(sa.make_url(url), Path()).drivername == "postgresql+psycopg":
        return 'its driver; pip install "shop-notifier[postgres]"'
    return f"the Python package {error.name or error}; install it"


def _first_line(error: SQLAlchemyError) -> str:
    """What the driver says. PostgreSQL's data exceptions (SQLSTATE 22…) quote the value that is wrong: never told."""
    origin = getattr(error, "orig", None) or error
    text = str(origin).strip()
    if str(getattr(origin, "sqlstate", "")).startswith("22"):
        text = re.sub(r'(: |)"[\s\S]*"', "", text)
    return text.splitlines()[0][:200] if text else type(origin).__name__


def _driver_url(url: URL, folder: Path) -> URL:
    """The URL with a driver that works in a thread, and a SQLite file opened so that it cannot be written."""
    backend, _, driver = url.drivername.partition("+")
    if not driver or driver in _ASYNC_ONLY:
        url = url.set(drivername=_DRIVERS.get(backend, backend))
    if backend == "sqlite" and url.database and not url.database.startswith("file:"):
        path = quote(str(folder / url.database))
        url = url.set(database=f"file:{path}", query={**url.query, "mode": "ro", "uri": "true"})
    return url


def _connect_args(url: URL, timeout: float) -> dict[str, Any]:
    whole = max(2, round(timeout))  # libpq takes less than two seconds for two
    if url.drivername == "sqlite+pysqlite":
        return {"timeout": min(5.0, timeout / 2)}
    if url.drivername == "postgresql+psycopg":
        return {
            "application_name": "notifier",
            "connect_timeout": whole,
            "tcp_user_timeout": int(timeout * 1000),
        }
    if url.drivername.endswith("+pymysql"):
        return {"connect_timeout": whole, "read_timeout": whole}
    return {}
