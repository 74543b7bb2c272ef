"""When digests are due, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from notifier.model.duration import parse_duration
from notifier.model.job import Days, Job
from notifier.model.oncall import Agent, OnCall, Period, Policy, PolicyStep, Shift
from notifier.model.reminder import Planned
from notifier.model.shop import Shop, WorkCalendar
from notifier.rules.digests.planning import instant_on, is_last_workday, plan_digests, still_wanted
from notifier.rules.duty import Roster
from tests.fakes.orders import make_job

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = frozenset(range(5))
SHOP = Shop(zone="Asia/Shanghai")
HOURS = (Period(WEEK, time(8, 30), time(12)), Period(WEEK, time(13), time(17, 30)))
ONCALL = OnCall(
    agents={
        "amy": Agent("amy", periods=HOURS, days_off=frozenset({date(2026, 3, 4)})),
        "ben": Agent("ben", periods=(Period(WEEK, time(18), time(2)),)),
        "cleo": Agent("cleo"),
        "dan": Agent("dan", periods=HOURS, zone="America/New_York"),
    },
    groups={"team": ("amy", "ben"), "late": ("ben",)},
    shifts={"evening": Shift("evening", ("amy", "cleo"), date(2026, 3, 2), 1, (Period(WEEK, time(13), time(17)),))},
    policies={"desk": Policy("desk", (PolicyStep(("team",), ()), PolicyStep(("cleo",), ())))},
)
ROSTER = Roster(ONCALL, SHOP.zone)


def listing(**changes: Any) -> Job:
    base = make_job("morning-list", "", "0s after", digest="morning-list", within=parse_duration("3h"))
    return replace(base, **{"cron": "45 8 * * *", "to": "desk", **changes})


def shifts(event: str, step: str = "0s after", **changes: Any) -> Job:
    return listing(event=event, cron="", steps=make_job(step=step).steps, **changes)


def plan(job: Job, now: datetime = MONDAY, days: float = 1, shop: Shop = SHOP) -> list[Planned]:
    return plan_digests([job], ONCALL, Roster(ONCALL, shop.zone), shop, now, timedelta(days=days))


def told(job: Job, now: datetime = MONDAY, days: float = 1) -> list[tuple[str, str]]:
    """Who, and when on the shop's clock."""
    shanghai = timedelta(hours=8)
    return [(p.key.subject, f"{p.due + shanghai:%a %H:%M}") for p in plan(job, now, days)]


def test_by_the_clock_a_policy_tells_its_first_step() -> None:
    assert told(listing()) == [("amy", "Mon 08:45"), ("ben", "Mon 08:45")]


def test_only_who_works_on_that_day_is_told() -> None:
    assert told(listing(to="amy"), days=7) == [("amy", f"{day} 08:45") for day in ("Mon", "Tue", "Thu", "Fri")]
    saturday = MONDAY + timedelta(days=5)
    assert told(listing(to="late"), saturday - timedelta(hours=4)) == [("ben", "Sat 08:45")], "until two at night"
    assert told(listing(to="late"), saturday + timedelta(days=1)) == []


def test_of_a_shift_whoever_has_it_that_day() -> None:
    assert told(listing(to="evening"), days=2) == [("amy", "Mon 08:45"), ("cleo", "Tue 08:45")]


def test_who_has_no_hours_is_told_every_day() -> None:
    assert len(told(listing(to="cleo"), days=7)) == 7


def test_nobody_is_told_under_a_name_that_nobody_has() -> None:
    assert plan(listing(to="nobody")) == []
    assert plan(listing(enabled=False)) == []
    assert plan(listing(digest="")) == []


def test_work_begins_and_ends_by_each_ones_hours_and_a_break_ends_nothing() -> None:
    assert told(shifts("shift.start", to="team")) == [("amy", "Mon 08:30"), ("ben", "Mon 18:00")]
    ends = told(shifts("shift.end", "15m before", to="team"))
    assert ends == [("amy", "Mon 17:15"), ("ben", "Tue 01:45")]
    assert told(shifts("shift.start", to="dan"), days=1) == [("dan", "Mon 21:30")]


def test_a_long_break_ends_a_shift() -> None:
    periods = (Period(WEEK, time(8), time(10)), Period(WEEK, time(14), time(18)))
    oncall = OnCall(agents={"amy": Agent("amy", periods=periods)})
    job = shifts("shift.start", to="amy")
    found = plan_digests([job], oncall, Roster(oncall, SHOP.zone), SHOP, MONDAY, timedelta(hours=12))
    assert [p.due.hour + 8 for p in found] == [8, 14]


def test_who_is_always_on_duty_has_neither_a_start_nor_an_end() -> None:
    assert plan(shifts("shift.start", to="cleo"), days=2) == []
    assert plan(shifts("shift.end", to="cleo"), days=2) == []


def test_the_key_is_the_instant_it_counts_from() -> None:
    first, second = plan(shifts("shift.end", "15m before", to="team"))
    assert first.key[:5] == ("", "", "morning-list", "amy", 0)
    assert first.key.occurrence == "2026-03-02T09:30:00+00:00"
    assert first.until - first.due == timedelta(hours=3)
    assert first.key != second.key


def test_several_steps_are_several_digests() -> None:
    steps = (*make_job(step="1h before").steps, *make_job(step="15m before").steps)
    found = plan(replace(shifts("shift.end", to="amy"), steps=steps))
    assert [(p.key.step, f"{p.due:%H:%M}") for p in found] == [(0, "08:30"), (1, "09:15")]


def test_what_still_makes_sense_is_planned_after_an_outage_and_what_does_not_is_not() -> None:
    due = datetime(2026, 3, 2, 0, 45, tzinfo=UTC)
    assert [p.due for p in plan(listing(to="amy"), due + timedelta(hours=3), 0.5)] == [due]
    assert plan(listing(to="amy"), due + timedelta(hours=3, seconds=1), 0.5) == []
    assert [p.due for p in plan(listing(to="amy"), due, 0)] == [due]


def test_planning_at_any_time_gives_the_same_keys() -> None:
    job = shifts("shift.end", "15m before", to="team")
    keys = {p.key for p in plan(job, MONDAY, 2)}
    again = {p.key for hour in range(0, 40, 5) for p in plan(job, MONDAY + timedelta(hours=hour), 0.3)}
    assert again <= {p.key for p in plan(job, MONDAY, 3)}
    assert keys <= {p.key for p in plan(job, MONDAY - timedelta(hours=7), 3)}


def test_a_digest_is_wanted_as_long_as_nothing_has_changed() -> None:
    job = shifts("shift.end", "15m before", to="team")
    for planned in plan(job, days=2):
        assert still_wanted(planned.key, planned.due, job, ONCALL, ROSTER, SHOP)
        assert not still_wanted(planned.key, planned.due, shifts("shift.start", to="team"), ONCALL, ROSTER, SHOP)
        nobody = OnCall()
        assert not still_wanted(planned.key, planned.due, job, nobody, Roster(nobody, SHOP.zone), SHOP)


@pytest.mark.parametrize(
    ("day", "calendar", "last"),
    [
        (date(2026, 3, 31), WorkCalendar(), True),
        (date(2026, 3, 30), WorkCalendar(), False),
        (date(2026, 5, 29), WorkCalendar(), True),
        (date(2026, 5, 31), WorkCalendar(), False),
        (date(2026, 5, 30), WorkCalendar(workdays=frozenset({date(2026, 5, 30)})), True),
        (date(2026, 3, 30), WorkCalendar(holidays=frozenset({date(2026, 3, 31)})), True),
        (date(2026, 9, 30), WorkCalendar("CN"), True),
        (date(2026, 2, 28), WorkCalendar("CN"), True),  # a Saturday, worked for the Spring Festival
        (date(2026, 2, 27), WorkCalendar("CN"), False),
    ],
)
def test_the_last_working_day_of_a_month(day: date, calendar: WorkCalendar, last: bool) -> None:
    assert is_last_workday(day, Shop(calendar=calendar)) is last


def test_a_digest_of_the_last_working_day_comes_once_a_month() -> None:
    job = listing(cron="0 16 * * *", on=Days.LAST_WORKDAY, to="cleo")
    days = [p.due.date() for p in plan(job, datetime(2026, 1, 1, tzinfo=UTC), 95)]
    assert days == [date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 31)]
    assert len(plan(listing(on=Days.WORKDAY, to="cleo"), days=7)) == 5


def test_the_instant_of_a_day() -> None:
    assert instant_on(date(2026, 3, 2), listing(), ROSTER, SHOP) == datetime(2026, 3, 2, 0, 45, tzinfo=UTC)
    assert instant_on(date(2026, 3, 2), listing(cron="0 9 1 * *"), ROSTER, SHOP) == datetime(2026, 3, 2, 1, tzinfo=UTC)
    start = shifts("shift.start", to="team", enabled=False)
    assert instant_on(date(2026, 3, 2), start, ROSTER, SHOP) == datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    assert instant_on(date(2026, 3, 7), start, ROSTER, SHOP) == datetime(2026, 3, 7, 1, tzinfo=UTC)
