"""Runs the demonstration: settings, shop, daemon and view, until the story is over."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from notifier import logs
from notifier.clock import VirtualClock
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
every = "1h"
"""
# Days of the story and how many hours of it pass at a time: the shop's two busy weeks, then two months of waiting.
_ACTS = ((16, 1), (76, 12))
_PACE = 0.08
"""Seconds that each such step may be looked at."""


async def run_demo(folder: Path, pace: float = _PACE) -> View:
    """Live through eleven weeks in about a minute; the mails are in `folder`/outbox then.

    The clock jumps from hour to hour, and only when the daemon has done all there is to do: on a slow machine the
    story takes longer and stays the same.
    """
    _clear(folder)
    clock = VirtualClock(START)
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
            if not running.done():
                await _play(view, shop, clock, daemon, settings.store_url, pace)
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


async def _play(view: View, shop: PretendShop, clock: VirtualClock, daemon: Daemon, url: str, pace: float) -> None:
    end = START + timedelta(days=_ACTS[-1][0])
    store = await open_store(url, read_only=True)
    try:
        async with _screen(view) as refresh:
            for days, hours in _ACTS:
                while clock.now() < START + timedelta(days=days):
                    clock.advance(timedelta(hours=hours))
                    daemon.wake()
                    await daemon.settled()
                    view.now, view.orders = clock.now(), shop.shown()
                    view.part = (view.now - START) / (end - START)
                    refresh(await view.look(store))
                    await asyncio.sleep(pace)
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
    print(f"  {os.path.relpath(sys.argv[0])} --config {folder / 'demo.toml'} explain 1002")
