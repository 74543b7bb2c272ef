"""The program's own troubles, as alerts of the jobs that stand for them (`event = "system.…"`).

What lasts is raised once and stays: seeing it again changes nothing, until it lasts long enough for a later step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from notifier.alerting import Alerting, Raising
from notifier.interfaces import Selection, Store
from notifier.model.alert import Alert, AlertKey, AlertState
from notifier.model.job import Job, Subject
from notifier.model.reminder import Reminder, State
from notifier.rules.inquiry import SWITCHED_OFF

_MANY = 1000


class Troubles:
    """Raises and closes them. `jobs` gives the jobs as they are now."""

    def __init__(self, store: Store, alerting: Alerting, jobs: Callable[[], Mapping[str, Job]]) -> None:
        self._store, self._alerting, self._jobs = store, alerting, jobs

    async def undeliverable(self, failed: Sequence[tuple[Reminder, str]]) -> None:
        """No channel reached these customers, each with the reason."""
        await self._raise(
            Raising(job, AlertKey(reminder.key.source, reminder.key.order, job.name), what=reason)
            for job in self._standing_for("undeliverable")
            for reminder, reason in failed
        )

    async def in_doubt(self) -> None:
        """Raise an alert for each order with a message that nobody knows the end of; close those that are decided.

        What somebody has closed since is decided too: it is not raised again.
        """
        held = await self._store.list_reminders(Selection((State.HELD, State.IN_DOUBT), limit=_MANY))
        for job in self._standing_for("in_doubt"):
            doubtful = {
                AlertKey(reminder.key.source, reminder.key.order, job.name): reminder
                for reminder in held
                if not reminder.for_staff
            }
            known = await self._store.alerts_by_key(doubtful) if doubtful else {}
            await self._raise(
                Raising(job, key, what=f"{reminder.key.job}: {reminder.reason}")
                for key, reminder in doubtful.items()
                if not _closed_since(known.get(key), reminder)
            )
            if len(held) < _MANY:
                await self._close(job, "it is decided", spare=doubtful)

    async def switched_off(self) -> None:
        """Close the alerts of jobs that are switched off or gone, whatever they are about."""
        jobs = self._jobs()
        over = [alert for alert in await self._unresolved() if alert.key.job not in jobs]
        if over:
            await self._alerting.resolve_all([(alert, SWITCHED_OFF) for alert in over])

    async def silent(self, source: str, lasts: timedelta, why: str) -> None:
        """A source could not be read for so long; the job's steps say how long is long."""
        for job in self._standing_for("source_silent"):
            passed = sum(lasts.total_seconds() >= step.offset.seconds for step in job.steps)
            if passed:
                await self._raise([Raising(job, AlertKey(source, "", job.name), passed - 1, what=why)])

    async def paused(self, source: str, why: str) -> None:
        """A source was paused: one poll would have changed too much."""
        await self._raise(
            Raising(job, AlertKey(source, "", job.name), what=why) for job in self._standing_for("source_paused")
        )

    async def readable(self, source: str) -> None:
        """A source was read: it is neither silent nor paused."""
        for job in (*self._standing_for("source_silent"), *self._standing_for("source_paused")):
            await self._close(job, "the source can be read", source)

    @property
    def minds_the_clock(self) -> bool:
        """Whether anybody is told of a wrong clock: otherwise nobody could ever say that it is right."""
        return any(self._standing_for("clock_wrong"))

    async def clock_wrong(self, why: str) -> None:
        """This machine's clock cannot be right."""
        await self._raise(
            Raising(job, AlertKey("", "", job.name), what=why) for job in self._standing_for("clock_wrong")
        )

    async def clock_accepted(self) -> bool:
        """Whether somebody has closed the alert about the clock, and so says that it is right now."""
        keys = [AlertKey("", "", job.name) for job in self._standing_for("clock_wrong")]
        known = await self._store.alerts_by_key(keys)
        return any(alert.state is AlertState.RESOLVED and alert.by for alert in known.values())

    async def clock_right(self) -> None:
        """It agrees again."""
        for job in self._standing_for("clock_wrong"):
            await self._close(job, "the clock is right again")

    def _standing_for(self, trouble: str) -> Iterator[Job]:
        event = f"{Subject.SYSTEM}.{trouble}"
        return (job for job in self._jobs().values() if job.enabled and job.event == event and job.for_staff)

    async def _raise(self, raises: Iterator[Raising] | Sequence[Raising]) -> None:
        wanted = {raising.key: raising for raising in raises}
        known = await self._store.alerts_by_key(wanted) if wanted else {}
        new = [raising for key, raising in wanted.items() if _is_news(known.get(key), raising)]
        if new:
            await self._alerting.raise_all(new)

    async def _close(self, job: Job, reason: str, source: str | None = None, spare: Collection[AlertKey] = ()) -> None:
        """Close the alerts of a job: those of one source or of all, but for those to be spared."""
        open_ = await self._unresolved() if source is None else await self._store.unresolved(source)
        over = [alert for alert in open_ if alert.key.job == job.name and alert.key not in spare]
        if over:
            await self._alerting.resolve_all([(alert, reason) for alert in over])

    async def _unresolved(self) -> list[Alert]:
        sources = ["", *(mark.source for mark in await self._store.marks())]
        return [alert for name in sources for alert in await self._store.unresolved(name)]


def _closed_since(known: Alert | None, reminder: Reminder) -> bool:
    """Has somebody closed the alert about this message after it came into doubt?"""
    if known is None or known.state is not AlertState.RESOLVED or not known.by:
        return False
    return reminder.updated is not None and known.changed >= reminder.updated


def _is_news(known: Alert | None, raising: Raising) -> bool:
    return known is None or known.state is AlertState.RESOLVED or raising.step > known.step


def clock_trouble(now: datetime, latest: datetime | None) -> str:
    """Why the clock cannot be right, or "". `latest` is the last instant at which this program was ever at work."""
    behind = latest - now if latest else timedelta()
    if behind <= CLOCK_TOLERANCE:
        return ""
    return f"it shows {now:%Y-%m-%d %H:%M} UTC, but this program was at work at {latest:%Y-%m-%d %H:%M} UTC"


CLOCK_TOLERANCE = timedelta(minutes=5)
