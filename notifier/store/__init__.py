"""Where orders, reminders and attempts live. SQLAlchemy takes a second to import: only opening a database does it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notifier.store.address import database_file
from notifier.store.condition import Condition, condition
from notifier.store.lock import hold

if TYPE_CHECKING:
    from notifier.store.sql import SqlStore

__all__ = ["Condition", "backup", "condition", "database_file", "hold", "open_store"]


async def open_store(url: str, *, read_only: bool = False) -> SqlStore:
    """Open the store at `sqlite:///…`; folder and file are made when they are missing, unless `read_only`.

    A read-only store works beside a daemon and never changes the file. Raises StoreError, with what to do; StoreDamaged
    when the file is there but is no good database: it is never replaced by an empty one.
    """
    from notifier.store.files import open_database
    from notifier.store.sql import SqlStore

    return SqlStore(await open_database(database_file(url), read_only=read_only))


async def backup(url: str, target: Path) -> None:
    """Copy a database that may be in use to `target`, check the copy, and only then give it that name."""
    from notifier.store.files import copy_database

    await copy_database(database_file(url), target)
