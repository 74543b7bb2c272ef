"""What the daemon does all the time: sending, reading, keeping house. Each is a loop that answers its bell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta

from notifier import logs
from notifier.clock import Clock
from notifier.engines.bells import Bell
from notifier.engines.embedded import Embedded
from notifier.errors import SourceError
from notifier.pipeline import Batch, Pipeline, Round
from notifier.rules.cron import NIGHTLY, Cron, every
from notifier.service import ServiceManager
from notifier.settings import Settings

Guard = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a task whose failure ends the daemon."""

_UNDER_WAY = 2000
_POLL_AGAIN = (5, 10, 30, 60, 120, 300)
_DIGEST = "planning digest"
_KEEP = timedelta(days=400)
_DUE = "due"

log = logs.get(__name__)


class Sending:
    """Sends what is due, then sleeps until the next is, or the watchdog wants to be fed.

    The watchdog is fed from here and nowhere else: it shall bite when this loop stands still.
    """

    def __init__(self, bell: Bell, engine: Embedded, manager: ServiceManager, clock: Clock) -> None:
        self._bell, self._engine, self._manager, self._clock = bell, engine, manager, clock

    async def loop(self, pipeline: Pipeline, limit: Callable[[], int]) -> None:
        """Dispatch batch after batch while there is something due and not too much is on its way already."""
        while True:
            batch = await pipeline.dispatch(limit()) if pipeline.under_way < _UNDER_WAY else None
            self._manager.watchdog()
            if batch is not None:
                _report_batch(batch)
            if batch is None or batch.claimed < limit():
                wake = None if batch is None else await pipeline.store.next_wake()
                self._engine.by(_DUE, wake, self._bell.ring, self._manager.watchdog_interval)
                await self._bell.answer()


class Reading:
    """Polls each source when its bell rings; a shop that is down is tried again, ever less often."""

    def __init__(self, noticed: asyncio.Event, engine: Embedded, clock: Clock, due: Bell) -> None:
        self._noticed, self._engine, self._clock, self._due = noticed, engine, clock, due
        self.bells: dict[str, Bell] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, pipeline: Pipeline, settings: Settings, guard: Guard) -> None:
        """Begin with a poll of every source."""
        self.bells = {name: Bell(self._noticed) for name in pipeline.sources}
        self._tasks = [guard(self._loop(name, pipeline, settings), f"poll {name}") for name in pipeline.sources]

    async def stop(self) -> None:
        """Poll no more; a poll that is broken off goes on at its last page the next time."""
        for name in self.bells:
            self._engine.forget(f"poll {name}")
            self._engine.forget(f"retry {name}")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _loop(self, name: str, pipeline: Pipeline, settings: Settings) -> None:
        bell, failures = self.bells[name], 0
        self._engine.every(f"poll {name}", every(settings.sources[name].options.every), settings.shop.zone, bell.ring)
        bell.ring()
        while True:
            await bell.answer()
            try:
                _report_round(await pipeline.poll(name))
                failures = 0
            except SourceError as error:
                failures += 1
                await pipeline.note_failure(name, str(error))
                log.warning("a shop could not be read", source=name, failures=failures, why=str(error))
                again = _POLL_AGAIN[min(failures, len(_POLL_AGAIN)) - 1]
                self._engine.at(f"retry {name}", self._clock.now() + timedelta(seconds=again), bell.ring)
            self._due.ring()


class Housekeeping:
    """Plans everything again when jobs have changed since the last run and once a night; forgets what is old."""

    def __init__(self, bell: Bell, engine: Embedded, clock: Clock, due: Bell) -> None:
        self._bell, self._engine, self._clock, self._due = bell, engine, clock, due

    async def loop(self, pipeline: Pipeline, settings: Settings) -> None:
        """Plan again at once if need be, then every night."""
        if await pipeline.store.meta(_DIGEST) != settings.digest:
            await self.replan(pipeline, settings.digest)
        self._engine.every("housekeeping", Cron(NIGHTLY), settings.shop.zone, self._bell.ring)
        while True:
            await self._bell.answer()
            await self.replan(pipeline, await pipeline.store.meta(_DIGEST) or settings.digest)
            purged = await pipeline.store.purge(self._clock.now() - _KEEP)
            log.info("housekeeping done", purged=purged)

    async def replan(self, pipeline: Pipeline, digest: str) -> None:
        """Plan all stored orders again, and remember under which settings that was."""
        for name in pipeline.sources:
            round_ = await pipeline.replan(name)
            if round_.planned or round_.moved or round_.cancelled:
                log.info("planned again", **round_.numbers())
        await pipeline.store.set_meta(_DIGEST, digest)
        self._due.ring()


def _report_batch(batch: Batch) -> None:
    if batch.claimed:
        log.info("due", claimed=batch.claimed, sending=batch.sending, put_off=dict(batch.decided))
    for trouble in dict.fromkeys(batch.trouble):
        log.error("a text could not be made", why=trouble)


def _report_round(round_: Round) -> None:
    """Log what a poll brought, and what a first start left alone."""
    if round_.paused:
        log.error("a source is paused", source=round_.source, why=round_.paused)
    elif round_.changed or round_.quarantined:
        log.info("polled", **round_.numbers())
    for trouble in round_.trouble:
        log.warning("a record was left out", source=round_.source, why=trouble)
    if round_.too_old:
        log.info(
            "reminders left alone: they are too old to make sense",
            source=round_.source,
            count=round_.too_old.total(),
            by_job=dict(round_.too_old),
        )
