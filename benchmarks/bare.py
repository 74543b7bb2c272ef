"""A bare database: SQLAlchemy Core on the standard library's driver, in the loop's own thread, with nothing around it.

No thread, no lock, no task stands between the caller and the database; only the PRAGMAs are the store's own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event

T = TypeVar("T")

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -16000",
)


class Bare:
    """Runs work in one durable transaction each (`synchronous=FULL`)."""

    def __init__(self, file: Path) -> None:
        self._engine = create_engine(f"sqlite+pysqlite:///{file}", connect_args={"isolation_level": None})
        self._connection: Connection | None = None
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do the work and commit it."""
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            return work(self._connection)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _configure(raw: Any, _: Any) -> None:
    cursor = raw.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
