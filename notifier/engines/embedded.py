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
_JOB_DEFAULTS = {"coalesce": True, "max_instances": 4, "misfire_grace_time": None}
_LONGEST = timedelta(seconds=15)
_SHORTEST = 0.05
Look = Callable[[], None]


class Embedded:
    """Rings bells (plain functions that return at once) on the clock of the program, which may run faster or jump.

    No wait is longer than fifteen seconds of real time: APScheduler's timer does not notice that the machine slept or
    that its clock was set, so long ones are asked again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._real = SystemClock()
        self._log = get("ticks")
        self._looks: dict[str, Look] = {}
        self._scheduler = AsyncIOScheduler(timezone=_UTC, job_defaults=_JOB_DEFAULTS)
        self._scheduler.add_listener(self._report, EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def start(self) -> None:
        self._scheduler.start()

    async def stop(self) -> None:
        """Ring no more. APScheduler needs a turn of the loop to notice."""
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)

    def every(self, name: str, cadence: Interval | Cron, zone: str, ring: Look) -> None:
        """Ring by interval or cron line from now on; replaces an earlier bell of the same name.

        A clock that was put back rings at once: what is waited for must not come as much later.
        """
        begun = self._clock.now()
        due = self._next(cadence, zone, begun)

        def look() -> None:
            now = self._clock.now()
            if begun <= now < due:
                self._arm(name, due, look)
                return
            self.every(name, cadence, zone, ring)
            ring()

        self._arm(name, due, look)

    def at(self, name: str, instant: datetime, ring: Look) -> None:
        """Ring once, at `instant`; replaces an earlier bell of the same name."""

        def look() -> None:
            if self._clock.now() >= instant:
                self.forget(name)
                ring()
            else:
                self._arm(name, instant, look)

        self._arm(name, instant, look)

    def by(self, name: str, instant: datetime | None, ring: Look, longest: timedelta | None = None) -> None:
        """Ring once, at `instant` or in fifteen seconds (or `longest`) if that is earlier.

        Replaces an earlier bell of the same name.
        """
        self._arm(name, instant, ring, min(longest or _LONGEST, _LONGEST))

    def forget(self, name: str) -> None:
        """Ring this bell no more."""
        self._looks.pop(name, None)
        if self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)

    def wake(self) -> None:
        """The clock has jumped: ring now what is due by it."""
        for look in list(self._looks.values()):
            look()

    def _next(self, cadence: Interval | Cron, zone: str, now: datetime) -> datetime:
        if isinstance(cadence, Cron):
            return next_cron(cadence.line, now, zone)
        return now + timedelta(seconds=max(cadence.seconds, _SHORTEST * self._clock.speed))

    def _arm(self, name: str, instant: datetime | None, look: Look, longest: timedelta = _LONGEST) -> None:
        self._looks[name] = look
        when = self._when(instant, longest)
        self._scheduler.add_job(_call, "date", run_date=when, args=[look], id=name, replace_existing=True)

    def _when(self, instant: datetime | None, longest: timedelta) -> datetime:
        """The instant of the real clock at which `instant` of ours may have come, at most `longest` away."""
        now = self._real.now()
        wait = longest if instant is None else instant - self._clock.now()
        if wait <= timedelta():
            return now
        return now + (min(wait / self._clock.speed, longest) if self._clock.speed else longest)

    def _report(self, event: JobExecutionEvent) -> None:
        self._log.error("a tick failed", bell=event.job_id, error=repr(event.exception))


async def _call(look: Look) -> None:
    """APScheduler would call a plain function in another thread, where no asyncio.Event may be set."""
    look()
