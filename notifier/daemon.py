"""The daemon: builds every part from the settings, keeps it going, reloads it, and closes it again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from notifier import logs
from notifier.clock import Clock, ShiftedClock, SystemClock
from notifier.engines.bells import Bell
from notifier.engines.embedded import Embedded
from notifier.errors import NotifierError, StoreError
from notifier.interfaces import Store
from notifier.links import Links, link_secret
from notifier.loops import Housekeeping, Reading, Sending
from notifier.parts import build_brakes, build_desk, build_outlets, build_sources, close_all
from notifier.pipeline import Pipeline
from notifier.sendable import ensure_sendable
from notifier.service import ServiceManager
from notifier.settings import Settings
from notifier.settings.tables import ClockTable
from notifier.store import database_file, hold, open_store

if TYPE_CHECKING:
    from notifier.web.server import WebServer

DRAIN = 12.0

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
        self._sending = Sending(self._due, self._engine, self._manager, self._clock)
        self._reading = Reading(self._noticed, self._engine, self._clock, self._due)
        self._housekeeping = Housekeeping(self._tidy, self._engine, self._clock, self._due)
        self._failed: asyncio.Future[None] | None = None
        self.web: WebServer | None = None

    async def run(self) -> None:
        """Start, run until SIGTERM or SIGINT, drain, close.

        Raises what makes going on pointless: a damaged database, another daemon on it. Order of the start: the store
        is opened, the texts are checked, and what a dead process left is settled before anything is read or sent.
        """
        async with AsyncExitStack() as open_things:
            if (file := database_file(self._settings.store_url)) is not None:
                open_things.enter_context(hold(file))
            store = await open_store(self._settings.store_url)
            open_things.push_async_callback(store.close)
            await self._check_texts(self._settings, store)
            self._links = await self._open_links(store)
            self._pipeline = await self._build(store, open_things)
            await self._recover(store)
            await self._serve(store, open_things)
            self._listen()
            self._engine.start()
            open_things.push_async_callback(self._engine.stop)
            await self._work()

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
        while self._pipeline.deliveries.under_way or not all(bell.quiet for bell in self._bells()):
            self._noticed.clear()
            await self._noticed.wait()

    def _bells(self) -> list[Bell]:
        return [self._due, self._reload, self._tidy, *self._reading.bells.values()]

    async def _build(self, store: Store, open_things: AsyncExitStack) -> Pipeline:
        settings = self._settings
        outlets = build_outlets(settings, self._clock)
        sources = build_sources(settings, self._clock)
        open_things.push_async_callback(self._close_parts)
        desk = build_desk(settings, outlets, self._links)
        return Pipeline(store, sources, build_brakes(settings), desk, self._clock, again=self._due.ring)

    async def _open_links(self, store: Store) -> Links:
        """Links in messages to the staff, signed with a secret that stays the same from start to start."""
        web = self._settings.web
        secret = await link_secret(store, web.secret.get_secret_value() if web.secret else "")
        return Links(web.public_url, secret, self._clock)

    async def _serve(self, store: Store, open_things: AsyncExitStack) -> None:
        """The pages behind the links, and what Twilio calls. Raises ListenError when the address is taken."""
        web = self._settings.web
        if not web.enabled:
            return
        from notifier.web.parts import build_server  # FastAPI takes a second to import

        self.web = build_server(web, lambda: self._settings, lambda: self._pipeline, self._links, self._clock)
        serving = await self.web.start()
        serving.add_done_callback(self._web_ended)
        open_things.push_async_callback(self.web.stop)
        log.info("the web application listens", host=self.web.host, port=self.web.port)

    def _web_ended(self, serving: asyncio.Task[None]) -> None:
        if serving.cancelled() or self._failed is None or self._failed.done():
            return
        if error := serving.exception():
            self._failed.set_exception(error)

    async def _close_parts(self) -> None:
        await close_all(self._pipeline.sources, self._pipeline.desk.outlets)

    async def _check_texts(self, settings: Settings, store: Store) -> None:
        if await ensure_sendable(settings, store):
            log.info("all texts can be sent")

    async def _recover(self, store: Store) -> None:
        found = await store.recover(self._clock.now())
        if found.in_doubt:
            log.warning("messages are in doubt after a crash; see notifier messages --state held", count=found.in_doubt)
        if found.again:
            log.warning("messages to the staff are in doubt after a crash; they are sent again", count=found.again)
        if found.released:
            log.info("reminders of a stopped process are due again", count=found.released)

    async def _work(self) -> None:
        """Everything that goes on at the same time, until the stop bell or the first failure that ends it all."""
        self._failed = asyncio.get_running_loop().create_future()
        _warn(self._settings)
        tasks = [
            self._guard(self._sending.loop(self._pipeline, lambda: self._settings.send.batch), "sending"),
            self._guard(self._housekeeping.loop(self._pipeline, self._settings), "housekeeping"),
            self._guard(self._reload_loop(), "reload"),
        ]
        self._reading.start(self._pipeline, self._settings, self._guard)
        self._manager.status(_running(self._settings))
        self._manager.ready()
        self.ready.set()
        log.info("ready", sources=sorted(self._pipeline.sources), channels=sorted(self._pipeline.desk.outlets))
        stopped = asyncio.ensure_future(self._stop.wait())
        either: set[asyncio.Future[Any]] = {stopped, self._failed}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        self._manager.stopping()
        log.info("stopping")
        await self._end([stopped, *tasks])
        if self._failed.done():
            self._failed.result()

    async def _end(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Take nothing new, wait for what is on its way, then let go of the rest.

        What has not begun goes back to be sent later; what does not finish in time stays `sending` and is in doubt.
        """
        self._pipeline.stopping.set()
        await self._reading.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if left := await self._pipeline.deliveries.drain(DRAIN):
            log.warning("deliveries did not finish in time and will be in doubt", messages=left)
            await self._pipeline.deliveries.abandon()

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

    async def _reload_loop(self) -> None:
        while True:
            await self._reload.answer()
            self._manager.reloading(time.monotonic_ns() // 1000)
            try:
                settings = await asyncio.to_thread(self._load)
                await self._check_texts(settings, self._pipeline.store)
                await self._swap(settings)
                await self._housekeeping.replan(self._pipeline, settings.digest)
                log.info("reloaded")
                _warn(settings)
                self._manager.status(_running(settings))
            except StoreError:
                raise
            except (NotifierError, OSError) as error:
                log.error("the settings have mistakes, the old ones stay", mistakes=str(error).splitlines())
                self._manager.status("running with the old settings: the new ones have mistakes")
            self._manager.ready()

    async def _swap(self, settings: Settings) -> None:
        """Put new parts in the place of the old ones; the old channels close when nothing is on its way any more."""
        if settings.store_url != self._settings.store_url or settings.clock != self._settings.clock:
            log.warning("[store] and [clock] change with the next start")
        if settings.web != self._settings.web:
            log.warning("[web] changes with the next start")
        desk = build_desk(settings, build_outlets(settings, self._clock), self._links)
        sources = build_sources(settings, self._clock)
        await self._reading.stop()
        old_sources, old_outlets = self._pipeline.sources, self._pipeline.desk.outlets
        await self._pipeline.swap(desk, sources, build_brakes(settings))
        self._settings = settings
        logs.configure(settings.log.format, settings.log.level)
        await self._pipeline.deliveries.drain(DRAIN)
        await close_all(old_sources, old_outlets)
        self._reading.start(self._pipeline, settings, self._guard)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)


def _running(settings: Settings) -> str:
    """One line for `systemctl status`."""
    return f"reading {', '.join(settings.sources) or 'nothing'}; sending by {', '.join(settings.channels)}"


def _warn(settings: Settings) -> None:
    for problem in settings.warnings:
        log.warning("the settings have a weak spot", where=str(problem))
