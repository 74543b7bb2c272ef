"""The machine: Python, SQLite, time zones, disk, and who started us."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from zoneinfo import TZPATH

from notifier import __version__
from notifier.doctor.finding import Finding, bad, note, well
from notifier.settings import Settings
from notifier.store import database_file

_WAL_RESET_MENDED = (3, 51, 3)
_LITTLE, _VERY_LITTLE = 1024**3, 100 * 1024**2


def program() -> Finding:
    """Our version and Python's."""
    return well("program", f"notifier {__version__} on Python {platform.python_version()}, {platform.system()}")


def sqlite(found: tuple[int, int, int] = sqlite3.sqlite_version_info) -> Finding:
    """SQLite before 3.51.3 may damage a WAL that two connections checkpoint in the same instant."""
    name = ".".join(map(str, found))
    if found >= _WAL_RESET_MENDED:
        return well("SQLite", name)
    return note(
        "SQLite",
        f"{name}; before 3.51.3 two connections that checkpoint in the same instant may damage a database. notifier "
        "lets only one of its own do that: let no other program write to the file",
    )


def time_zones(places: tuple[str, ...] = TZPATH) -> Finding:
    """Where the rules of time zones come from: the system's come first, the package's where it has none."""
    for place in places:
        try:
            first = (Path(place) / "tzdata.zi").read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        except OSError:
            continue
        return well("time zones", f"{first.removeprefix('# version ')} of {place}")
    return well("time zones", f"{version('tzdata')} of the package tzdata")


def service(environment: Mapping[str, str]) -> Finding:
    """Did systemd start us, and will it hear from us?"""
    if not environment.get("INVOCATION_ID") and not environment.get("NOTIFY_SOCKET"):
        return well("service", "started from a terminal, not by systemd")
    if not environment.get("NOTIFY_SOCKET"):
        return note("service", "systemd passes no notify socket; the unit needs Type=notify-reload")
    watched = "with" if environment.get("WATCHDOG_USEC") else "without"
    return well("service", f"started by systemd, {watched} a watchdog")


def disk(settings: Settings) -> Finding:
    """Is there room for the database to grow?"""
    file = database_file(settings.store_url)
    folder = settings.folder if file is None else file.parent
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{size(free)} free at {folder}"
    if free < _VERY_LITTLE:
        return bad("disk", f"{said}: make room, a full disk stops everything")
    return note("disk", f"{said}; think of making room") if free < _LITTLE else well("disk", said)


def size(count: int) -> str:
    """`1.2 MB`."""
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
