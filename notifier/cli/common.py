"""What several commands need: the settings, the store for reading, times on the shop's clock."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from notifier.errors import UsageError

if TYPE_CHECKING:
    from notifier.interfaces import Store
    from notifier.settings import Settings

T = TypeVar("T")
_DATE = re.compile(r"\d{4}-?\d\d-?\d\d")


def config_of(context: typer.Context) -> Path | None:
    """The settings file named on the command line."""
    found: Path | None = context.find_root().obj
    return found


def settings_of(context: typer.Context, *, secrets: bool = False) -> Settings:
    """Load the settings; without `secrets`, those that only the daemon can read may be missing."""
    from notifier.settings import load_settings

    return load_settings(config_of(context), secrets=secrets)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end."""
    import asyncio

    return asyncio.run(work)


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Store]:
    """The store, read only: works beside a running daemon."""
    from notifier.store import open_store

    store = await open_store(settings.store_url, read_only=True)
    try:
        yield store
    finally:
        await store.close()


def local(instant: datetime | None, zone: str) -> str:
    """An instant on the shop's clock, to the minute."""
    from zoneinfo import ZoneInfo

    return "" if instant is None else f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def instant_of(text: str, zone: str, *, end: bool = False) -> datetime:
    """Read a date or time of the command line; without an offset it is on the shop's clock.

    A bare date is the day's beginning, or with `end` the moment at which it is over.
    """
    from notifier.rules.schedule import localise

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date; write it as 2026-03-01 or 2026-03-01T09:00") from None
    if end and _DATE.fullmatch(text):
        found += timedelta(days=1)
    return found if found.tzinfo else localise(found, zone)


@asynccontextmanager
async def writing(settings: Settings) -> AsyncIterator[Store]:
    """The store, for a short change; beside a running daemon it waits its turn."""
    from notifier.store import open_store

    store = await open_store(settings.store_url)
    try:
        yield store
    finally:
        await store.close()
