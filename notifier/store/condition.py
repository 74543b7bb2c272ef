"""How a database file is, without changing it: its size, its journal, whether it is damaged, where it lies."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from notifier.errors import StoreError
from notifier.store.lock import network_of
from notifier.store.trouble import damaged, explain


@dataclass(frozen=True, slots=True)
class Condition:
    """`size` counts the bytes of the file and its WAL; `far_away` is the network file system it lies on, if it does."""

    size: int
    journal: str
    version: str
    far_away: str


def condition(file: Path) -> Condition:
    """Look through the whole file. Raises StoreError, with what to do; StoreDamaged when it is damaged."""
    try:
        # A connection that may write would create the WAL's files for a user who may not.
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
            has_version = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if has_version else None
    except sqlite3.Error as error:
        raise explain(file, error) from error
    if found != "ok":
        raise damaged(file, f"the database is damaged ({found})")
    if row is None:
        raise StoreError(f"{file} belongs to another program: it has none of notifier's tables.")
    wal = Path(f"{file}-wal")
    bytes_ = file.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    return Condition(bytes_, str(journal), str(row[0]), network_of(file))
