"""What the daemon does all the time: sending, reading, keeping house. Each is a loop that answers its bell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta

from notifier import logs
from notifier.asking import Claims
from notifier.clock import Clock, ShiftedClock
from notifier.engines.bells import Bell
from notifier.engines.embedded import Embedded
from notifier.errors import SourceError
from notifier.pipeline import Pipeline
from notifier.rounds import Batch, Round
from notifier.rules.cron import NIGHTLY, Cron, every
from notifier.service import ServiceManager
from notifier.settings import Settings
from notifier.troubles import clock_trouble

Guard = Callable[[Coroutine[None, None, None], str], asyncio.Task[None]]
"""Starts a task whose failure ends the daemon."""

_UNDER_WAY = 2000
_POLL_AGAIN = (5, 10, 30, 60, 120, 300)
_DIGEST = "planning digest"
_KEEP = timedelta(days=400)
_DUE = "due"
_LATEST = "latest instant"
_REMEMBER = timedelta(minutes=1)

log = logs.get(__name__)


class Sending:
    """Sends what is due, then sleeps until the next is, or the watchdog wants to be fed.

    The watchdog is fed from here and nowhere else: it shall bite when this loop stands still.
    """

    def __init__(self, bell: Bell, engine: Embedded, manager: ServiceManager, clock: Clock) -> None:
        self._bell, self._engine, self._manager, self._clock = bell, engine, manager, clock

    async def loop(self, pipeline: Pipeline, limit: Callable[[], int]) -> None:
        """Dispatch batch after batch while there is something due and not too much is on its way already."""
        watch = ClockWatch(pipeline, self._clock)
        claims: Claims | None = None
        while True:
            pipeline.suspect = await watch.look()
            batch, claims = await advance(pipeline, claims, limit())
            self._manager.watchdog()
            if batch is not None:
                _report_batch(batch)
            if claims is None and (batch is None or batch.claimed < limit()):
                wake = None if batch is None else await pipeline.store.next_wake()
                self._engine.by(_DUE, wake, self._bell.ring, self._manager.watchdog_interval)
                await self._bell.answer()


async def advance(pipeline: Pipeline, claims: Claims | None, limit: int) -> tuple[Batch | None, Claims | None]:
    """Dispatch what was claimed; meanwhile claim what comes next, if there may be more.

    Nothing new is claimed while too much is on its way: then there is no batch, unless something was claimed before.
    """
    room = pipeline.deliveries.under_way < _UNDER_WAY
    if claims is None:
        if not room:
            return None, None
        claims = await pipeline.claim(limit)
    if claims.more and room:
        return await asyncio.gather(pipeline.dispatch(claims), pipeline.claim(limit))
    return await pipeline.dispatch(claims), None


class ClockWatch:
    """Watches whether the clock can be right: it must not show a time at which this program was at work long ago.

    While it cannot, an alert says so. When the clock agrees again, or somebody closes the alert and so says that it is
    right, that is over. Clocks that a trial has set are not watched, nor is any when nobody is told (`clock-wrong`).
    """

    def __init__(self, pipeline: Pipeline, clock: Clock) -> None:
        self._store, self._troubles, self._clock = pipeline.store, pipeline.troubles, clock
        self._latest: datetime | None = None
        self._kept: datetime | None = None
        self._wrong = ""

    async def look(self) -> str:
        """Why the clock cannot be right, or ""."""
        if isinstance(self._clock, ShiftedClock):
            return ""
        now, before = self._clock.now(), self._wrong
        if self._latest is None and (kept := await self._store.meta(_LATEST)):
            self._latest = datetime.fromisoformat(kept)
        self._wrong = clock_trouble(now, self._latest) if self._troubles.minds_the_clock else ""
        if self._wrong and not before:
            log.error("the clock cannot be right; customers hear nothing", why=self._wrong)
            await self._troubles.clock_wrong(self._wrong)
        elif self._wrong and await self._troubles.clock_accepted():
            self._wrong, self._kept = "", None
        elif before and not self._wrong:
            await self._troubles.clock_right()
        if not self._wrong:
            await self._remember(now)
        return self._wrong

    async def _remember(self, now: datetime) -> None:
        self._latest = now
        if self._kept is None or now - self._kept >= _REMEMBER:
            self._kept = now
            await self._store.set_meta(_LATEST, now.isoformat())


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
        silent_since: datetime | None = None
        well = False
        self._engine.every(f"poll {name}", every(settings.sources[name].options.every), settings.shop.zone, bell.ring)
        bell.ring()
        while True:
            await bell.answer()
            try:
                round_ = await pipeline.poll(name)
                _report_round(round_)
                failures, silent_since = 0, None
                if round_.paused:
                    await pipeline.troubles.paused(name, round_.paused)
                elif not well:
                    await pipeline.troubles.readable(name)
                well = not round_.paused
            except SourceError as error:
                failures, well = failures + 1, False
                readable = await pipeline.note_failure(name, str(error))
                silent_since = silent_since or readable or self._clock.now()
                await pipeline.troubles.silent(name, self._clock.now() - silent_since, str(error))
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
        await pipeline.troubles.in_doubt()
        if await pipeline.store.meta(_DIGEST) != settings.digest:
            await self.replan(pipeline, settings.digest)
        else:
            await self._plan_staff(pipeline)
        self._engine.every("housekeeping", Cron(NIGHTLY), settings.shop.zone, self._bell.ring)
        while True:
            await self._bell.answer()
            await self.replan(pipeline, await pipeline.store.meta(_DIGEST) or settings.digest)
            purged = await pipeline.store.purge(self._clock.now() - _KEEP)
            log.info("housekeeping done", purged=purged)

    async def replan(self, pipeline: Pipeline, digest: str) -> None:
        """Plan all stored orders, calls and digests again, and remember under which settings that was."""
        for name in pipeline.sources:
            round_ = await pipeline.replan(name)
            if round_.planned or round_.moved or round_.cancelled:
                log.info("planned again", **round_.numbers())
        await pipeline.store.set_meta(_DIGEST, digest)
        await self._plan_staff(pipeline)

    async def _plan_staff(self, pipeline: Pipeline) -> None:
        """What follows from oncall.toml and the calendar: it may have changed while nobody looked."""
        await pipeline.troubles.switched_off()
        await pipeline.alerting.replan()
        await pipeline.plan_digests()
        self._due.ring()


def _report_batch(batch: Batch) -> None:
    if batch.claimed:
        log.info("due", claimed=batch.claimed, sending=batch.sending, raised=batch.raised, put_off=dict(batch.decided))
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
