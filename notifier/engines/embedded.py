"""APScheduler inside the daemon's own loop: rings bells by interval, by cron line, and at one instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from notifier.clock import Clock, SystemClock
from notifier.logs import get
from notifier.rules.cron import Cron, Interval, next_cron

_UTC = ZoneInfo("UTC")
# Its own default drops a run that comes a second late; ours are idempotent, and one late ring is as good as many.
_JOB_DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
_LONGEST = timedelta(seconds=15)


class Embedded:
    """Rings bells (plain functions that return at once) on the clock of the program, which may run faster.

    No wait is longer than fifteen seconds of real time: APScheduler's timer does not notice that the machine slept or
    that its clock was set, so long ones are asked again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._real = SystemClock()
        self._log = get("ticks")
        self._scheduler = AsyncIOScheduler(timezone=_UTC, job_defaults=_JOB_DEFAULTS)
        self._scheduler.add_listener(self._report, EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def start(self) -> None:
        self._scheduler.start()

    async def stop(self) -> None:
        """Ring no more. APScheduler needs a turn of the loop to notice."""
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)

    def every(self, name: str, cadence: Interval | Cron, zone: str, ring: Callable[[], None]) -> None:
        """Ring at once, and from then on by interval or cron line; replaces an earlier bell of the same name."""
        ring()
        if isinstance(cadence, Interval):
            seconds = max(cadence.seconds / self._clock.speed, 0.05)
            self._scheduler.add_job(ring, "interval", seconds=seconds, id=name, replace_existing=True)
        else:
            self._ring_by_cron(name, cadence, zone, ring)

    def at(self, name: str, instant: datetime | None, ring: Callable[[], None]) -> None:
        """Ring at `instant`, or in fifteen seconds if that is earlier; replaces an earlier bell of the same name."""
        self._scheduler.add_job(ring, "date", run_date=self._when(instant), id=name, replace_existing=True)

    def forget(self, name: str) -> None:
        """Ring this bell no more."""
        if self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)

    def _ring_by_cron(self, name: str, cadence: Cron, zone: str, ring: Callable[[], None]) -> None:
        due = next_cron(cadence.line, self._clock.now(), zone)

        def look() -> None:
            if self._clock.now() >= due:
                ring()
                self._ring_by_cron(name, cadence, zone, ring)
            else:
                self.at(name, due, look)

        self.at(name, due, look)

    def _when(self, instant: datetime | None) -> datetime:
        """The instant of the real clock at which `instant` of ours has come, at most `_LONGEST` away."""
        now = self._real.now()
        if instant is None:
            return now + _LONGEST
        wait = (instant - self._clock.now()) / self._clock.speed
        return now + max(timedelta(), min(wait, _LONGEST))

    def _report(self, event: JobExecutionEvent) -> None:
        self._log.error("a tick failed", bell=event.job_id, error=repr(event.exception))
