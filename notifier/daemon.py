"""The daemon: builds every part from the settings, keeps it going, reloads it, and closes it again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from notifier import logs
from notifier.clock import Clock, ShiftedClock, SystemClock
from notifier.engines.bells import Bell
from notifier.engines.embedded import Embedded
from notifier.errors import NotifierError, SourceError
from notifier.interfaces import Store
from notifier.parts import build_brakes, build_desk, build_outlets, build_sources, check_everything, close_all
from notifier.pipeline import Pipeline, Round
from notifier.rules.cron import every
from notifier.service import ServiceManager
from notifier.settings import Settings
from notifier.settings.tables import ClockTable
from notifier.store import database_file, hold, open_store

DRAIN = 12.0
_UNDER_WAY = 2000
_POLL_AGAIN = (5, 10, 30, 60, 120, 300)
_DIGEST = "planning digest"
_KEEP = timedelta(days=400)
_DAILY = "17 3 * * *"
_HOUSEKEEPING = "housekeeping"
_DUE = "due"

log = logs.get(__name__)


def clock_for(table: ClockTable) -> Clock:
    """The machine's clock, or the shifted one that `[clock]` asks for."""
    if table.start is None and table.speed == 1:
        return SystemClock()
    return ShiftedClock(table.start or SystemClock().now(), table.speed)


class Daemon:
    """Runs until told to stop. `load` reads the settings again for a reload and raises BadFiles."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        manager: ServiceManager | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._load = load
        self._manager = manager or ServiceManager(os.environ)
        self._clock = clock or clock_for(settings.clock)
        self._engine = Embedded(self._clock)
        self.ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._noticed = asyncio.Event()
        self._due, self._reload, self._tidy = (Bell(self._noticed) for _ in range(3))
        self._reading: dict[str, Bell] = {}
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Start, run until SIGTERM or SIGINT, drain, close.

        Raises what makes going on pointless: a damaged database, another daemon on it. Order of the start: the store
        is opened and what a dead process left is settled before anything is read or sent.
        """
        check_everything(self._settings)
        async with AsyncExitStack() as open_things:
            if (file := database_file(self._settings.store_url)) is not None:
                open_things.enter_context(hold(file))
            store = await open_store(self._settings.store_url)
            open_things.push_async_callback(store.close)
            self._pipeline = await self._build(store, open_things)
            await self._recover(store)
            self._listen()
            self._engine.start()
            open_things.push_async_callback(self._engine.stop)
            await self._work(store)

    def stop(self) -> None:
        """Finish what is under way and return from `run`."""
        self._stop.set()

    def reload(self) -> None:
        """Read the settings again, as SIGHUP does; with mistakes in them the old ones stay."""
        self._reload.ring()

    def wake(self) -> None:
        """The clock has jumped: look at once for what is due by it, not only in some seconds."""
        self._engine.wake()
        self._due.ring()

    async def settled(self) -> None:
        """Return once nothing is due, being read or on its way any more. For trials and tests, after `wake`."""
        while self._pipeline.under_way or not all(bell.quiet for bell in self._bells()):
            self._noticed.clear()
            await self._noticed.wait()

    def _bells(self) -> list[Bell]:
        return [self._due, self._reload, self._tidy, *self._reading.values()]

    async def _build(self, store: Store, open_things: AsyncExitStack) -> Pipeline:
        settings = self._settings
        outlets = build_outlets(settings, self._clock)
        sources = build_sources(settings, self._clock)
        open_things.push_async_callback(self._close_parts)
        desk = build_desk(settings, outlets)
        return Pipeline(store, sources, build_brakes(settings), desk, self._clock, again=self._due.ring)

    async def _close_parts(self) -> None:
        await close_all(self._pipeline.sources, self._pipeline.desk.outlets)

    async def _recover(self, store: Store) -> None:
        found = await store.recover(self._clock.now())
        if found.in_doubt:
            log.warning("messages are in doubt after a crash; see notifier messages --state held", count=found.in_doubt)
        if found.released:
            log.info("reminders of a stopped process are due again", count=found.released)

    async def _work(self, store: Store) -> None:
        """Everything that goes on at the same time, until the stop bell or the first failure that ends it all."""
        self._failed = asyncio.get_running_loop().create_future()
        tasks = [
            self._guard(self._dispatch_loop(store), "dispatch"),
            self._guard(self._housekeeping_loop(store), _HOUSEKEEPING),
            self._guard(self._reload_loop(store), "reload"),
        ]
        self._start_polls()
        self._manager.ready()
        self.ready.set()
        log.info("ready", sources=sorted(self._pipeline.sources), channels=sorted(self._pipeline.desk.outlets))
        stopped = asyncio.ensure_future(self._stop.wait())
        either: set[asyncio.Future[Any]] = {stopped, self._failed}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        self._manager.stopping()
        log.info("stopping")
        await self._end([stopped, *tasks, *self._polls.values()])
        if self._failed.done():
            self._failed.result()

    async def _end(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Take nothing new, wait for what is on its way, then let go of the rest.

        What has not begun goes back to be sent later; what does not finish in time stays `sending` and is in doubt.
        """
        self._pipeline.stopping.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if left := await self._pipeline.drain(DRAIN):
            log.warning("deliveries did not finish in time and will be in doubt", portions=left)
            await self._pipeline.abandon()

    def _guard(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """A task whose failure ends the daemon: better restarted than half alive."""

        def ended(task: asyncio.Task[None]) -> None:
            if task.cancelled() or self._failed is None or self._failed.done():
                return
            if error := task.exception():
                log.error("a part of the daemon failed", part=name, error=repr(error))
                self._failed.set_exception(error)

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(ended)
        return task

    # Sending

    async def _dispatch_loop(self, store: Store) -> None:
        """Send what is due, then sleep until the next is: never longer than the engine's fifteen seconds.

        The watchdog is fed from here and nowhere else: it shall bite when this loop stands still.
        """
        while True:
            batch = (
                await self._pipeline.dispatch(self._settings.send.batch)
                if self._pipeline.under_way < _UNDER_WAY
                else None
            )
            self._manager.watchdog()
            if batch is not None and batch.claimed:
                log.info("due", claimed=batch.claimed, sending=batch.sending, put_off=dict(batch.decided))
                for trouble in dict.fromkeys(batch.trouble):
                    log.error("a text could not be made", why=trouble)
            if batch is None or batch.claimed < self._settings.send.batch:
                wake = None if batch is None else await store.next_wake()
                self._engine.by(_DUE, wake, self._due.ring)
                await self._due.answer()

    # Reading

    def _start_polls(self) -> None:
        self._reading = {name: Bell(self._noticed) for name in self._pipeline.sources}
        for name in self._pipeline.sources:
            self._polls[name] = self._guard(self._poll_loop(name), f"poll {name}")

    async def _poll_loop(self, name: str) -> None:
        """Poll one source at once and whenever its bell rings; one that is down is tried again, ever less often."""
        options, bell, failures = self._settings.sources[name].options, self._reading[name], 0
        self._engine.every(f"poll {name}", every(options.every), self._settings.shop.zone, bell.ring)
        bell.ring()
        while True:
            await bell.answer()
            try:
                report(await self._pipeline.poll(name))
                failures = 0
            except SourceError as error:
                failures += 1
                await self._pipeline.note_failure(name, str(error))
                log.warning("a shop could not be read", source=name, failures=failures, why=str(error))
                again = _POLL_AGAIN[min(failures, len(_POLL_AGAIN)) - 1]
                self._engine.at(f"retry {name}", self._clock.now() + timedelta(seconds=again), bell.ring)
            self._due.ring()

    # Keeping house

    async def _housekeeping_loop(self, store: Store) -> None:
        """Plan everything again when jobs have changed since the last run, and once a day; forget what is old."""
        if await store.meta(_DIGEST) != self._settings.digest:
            await self._replan(store)
        self._engine.every(_HOUSEKEEPING, every(_DAILY), self._settings.shop.zone, self._tidy.ring)
        while True:
            await self._tidy.answer()
            await self._replan(store)
            purged = await store.purge(self._clock.now() - _KEEP)
            log.info("housekeeping done", purged=purged)

    async def _replan(self, store: Store) -> None:
        for name in self._pipeline.sources:
            round_ = await self._pipeline.replan(name)
            if round_.planned or round_.moved or round_.cancelled:
                log.info("planned again", **round_.numbers())
        await store.set_meta(_DIGEST, self._settings.digest)
        self._due.ring()

    # Reloading

    async def _reload_loop(self, store: Store) -> None:
        while True:
            await self._reload.answer()
            self._manager.reloading(time.monotonic_ns() // 1000)
            try:
                settings = self._load()
                check_everything(settings)
                await self._swap(settings)
                await self._replan(store)
                log.info("reloaded")
                self._manager.status("running; settings reloaded")
            except NotifierError as error:
                log.error("the settings have mistakes, the old ones stay", mistakes=str(error).splitlines())
                self._manager.status("running with the old settings: the new ones have mistakes")
            self._manager.ready()

    async def _swap(self, settings: Settings) -> None:
        """Put new parts in the place of the old ones; the old channels close when nothing is on its way any more."""
        if settings.store_url != self._settings.store_url or settings.clock != self._settings.clock:
            log.warning("[store] and [clock] change with the next start")
        desk = build_desk(settings, build_outlets(settings, self._clock))
        sources = build_sources(settings, self._clock)
        for name, task in self._polls.items():
            self._engine.forget(f"poll {name}")
            self._engine.forget(f"retry {name}")
            task.cancel()
        await asyncio.gather(*self._polls.values(), return_exceptions=True)
        self._polls.clear()
        old_sources, old_outlets = self._pipeline.sources, self._pipeline.desk.outlets
        await self._pipeline.swap(desk, sources, build_brakes(settings))
        self._settings = settings
        logs.configure(settings.log.format, settings.log.level)
        await self._pipeline.drain(DRAIN)
        await close_all(old_sources, old_outlets)
        self._start_polls()

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)


def report(round_: Round) -> None:
    """Log what a poll brought, and what a first start left alone."""
    if round_.paused:
        log.error("a source is paused", source=round_.source, why=round_.paused)
    elif round_.changed or round_.quarantined:
        log.info("polled", **round_.numbers())
    if round_.too_old:
        log.info(
            "reminders left alone: they are too old to make sense",
            source=round_.source,
            count=round_.too_old.total(),
            by_job=dict(round_.too_old),
        )
