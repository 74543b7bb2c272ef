"""The program's own troubles: raised once, climbing while they last, closed when they are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from notifier.alerting import Alerting, oncall_desk
from notifier.clock import VirtualClock
from notifier.interfaces import AlertSelection, Result, Selection, SourceMark
from notifier.model.alert import Alert, AlertState
from notifier.model.duration import parse_duration
from notifier.model.job import Job, Step
from notifier.model.reminder import Reminder, State
from notifier.store.memory import MemoryStore
from notifier.troubles import Troubles, clock_trouble
from tests.fakes.orders import make_job
from tests.fakes.rows import LEASE, attempt, planned, plans
from tests.fakes.staff import HOUR, MINUTE, NOON, staff


class Decidable(MemoryStore):
    """A store whose held messages somebody decides about."""

    decided = False

    async def list_reminders(self, selection: Selection) -> Sequence[Reminder]:
        return [] if self.decided else await super().list_reminders(selection)


class Machine:
    """Troubles with these jobs, a store and a clock."""

    def __init__(self, *jobs: Job) -> None:
        self.store, self.clock = Decidable(), VirtualClock(NOON)
        self.jobs = {job.name: job for job in jobs}
        desk = oncall_desk(staff(), self.jobs, "UTC")
        self.alerting = Alerting(self.store, lambda: desk, self.clock, self._ended)
        self.troubles = Troubles(self.store, self.alerting, lambda: self.jobs)

    async def _ended(self, number: int) -> None:
        """Nobody is ever being called here."""

    async def alert(self) -> Alert:
        (found,) = await self.store.list_alerts(AlertSelection(tuple(AlertState)))
        return found

    async def hold(self, order: str) -> None:
        """A message about this order left, and nobody knows how that ended."""
        now = self.clock.now()
        await self.store.set_mark(SourceMark("shop"))
        await self.store.apply(plans(planned(order, due=now)))
        (row,) = await self.store.claim(now, now + LEASE, 1)
        await self.store.intend([attempt(order, row, started=now)], now)
        await self.store.record([Result(order, State.HELD, "no answer", "unknown")], now)


def job(name: str, *after: str) -> Job:
    found = make_job(name.replace("_", "-"), f"system.{name}", "0s after", to="orders", channels=())
    return replace(found, steps=tuple(Step(parse_duration(length)) for length in after) or found.steps)


async def test_a_message_in_doubt_is_raised_once_and_closed_when_it_is_decided() -> None:
    machine = Machine(job("in_doubt"))
    await machine.hold("1001")
    for _ in range(3):
        await machine.troubles.in_doubt()
    alert = await machine.alert()
    assert (alert.state, alert.key.order, alert.times) == (AlertState.OPEN, "1001", 1)
    machine.store.decided = True
    await machine.troubles.in_doubt()
    alert = await machine.alert()
    assert (alert.state, alert.reason) == (AlertState.RESOLVED, "it is decided")


async def test_what_somebody_closed_is_not_raised_again() -> None:
    machine = Machine(job("in_doubt"))
    await machine.hold("1001")
    await machine.troubles.in_doubt()
    await machine.alerting.resolve((await machine.alert()).id, "ann")
    await machine.troubles.in_doubt()
    assert (await machine.alert()).state is AlertState.RESOLVED


async def test_what_closed_by_itself_is_raised_again_while_it_lasts() -> None:
    machine = Machine(job("in_doubt"))
    await machine.hold("1001")
    await machine.troubles.in_doubt()
    await machine.alerting.resolve_all([(await machine.alert(), "by mistake")])
    await machine.troubles.in_doubt()
    assert (await machine.alert()).state is AlertState.OPEN


async def test_a_silence_is_an_alert_after_its_time_and_opens_again_at_a_later_step() -> None:
    machine = Machine(job("source_silent", "10m", "4h"))
    await machine.troubles.silent("shop", 9 * MINUTE, "no answer")
    assert await machine.store.list_alerts(AlertSelection(tuple(AlertState))) == []
    for lasts in (10 * MINUTE, HOUR):
        await machine.troubles.silent("shop", lasts, "no answer")
    alert = await machine.alert()
    assert (alert.key.source, alert.times, alert.what) == ("shop", 1, "no answer")
    await machine.alerting.acknowledge(alert.id, "ann")
    await machine.troubles.silent("shop", 4 * HOUR, "no answer")
    alert = await machine.alert()
    assert (alert.state, alert.step, alert.round) == (AlertState.OPEN, 1, 2)


async def test_a_job_that_is_switched_off_leaves_no_alert_behind() -> None:
    machine = Machine(job("source_silent"), job("clock_wrong"))
    await machine.store.set_mark(SourceMark("shop"))
    await machine.troubles.silent("shop", HOUR, "no answer")
    await machine.troubles.switched_off()
    assert (await machine.alert()).state is AlertState.OPEN
    assert machine.troubles.minds_the_clock
    machine.jobs.clear()
    await machine.troubles.switched_off()
    alert = await machine.alert()
    assert (alert.state, alert.reason) == (AlertState.RESOLVED, "the job is switched off or gone")
    assert not machine.troubles.minds_the_clock


@pytest.mark.parametrize(("behind", "wrong"), [(timedelta(), False), (5 * MINUTE, False), (6 * MINUTE, True)])
def test_a_clock_may_be_put_back_a_little(behind: timedelta, wrong: bool) -> None:
    assert bool(clock_trouble(NOON - behind, NOON)) is wrong
    assert clock_trouble(NOON, None) == ""
