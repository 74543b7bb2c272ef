"""One daemon per database: a lock on the file beside it, which the kernel drops when the process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from notifier.errors import AlreadyRunning, StoreError

_FAR_AWAY = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"}
_MOUNTS = Path("/proc/self/mounts")


@contextmanager
def hold(database: Path) -> Iterator[None]:
    """Be the only daemon on this database until the block ends.

    Raises AlreadyRunning when another process is, StoreError on a network file system: locks are not reliable there,
    and neither is SQLite's own protection against two writers.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    refuse_network(database)
    # "a+" and not "w": the holder's number must still be there when we lose. The file is never deleted: somebody
    # could hold a lock on the deleted one while a third makes a new one.
    with database.with_name(database.name + ".lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(
                f"Another notifier (process {file.read().strip() or 'unknown'}) works on {database}. "
                "Stop it first, or give this one a database of its own."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def refuse_network(database: Path, mounts: str | None = None) -> None:
    """Raise StoreError when the database lies on a file system of another machine."""
    if kind := network_of(database, mounts):
        raise StoreError(
            f"{database} lies on a network file system ({kind}). SQLite cannot keep data safe there: "
            "move the database to a disk of this machine."
        )


def network_of(path: Path, mounts: str | None = None) -> str:
    """The network file system that a path lies on, empty when it is a disk of this machine."""
    kind = file_system(path.absolute(), _read_mounts() if mounts is None else mounts)
    return kind if kind in _FAR_AWAY else ""


def file_system(path: Path, mounts: str) -> str:
    """The type of file system that a path lies on, given the text of /proc/mounts; empty when unknown."""
    found, length = "", 0
    for line in mounts.splitlines():
        fields = line.split(" ")
        place = fields[1].encode().decode("unicode_escape")  # blanks in names are written \040
        if path.is_relative_to(place) and len(place) >= length:
            found, length = fields[2], len(place)
    return found


def _read_mounts() -> str:
    return _MOUNTS.read_text(encoding="utf-8", errors="replace") if _MOUNTS.exists() else ""
