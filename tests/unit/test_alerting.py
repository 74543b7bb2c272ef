"""Alerts are raised, taken, put off and closed, and their calls follow, whoever else is at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from notifier.alerting import Alerting, EndedElsewhere, Raising, oncall_desk
from notifier.clock import VirtualClock
from notifier.errors import StoreError, UsageError
from notifier.interfaces import AlertChange, Result, Ruling, SourceMark
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.job import Job, Urgency
from notifier.model.oncall import OnCall
from notifier.model.order import Money
from notifier.model.reminder import Reminder, State
from notifier.rules.ladder import RESOLVED_STEP, agent_of, round_of
from notifier.store.memory import MemoryStore
from tests.fakes.orders import make_job
from tests.fakes.rows import LEASE, attempt, planned, plans
from tests.fakes.staff import ANN, HOUR, KEY, MINUTE, NOON, ORDERS, STEPS, SUE, away, staff

JOB = make_job("ship-deadline", "order.ship_by", "6h before", to="orders", channels=())
Meddling = Callable[["Crowded"], Awaitable[object]]


class Crowded(MemoryStore):
    """A store in which others do something right before a change comes in, or somebody looks at calls.

    Once for each entry of `meddling`, and of `looking`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.meddling: list[Meddling] = []
        self.looking: list[Meddling] = []
        self.batches = 0

    async def calls(self, ids: Collection[int]) -> Mapping[int, Sequence[Reminder]]:
        if self.looking:
            await self.looking.pop(0)(self)
        return await super().calls(ids)

    async def change_alerts(self, changes: Sequence[AlertChange], now: datetime) -> Sequence[Alert | None]:
        if self.meddling:
            await self.meddling.pop(0)(self)
        self.batches += 1
        return await super().change_alerts(changes, now)

    async def put(self, alert: Alert) -> None:
        """Change an alert as another process would."""
        await super().change_alerts([AlertChange(alert)], NOON)


async def nothing(_: Crowded) -> None:
    """Others leave everything alone."""


async def touch(store: Crowded) -> None:
    """Somebody changes alert 1."""
    await store.put((await store.alerts([1]))[1])


class Desk:
    """Alerting with a crowded store and a clock; `waited` are the alerts whose calls were waited for."""

    def __init__(self, oncall: OnCall | None = None, *jobs: Job) -> None:
        self.store = Crowded()
        self.clock = VirtualClock(NOON)
        self.waited: list[int] = []
        self.rung = 0
        self.settings(oncall or staff(), *jobs)
        self.alerting = Alerting(self.store, lambda: self.desk, self.clock, self._ended, self._again)

    def settings(self, oncall: OnCall, *jobs: Job) -> None:
        """Reload."""
        self.desk = oncall_desk(oncall, {job.name: job for job in jobs or [JOB]}, "UTC")

    async def _ended(self, number: int) -> None:
        now, waiting = self.clock.now(), await self.calls(number, State.PLANNED)
        assert not [call for call in waiting if call.due <= now and call.key.step != RESOLVED_STEP]
        self.waited.append(number)

    def _again(self) -> None:
        self.rung += 1

    async def opened(self, job: Job = JOB, key: AlertKey = KEY) -> Alert:
        [found] = await self.alerting.raise_all([Raising(job, key)])
        assert found is not None
        return found

    async def calls(self, number: int = 1, *states: State) -> list[Reminder]:
        found = (await self.store.calls([number]))[number]
        return [call for call in found if call.state in (states or State)]

    async def told(self, number: int = 1, state: State = State.PLANNED) -> list[str]:
        """The calls of an alert in one state, as `12:15 sue`."""
        calls = sorted(await self.calls(number, state), key=lambda call: (call.due, agent_of(call.key)))
        return [f"{call.due:%H:%M} {agent_of(call.key)}" for call in calls]

    async def dial(self, count: int) -> Sequence[Reminder]:
        """The first so many calls that are due leave, and nobody knows yet how that ended."""
        now = self.clock.now()
        rows = await self.store.claim(now, now + LEASE, count)
        names = [f"a{row.id}" for row in rows]
        attempts = [attempt(name, row, started=now) for name, row in zip(names, rows, strict=True)]
        assert await self.store.intend(attempts, now) == names
        return rows

    async def ends(self, row: Reminder, state: State = State.ACCEPTED, wake: datetime | None = None) -> None:
        await self.store.record([Result(f"a{row.id}", state, "", "", wake=wake)], self.clock.now())

    async def history(self, number: int = 1) -> list[tuple[str, str, str]]:
        return [(entry.what, entry.by, entry.text) for entry in await self.store.history(number)]


async def due_reminder(desk: Desk, order: str = "1001") -> Ruling:
    """A reminder of the job came due; what is to be decided about it."""
    await desk.store.apply(plans(planned(order, JOB.name, NOON)))
    [row] = await desk.store.claim(NOON, NOON + LEASE, 1)
    return Ruling(row.id, row.fence, State.RAISED, "it is an alert now")


async def state_of(desk: Desk, ruling: Ruling, order: str = "1001") -> State:
    rows = (await desk.store.reminders("shop", [order]))[order]
    return next(row.state for row in rows if row.id == ruling.id)


# Raising


async def test_an_alert_is_opened_together_with_its_calls_and_the_end_of_its_reminder() -> None:
    desk = Desk()
    ruling, risk = await due_reminder(desk), Money(Decimal(30), "CNY")
    [found] = await desk.alerting.raise_all([Raising(JOB, KEY, 0, ruling, "late", risk)])
    assert found is not None
    assert (found.id, found.key, found.policy, found.what, found.risk) == (1, KEY, "orders", "late", risk)
    assert (await desk.told())[:3] == ["12:00 ann", "12:00 bob", "12:15 sue"]
    assert await state_of(desk, ruling) is State.RAISED
    assert await desk.history() == [("opened", "", "")]
    assert (desk.rung, desk.store.batches) == (1, 1)


async def test_raised_again_its_calls_are_those_of_the_new_round() -> None:
    desk = Desk()
    await desk.opened()
    desk.clock.advance(10 * MINUTE)
    [found] = await desk.alerting.raise_all([Raising(JOB, KEY, 1)])
    assert found is not None
    assert (found.id, found.step, found.times, found.round) == (1, 1, 2, 2)
    assert (await desk.told())[0] == "12:10 ann"
    assert {call.reason for call in await desk.calls(1, State.CANCELLED)} == {"the alert was raised again"}
    assert await desk.history() == [("opened", "", ""), ("raised", "", "step 2")]


async def test_several_of_one_alert_follow_each_other() -> None:
    desk = Desk()
    other = KEY._replace(order="1002")
    raises = [Raising(JOB, KEY, 2), Raising(JOB, other), Raising(JOB, KEY, 0), Raising(JOB, KEY, 1)]
    found = await desk.alerting.raise_all(raises)
    assert [(alert.key.order, alert.step, alert.times) for alert in found if alert] == [
        ("1001", 2, 3),
        ("1002", 0, 1),
        ("1001", 0, 1),
        ("1001", 1, 2),
    ]
    assert desk.store.batches == 3


async def test_a_reminder_that_somebody_else_has_raises_nothing() -> None:
    desk = Desk()
    ruling = await due_reminder(desk)
    gone = replace(ruling, fence=ruling.fence + 1)
    assert await desk.alerting.raise_all([Raising(JOB, KEY, ruling=gone)]) == [None]
    assert await state_of(desk, ruling) is State.PLANNED
    assert await desk.store.alerts([1]) == {}


async def test_an_alert_that_somebody_else_opens_meanwhile_is_raised_again() -> None:
    desk = Desk()

    async def somebody(store: Crowded) -> None:
        await Alerting(store, lambda: desk.desk, desk.clock, desk._ended).raise_all([Raising(JOB, KEY)])

    desk.store.meddling = [somebody]
    [found] = await desk.alerting.raise_all([Raising(JOB, KEY, 1)])
    assert found is not None
    assert (found.id, found.times, found.step) == (1, 2, 1)


async def test_what_the_program_sees_as_long_as_it_lasts_lets_the_ladder_climb() -> None:
    desk = Desk()
    await desk.opened()
    desk.clock.advance(10 * MINUTE)
    before = await desk.told()
    assert (await desk.opened()).times == 2
    assert await desk.told() == before
    ruling = await due_reminder(desk)
    [found] = await desk.alerting.raise_all([Raising(JOB, KEY, ruling=ruling)])
    assert found is not None
    assert (found.times, found.round) == (3, 2)


async def test_hundreds_are_raised_and_closed_in_one_batch() -> None:
    desk = Desk()
    raises = [Raising(JOB, KEY._replace(order=str(number))) for number in range(400)]
    found = [alert for alert in await desk.alerting.raise_all(raises) if alert]
    assert len(found) == 400
    closed = await desk.alerting.resolve_all([(alert, "shipped") for alert in found])
    assert {alert.state for alert in closed if alert} == {AlertState.RESOLVED}
    assert desk.store.batches == 2


# Taking


async def test_who_takes_it_ends_the_calls() -> None:
    desk = Desk()
    await desk.opened()
    desk.clock.advance(MINUTE)
    found = await desk.alerting.acknowledge(1, "ann", "by SMS")
    assert (found.state, found.by, found.changed) == (AlertState.ACKNOWLEDGED, "ann", NOON + MINUTE)
    assert await desk.told() == []
    assert {call.reason for call in await desk.calls()} == {"ann has taken the alert"}
    assert (await desk.history())[1:] == [("acknowledged", "ann", "by SMS")]
    assert desk.waited == [1]


async def test_what_is_taken_or_over_stays_with_who_had_it() -> None:
    desk = Desk()
    await desk.opened()
    await desk.alerting.acknowledge(1, "ann")
    assert (await desk.alerting.acknowledge(1, "bob")).by == "ann"
    await desk.alerting.resolve(1, "sue", "shipped")
    assert (await desk.alerting.acknowledge(1, "bob")).state is AlertState.RESOLVED
    found = await desk.alerting.resolve(1, "bob", "late")
    assert (found.by, found.reason) == ("sue", "shipped")
    assert [what for what, _, _ in await desk.history()] == ["opened", "acknowledged", "resolved"]
    assert desk.waited == [1] * 5


async def test_an_alert_that_is_not_there_is_said_so() -> None:
    alerting = Desk().alerting
    asked = [
        alerting.get(12),
        alerting.acknowledge(12, "ann"),
        alerting.resolve(12, "ann"),
        alerting.snooze(12, NOON + HOUR, "ann"),
        alerting.note(12, "ann", "called them"),
    ]
    for question in asked:
        with pytest.raises(UsageError, match=r"^there is no alert 12$"):
            await question


async def test_calls_that_came_back_while_it_was_taken_do_not_leave_again() -> None:
    desk = Desk()
    await desk.opened()
    [row] = await desk.dial(1)
    desk.store.meddling = [lambda _: desk.ends(row, State.PLANNED, NOON)]
    await desk.alerting.acknowledge(1, "ann")
    assert desk.waited == [1]
    assert {call.state for call in await desk.calls()} == {State.CANCELLED}


async def test_a_change_that_came_too_late_is_made_again() -> None:
    desk = Desk()
    await desk.opened()
    desk.store.meddling = [touch] * 9
    assert (await desk.alerting.acknowledge(1, "ann")).version == 11
    assert len(await desk.history()) == 2


async def test_after_ten_times_it_is_given_up_with_a_sentence() -> None:
    desk = Desk()
    await desk.opened()
    desk.store.meddling = [touch] * 10
    with pytest.raises(StoreError, match=r"^alert 1 is changed by others all the time; try again in a moment$"):
        await desk.alerting.acknowledge(1, "ann")
    await desk.store.set_mark(SourceMark("shop"))
    desk.settings(staff(ANN, SUE))
    desk.store.meddling = [touch] * 10
    with pytest.raises(StoreError, match=r"^alerts are changed by others"):
        await desk.alerting.replan()


# Closing


async def test_who_was_called_hears_that_it_is_over_but_for_who_closed_it() -> None:
    desk = Desk()
    await desk.opened()
    for row in await desk.dial(2):
        await desk.ends(row)
    desk.clock.advance(5 * MINUTE)
    found = await desk.alerting.resolve(1, "ann", "shipped")
    assert (found.state, found.by, found.reason) == (AlertState.RESOLVED, "ann", "shipped")
    assert await desk.told() == ["12:05 bob"]
    stored = await desk.calls()
    [call] = [call for call in desk.alerting.calls(found, stored) if call.agent == "bob"]
    assert (call.planned.key.step, call.by) == (RESOLVED_STEP, ("chat", "sms"))
    assert {call.reason for call in stored if call.state is State.CANCELLED} == {"the alert is over: shipped"}


async def test_who_was_called_in_the_same_moment_hears_it_too() -> None:
    desk = Desk()
    await desk.opened()
    desk.store.meddling = [lambda _: desk.dial(1)]
    found = await desk.alerting.resolve(1, "sue")
    assert await desk.told() == ["12:00 ann"]
    assert found.version == (await desk.alerting.get(1)).version == 3


async def test_those_that_are_over_by_themselves_are_closed_together() -> None:
    desk = Desk()
    first, second = await desk.opened(), await desk.opened(key=KEY._replace(order="1002"))
    taken = await desk.alerting.acknowledge(2, "ann")
    desk.store.meddling = [touch]
    closed = await desk.alerting.resolve_all([(first, "shipped"), (taken, "cancelled"), (second, "cancelled")])
    assert [(alert.id, alert.state, alert.by, alert.reason) for alert in closed if alert] == [
        (1, AlertState.RESOLVED, "", "shipped"),
        (2, AlertState.RESOLVED, "", "cancelled"),
        (2, AlertState.RESOLVED, "", "cancelled"),
    ]
    assert await desk.history(2) == [
        ("opened", "", ""),
        ("acknowledged", "ann", ""),
        ("resolved", "", "cancelled"),
    ]
    assert await desk.alerting.resolve_all([(alert, "again") for alert in closed if alert]) == [None] * 3


async def test_what_was_raised_or_closed_since_it_was_read_is_left_alone() -> None:
    desk = Desk()
    first, second = await desk.opened(), await desk.opened(key=KEY._replace(order="1002"))
    await desk.opened()
    await desk.alerting.resolve(2, "ann", "done")
    assert await desk.alerting.resolve_all([(first, "shipped"), (second, "shipped")]) == [None, None]
    assert (await desk.alerting.get(1)).state is AlertState.OPEN
    assert (await desk.alerting.get(2)).reason == "done"


# Putting off, and notes


async def test_put_off_its_ladder_begins_again_later() -> None:
    desk = Desk()
    await desk.opened()
    found = await desk.alerting.snooze(1, NOON + 2 * HOUR, "ann")
    assert (found.state, found.started, found.round) == (AlertState.OPEN, NOON + 2 * HOUR, 2)
    assert (await desk.told())[0] == "14:00 ann"
    assert {round_of(call.key) for call in await desk.calls(1, State.PLANNED)} == {2}
    assert (await desk.history())[1] == ("snoozed", "ann", "until 2026-03-02 14:00 UTC")


async def test_what_is_over_or_a_time_that_has_passed_cannot_be_put_off() -> None:
    desk = Desk()
    await desk.opened()
    with pytest.raises(UsageError, match="only be put off to a time that is still to come"):
        await desk.alerting.snooze(1, NOON, "ann")
    await desk.alerting.resolve(1, "ann")
    with pytest.raises(UsageError, match=r"^alert 1 is over"):
        await desk.alerting.snooze(1, NOON + HOUR, "ann")


async def test_a_note_is_a_line_of_its_history() -> None:
    desk = Desk()
    alert = await desk.opened()
    assert await desk.alerting.note(1, "ann", " the carrier calls back ") == alert
    assert await desk.store.history(1) == [
        AlertEntry(1, NOON, "opened"),
        AlertEntry(1, NOON, "note", "ann", "the carrier calls back"),
    ]
    with pytest.raises(UsageError, match="a note needs a text"):
        await desk.alerting.note(1, "ann", " ")


# After a reload


async def test_after_a_change_of_duties_what_waits_goes_to_others() -> None:
    desk = Desk()
    await desk.opened()
    await desk.opened(key=AlertKey("", "", "source-silent", "shop"))
    await desk.store.set_mark(SourceMark("shop"))
    assert await desk.alerting.replan() == 0
    desk.settings(staff(ANN, SUE))
    desk.rung = 0
    assert await desk.alerting.replan() == 2
    for number in (1, 2):
        assert "bob" not in {agent_of(call.key) for call in await desk.calls(number, State.PLANNED)}
    assert {call.reason for call in await desk.calls(1, State.CANCELLED)} == {"duties or the policy have changed"}
    assert desk.rung == 0
    assert await desk.alerting.replan() == 0


async def test_an_alert_follows_its_job_to_another_policy_and_urgency() -> None:
    desk = Desk()
    await desk.opened()
    await desk.store.set_mark(SourceMark("shop"))
    bosses = replace(ORDERS, name="bosses", steps=STEPS[1:2])
    desk.settings(replace(staff(), policies={"bosses": bosses}), replace(JOB, to="bosses", urgency=Urgency.URGENT))
    desk.store.meddling = [touch]
    assert await desk.alerting.replan() == 1
    found = await desk.alerting.get(1)
    assert (found.policy, found.urgency) == ("bosses", Urgency.URGENT)
    assert {agent_of(call.key) for call in await desk.calls(1, State.PLANNED)} == {"sue"}


async def test_without_its_job_and_policy_an_alert_calls_nobody_and_stays() -> None:
    desk = Desk()
    await desk.opened()
    await desk.store.set_mark(SourceMark("shop"))
    desk.settings(replace(staff(), policies={}), replace(JOB, name="another"))
    assert await desk.alerting.replan() == 1
    assert await desk.told() == []
    assert (await desk.alerting.get(1)).state is AlertState.OPEN


async def test_who_is_away_when_it_is_reloaded_is_replaced_for_what_is_still_to_be_said() -> None:
    desk = Desk()
    await desk.opened()
    for row in await desk.dial(2):
        await desk.ends(row)
    await desk.store.set_mark(SourceMark("shop"))
    desk.clock.advance(MINUTE)
    desk.settings(staff(ANN, away(SUE, NOON.date(), 3)))
    await desk.alerting.replan()
    assert (await desk.told())[:2] == ["12:15 ann", "12:45 ann"]


# From another process


async def test_another_process_waits_until_nothing_is_on_its_way() -> None:
    desk = Desk()
    await desk.opened()
    [row] = await desk.dial(1)
    desk.store.looking = [nothing, nothing, lambda _: desk.ends(row)]
    watch = EndedElsewhere(desk.store, seconds=30, every=0.001)
    await watch(1)
    assert not watch.unfinished
    assert not desk.store.looking


async def test_another_process_gives_up_and_knows_it() -> None:
    desk = Desk()
    await desk.opened()
    await desk.dial(1)
    watch = EndedElsewhere(desk.store, seconds=0.01, every=0.001)
    await watch(1)
    await watch(2)
    assert watch.unfinished == {1}


async def test_news_that_it_is_over_may_be_on_its_way() -> None:
    desk = Desk()
    await desk.opened()
    [row] = await desk.dial(1)
    await desk.ends(row)
    await desk.alerting.resolve(1, "sue")
    assert [call.key.step for call in await desk.dial(1)] == [RESOLVED_STEP]
    watch = EndedElsewhere(desk.store, seconds=30)
    await watch(1)
    assert not watch.unfinished
