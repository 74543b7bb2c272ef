"""What SQLite's error codes mean for people: what happened, whether it may pass, what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from notifier.errors import StoreDamaged, StoreError

_PASSING = {
    sqlite3.SQLITE_FULL: "the disk is full; nothing was written. Make room: the program goes on by itself",
    sqlite3.SQLITE_BUSY: "another program has locked it for more than five seconds; nothing was written. "
    "It is tried again; if this lasts, find out who holds the file",
    sqlite3.SQLITE_READONLY: "it may not be written to. It has to belong to the user that notifier runs as",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. File and folder have to belong to the user that notifier runs as",
}
_DAMAGE = {
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_NOTADB: "this is not a database of notifier, or its beginning is damaged",
}


def damaged(file: Path | None, what: str) -> StoreDamaged:
    """The error for a file that must not be worked with any more, with the way back to a good one."""
    if file is None:
        return StoreDamaged(f"The database in memory: {what}.")
    return StoreDamaged(
        f"{file}: {what}. To restore it: stop notifier, move {file.name}, {file.name}-wal and {file.name}-shm away, "
        f"copy the newest backup to {file}, and start notifier again."
    )


def explain(file: Path | None, error: BaseException | None) -> StoreError:
    """The sentence for an error of SQLite. Its own texts name tables and columns, never what is in them."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of an extended code says where, not what
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _DAMAGE:
        return damaged(file, f"{_DAMAGE[code]} ({name})")
    what = _PASSING.get(code, f"the database refused: {error}; nothing was written")
    return StoreError(f"{file or 'The database in memory'}: {what} ({name}).")
