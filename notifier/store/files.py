"""Database files: opening, creating and copying them. Nothing here ever puts an empty one in a full one's place."""

from __future__ import annotations

import os
from pathlib import Path

from notifier.errors import StoreError
from notifier.store import schema
from notifier.store.database import Database
from notifier.store.trouble import damaged

CHECKED_AT_ONCE = 64 << 20
"""Bytes of a file that is looked through before it is used: half a second. A larger one is used meanwhile."""

_MAGIC = b"SQLite format 3\x00"


async def open_database(file: Path | None, *, read_only: bool = False) -> Database:
    """Open a file and make sure of it: its header, its tables and their version, no damage."""
    if file is None:
        database = Database(None)
        await database.write(schema.create)
        return database
    if read_only:
        _expect(file)
    elif not _there(file):
        await _create(file)
    _look_at_header(file)
    database = Database(file, read_only=read_only)
    try:
        await database.write(schema.expect if read_only else schema.ensure)
        if not read_only and _is_large(file):
            database.check_meanwhile()
        elif not read_only:
            await database.check()
    except BaseException:
        await database.close()
        raise
    return database


def _is_large(file: Path) -> bool:
    return file.stat().st_size > CHECKED_AT_ONCE


async def copy_database(file: Path | None, target: Path) -> None:
    """Copy a database, in use or not, so that `target` is at every moment what it was or a whole, checked copy."""
    if file is None:
        raise StoreError("A database in memory has no backup.")
    _expect(file)
    part = _room_for_copy(file, target)
    source = await open_database(file, read_only=True)
    try:
        await source.copy_to(part)
    finally:
        await source.close()
    await _finish(part, target)


def _there(file: Path) -> bool:
    return file.exists()


def _expect(file: Path) -> None:
    if not _there(file):
        raise StoreError(f"There is no database at {file} yet. It is made when the daemon starts: notifier run.")


def _room_for_copy(file: Path, target: Path) -> Path:
    try:
        if target.exists() and (target.samefile(file) or not _is_database(target)):
            raise StoreError(f"{target} is no older backup: choose another name for this one.")
        return _beside(target, ".part")
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}. Choose another place.") from error


async def _create(file: Path) -> None:
    """Make a new database under another name first, so that being killed leaves no half-made one behind."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = _beside(file, ".new")
    except OSError as error:
        raise StoreError(f"{file} cannot be made: {error.strerror}. Make its folder writable for notifier.") from error
    database = Database(part)
    try:
        await database.write(schema.create)
    finally:
        await database.close()
    _put(part, file)


async def _finish(part: Path, target: Path) -> None:
    copy = await open_database(part, read_only=True)
    try:
        await copy.check()
    finally:
        await copy.close()
    _put(part, target)


def _beside(file: Path, ending: str) -> Path:
    """An empty file next to this one, for its owner's eyes alone: there will be addresses of people in it."""
    part = file.with_name(file.name + ending)
    for old in (part, Path(f"{part}-wal"), Path(f"{part}-shm")):
        old.unlink(missing_ok=True)
    part.touch(mode=0o600)
    return part


def _put(part: Path, file: Path) -> None:
    """Give a finished file its name, in a way that survives a power cut: first the contents, then the name."""
    _flush(part)
    part.replace(file)
    _flush(file.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_database(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(_MAGIC)) == _MAGIC


def _look_at_header(file: Path) -> None:
    try:
        if not _is_database(file):
            what = "it is not a database" if file.stat().st_size else "it is empty (if it never was used, delete it)"
            raise damaged(file, what)
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror}. It has to belong to notifier's user.") from error
