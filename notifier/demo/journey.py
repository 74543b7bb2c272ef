"""Runs the demonstration: settings, shop, daemon and view, until the story is over."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from notifier import logs
from notifier.clock import ShiftedClock
from notifier.daemon import Daemon
from notifier.demo.script import SOURCE, START, histories
from notifier.demo.shop import PretendShop
from notifier.demo.watch import View
from notifier.settings import load_settings
from notifier.store import open_store

SHOWN = ("unpaid-nudge", "shipment-notice", "review-request", "return-deadline", "revisit")
_SETTINGS = """\
# Made by `notifier demo`. The shop and its clock exist only while it runs.
[shop]
name = "Demo Shop"
time_zone = "UTC"
contact = "service@demo-shop.example"
public_url = "https://demo-shop.example"

[store]
url = "sqlite:///demo.db"

[log]
level = "error"

[channels.outbox]
type = "maildir"
folder = "outbox"
sender = "Demo Shop <service@demo-shop.example>"

[sources.{source}]
type = "http"
url = "{url}/orders"
order_url = "{url}/orders/{{id}}"
every = "2h"
"""
# Days of the story, and how many of its hours pass in a second: the shop's two busy weeks, then two months of waiting.
_ACTS = ((16.0, 9.0), (76.0, 110.0))
_LOOK = 0.25


async def run_demo(folder: Path, haste: float = 1.0) -> View:
    """Live through eleven weeks in about a minute, or `haste` times as fast; the mails are in `folder`/outbox then."""
    _clear(folder)
    # The evening before: until the daemon is ready the first hours are over.
    clock = ShiftedClock(START - timedelta(hours=20), _ACTS[0][1] * 3600 * haste)
    shop = PretendShop(histories(), clock)
    async with shop.serve() as url:
        file = folder / "demo.toml"
        file.write_text(_SETTINGS.format(source=SOURCE, url=url), encoding="utf-8")
        settings = load_settings(file)
        logs.configure("text", "error")
        daemon = Daemon(settings, lambda: load_settings(file), clock=clock)
        running = asyncio.create_task(daemon.run())
        started = asyncio.create_task(daemon.ready.wait())
        await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
        view = View([*SHOWN, *sorted(settings.jobs.keys() - set(SHOWN))], START)
        try:
            await _watch(view, shop, clock, haste, settings.store_url, running)
        finally:
            daemon.stop()
            await running
    _tell_end(folder)
    return view


def _clear(folder: Path) -> None:
    """Begin anew: an outbox with mails of last time would tell nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("demo.*"):
        old.unlink()
    shutil.rmtree(folder / "outbox", ignore_errors=True)


async def _watch(
    view: View, shop: PretendShop, clock: ShiftedClock, haste: float, url: str, running: asyncio.Task[None]
) -> None:
    total = timedelta(days=_ACTS[-1][0])
    async with _screen(view) as refresh:
        for days, hours in _ACTS:
            clock.run_at(hours * 3600 * haste)
            while clock.now() < START + timedelta(days=days) and not running.done():
                await asyncio.sleep(_LOOK)
                view.now, view.orders = clock.now(), shop.shown()
                view.part = min(1.0, (view.now - START) / total)
                store = await open_store(url, read_only=True)
                try:
                    refresh(await view.look(store))
                finally:
                    await store.close()


@asynccontextmanager
async def _screen(view: View) -> AsyncIterator[Callable[[list[str]], None]]:
    """A live table on a terminal, plain lines elsewhere."""
    if not sys.stdout.isatty():
        yield lambda lines: print(*lines, sep="\n", flush=True) if lines else None
        return
    from rich.live import Live

    with Live(view.render(), refresh_per_second=8) as live:
        yield lambda lines: live.update(view.render())


def _tell_end(folder: Path) -> None:
    mails = sorted((folder / "outbox" / "new").glob("*"))
    print(f"\n{len(mails)} mails are in {folder / 'outbox' / 'new'}; open one with a mail program.")
    print("Nobody who paid in time was nudged, and every message can tell why it was sent:")
    print(f"  notifier --config {folder / 'demo.toml'} explain 1002")
