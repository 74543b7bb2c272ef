"""Runs the demonstration: settings, shop, daemon and view, until the story is over."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from notifier import logs
from notifier.clock import VirtualClock
from notifier.daemon import Daemon
from notifier.demo.script import PROMISED, START, TAKEN, histories
from notifier.demo.setup import ALERTS, OUTBOX, write_settings
from notifier.demo.shop import PretendShop
from notifier.demo.staff import take_alert
from notifier.demo.watch import View
from notifier.settings import load_settings
from notifier.store import open_store

SHOWN = ("unpaid-nudge", "shipment-notice", "review-request", "return-deadline", "revisit", *ALERTS)


class _Act(NamedTuple):
    """A part of the story: until when, how much of it passes at a time, how long each step may be looked at."""

    until: datetime
    step: timedelta
    looks: int = 1


# The shop's two busy weeks, slowly where an order is late and people are called; then two months of waiting.
_ACTS = (
    _Act(PROMISED - timedelta(hours=1), timedelta(hours=1)),
    _Act(PROMISED + timedelta(hours=2), timedelta(minutes=5), looks=2),
    _Act(START + timedelta(days=16), timedelta(hours=1)),
    _Act(START + timedelta(days=76), timedelta(hours=12)),
)
_END = _ACTS[-1].until
_PACE = 0.08
"""Seconds of a look."""


async def run_demo(folder: Path, pace: float = _PACE) -> View:
    """Live through eleven weeks in about a minute; the mails are in `folder`/outbox then.

    The clock jumps from step to step, and only when the daemon has done all there is to do: on a slow machine the
    story takes longer and stays the same.
    """
    _clear(folder)
    clock = VirtualClock(START)
    shop = PretendShop(histories(), clock)
    async with shop.serve() as url:
        file = write_settings(folder, url)
        settings = load_settings(file)
        logs.configure("text", "error")
        daemon = Daemon(settings, lambda: load_settings(file), clock=clock)
        running = asyncio.create_task(daemon.run())
        started = asyncio.create_task(daemon.ready.wait())
        await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
        view = View(SHOWN, START)
        try:
            if not running.done():
                story = _story(clock, daemon, folder / OUTBOX)
                playing = asyncio.create_task(_play(view, shop, story, settings.store_url, pace))
                await asyncio.wait({running, playing}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():  # Ctrl-C ends the daemon, and nobody else would tell the story
                    playing.cancel()
                await asyncio.wait({playing})
                if not playing.cancelled():
                    playing.result()
                    _tell_end(folder, view)
        finally:
            daemon.stop()
            await running
    return view


def _clear(folder: Path) -> None:
    """Begin anew: an outbox with mails of last time would tell nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("demo.*"):
        old.unlink()
    shutil.rmtree(folder / OUTBOX, ignore_errors=True)


async def _story(clock: VirtualClock, daemon: Daemon, outbox: Path) -> AsyncIterator[tuple[datetime, int]]:
    """Move the clock from step to step; at each, the daemon has done all there is to do."""
    taken = False
    for act in _ACTS:
        while clock.now() < act.until:
            clock.advance(act.step)
            daemon.wake()
            await daemon.settled()
            if daemon.web and not taken and clock.now() >= TAKEN:
                await take_alert(outbox, daemon.web.port)
                await daemon.settled()
                taken = True
            yield clock.now(), act.looks


async def _play(
    view: View, shop: PretendShop, story: AsyncIterator[tuple[datetime, int]], url: str, pace: float
) -> None:
    """Show the story as it goes on; `url` is the daemon's database."""
    store = await open_store(url, read_only=True)
    try:
        async with _screen(view) as refresh:
            async for now, looks in story:
                view.now, view.orders = now, shop.shown()
                view.part = (now - START) / (_END - START)
                refresh(await view.look(store))
                await asyncio.sleep(pace * looks)
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


def _tell_end(folder: Path, view: View) -> None:
    mails = sorted((folder / OUTBOX / "new").glob("*"))
    command = f"  {os.path.relpath(sys.argv[0])} --config {folder / 'demo.toml'}"
    print(f"\n{len(mails)} mails are in {folder / OUTBOX / 'new'}; open one with a mail program.")
    print("Nobody who paid in time was nudged, and every message can tell why it was sent:")
    print(f"{command} explain 1002")
    print(*view.alerts.summaries, sep="\n")
    print(*(f"{command} alert {number}" for number in view.alerts.told), sep="\n")
