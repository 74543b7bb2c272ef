"""Promotions: jobs and hours that differ for a while, by the moment and not by the day on which somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.model.duration import parse_duration
from notifier.model.job import Condition, Job, Step, Variant
from notifier.model.oncall import Agent, OnCall, Period, Shift, SpecialHours
from notifier.model.order import Order, OrderState, Parcel
from notifier.model.reminder import Declined, Key
from notifier.model.shop import Shop
from notifier.rules.duty import Roster
from notifier.rules.plan import Planner

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 11, 10, tzinfo=UTC)
END = datetime(2026, 11, 12, tzinfo=UTC)
DAILY = frozenset(range(7))


def steps(*after: str) -> tuple[Step, ...]:
    return tuple(Step(parse_duration(each)) for each in after)


def job(event: str = "order.placed", **changes: object) -> Job:
    basic = Job("nudge", event, steps("12h"), parse_duration("24h"), ("email",))
    return replace(basic, **changes)  # type: ignore[arg-type]


def promoted(basic: Job, **changes: object) -> Job:
    changed = replace(basic, **changes)  # type: ignore[arg-type]
    return replace(basic, variants=(Variant("eleven", START, END, changed),))


def order(placed: datetime, **changes: object) -> Order:
    return replace(Order("shop", "1", OrderState.UNPAID, placed=placed), **changes)  # type: ignore[arg-type]


def planner(*jobs: Job) -> Planner:
    return Planner(jobs, Shop())


def dues(what: Planner, about: Order, now: datetime) -> list[timedelta]:
    assert about.placed
    return [planned.due - about.placed for planned in what.plan(about, now).wanted]


def test_the_moment_decides_from_the_start_until_just_before_the_end() -> None:
    what = planner(promoted(job(), steps=steps("2h", "4h"), within=parse_duration("1h")))
    tick = timedelta(microseconds=1)
    assert dues(what, order(START - tick), START) == [12 * HOUR]
    assert dues(what, order(START), START) == [2 * HOUR, 4 * HOUR]
    assert dues(what, order(END - tick), START) == [2 * HOUR, 4 * HOUR]
    assert dues(what, order(END), START) == [12 * HOUR]
    assert [p.until - p.due for p in what.plan(order(START), START).wanted] == [HOUR, HOUR]


seconds = st.integers(-7 * 86_400, 7 * 86_400).map(lambda count: timedelta(seconds=count))


@given(seconds, st.lists(seconds, min_size=2, max_size=6), st.booleans())
def test_a_plan_stays_the_same_while_promotions_begin_and_end(
    moment: timedelta, looks: Sequence[timedelta], merges: bool
) -> None:
    merge = parse_duration("10m") if merges else None
    parcels = (Parcel("a", shipped=START + moment), Parcel("b", shipped=END + moment))
    what = planner(
        promoted(job("parcel.shipped"), steps=steps("1h", "2h"), merge=merge),
        promoted(job(name="other", merge=merge), steps=steps("30m"), at=time(10)),
    )
    about = order(START + moment, parcels=parcels)
    plans = {what.plan(about, START + now) for now in looks}
    assert len(plans) == 1
    (plan,) = plans
    for planned in plan.wanted:
        for now in looks:
            assert what.ask(planned.key, about, START + now) == planned


def test_conditions_of_the_promotion_are_asked_for_its_moments() -> None:
    what = planner(promoted(job(), only_if=(Condition("unpaid"),)))
    paid = order(START, state=OrderState.PAID)
    assert what.ask(Key("shop", "1", "nudge"), paid, START) == "the order is paid"
    assert dues(what, replace(paid, placed=END), START) == [12 * HOUR]


def test_a_job_may_be_switched_off_or_on_for_a_while() -> None:
    off = planner(promoted(job(), enabled=False))
    assert off.explain(order(START), START) == [
        Declined(Key("shop", "1", "nudge"), "the job is switched off during eleven")
    ]
    assert dues(off, order(END), START) == [12 * HOUR]
    on = planner(promoted(job(enabled=False), enabled=True))
    assert dues(on, order(START), START) == [12 * HOUR]
    assert on.ask(Key("shop", "1", "nudge"), order(END), START) == "the job is switched off or gone"
    assert not planner(promoted(job(enabled=False), at=time(10))).jobs


def test_each_occurrence_of_a_calendar_job_has_its_own_moment() -> None:
    weekly = job("", cron="0 10 * * *", steps=steps("0s"), within=parse_duration("3d"))
    what = planner(promoted(weekly, at=time(15), within=parse_duration("6d")))
    found = sorted(what.plan(order(START), END + 12 * HOUR).wanted, key=lambda planned: planned.due)
    assert [(planned.due.day, planned.due.hour) for planned in found[-4:]] == [(10, 15), (11, 15), (12, 10), (13, 10)]
    assert found[0].due.day == 7, "what waits longer in a promotion is not forgotten"
    keys = [planned.key for planned in found[-4:]]
    assert [what.job_for(key, order(START), END).at for key in keys] == [time(15), time(15), None, None]


def test_what_is_sent_is_sent_as_the_moment_says() -> None:
    basic = job("parcel.shipped")
    what = planner(promoted(basic, channels=("sms",)))
    parcels = (Parcel("a", shipped=START), Parcel("b", shipped=END), Parcel("c"))
    about, now = order(START, parcels=parcels), END + DAY
    ways = [what.job_for(Key("shop", "1", "nudge", subject), about, now).channels for subject in "abcd"]
    assert ways == [("sms",), ("email",), ("email",), ("email",)]
    assert planner(basic).job_for(Key("shop", "1", "nudge", "a"), about, now) is basic


def test_fewer_steps_in_a_promotion() -> None:
    what = planner(promoted(job(steps=steps("1h", "2h")), steps=steps("1h")))
    key = Key("shop", "1", "nudge", step=1)
    assert what.ask(key, order(START), START) == "the job has fewer steps now"
    assert not isinstance(what.ask(key, order(END), START), str)


def test_a_comparison_only_in_a_promotion_counts() -> None:
    one, other = job(), promoted(job(), only_if=(Condition("no_newer_order"),))
    assert not planner(one).compares(one)
    assert planner(other).compares(other)


def test_hours_of_a_promotion_stand_in_place_of_the_own() -> None:
    office, long = (Period(DAILY, time(9), time(17)),), (Period(DAILY, time(8), time(0)),)
    amy = Agent("amy", periods=office, days_off=frozenset({date(2026, 11, 11)}))
    ben = Agent("ben", periods=office)
    nights = Shift("nights", ("ben",), date(2026, 1, 1), 1, (Period(DAILY, time(20), time(23)),))
    special = SpecialHours(date(2026, 11, 10), date(2026, 11, 11), {"amy": long, "ben": ()})
    agents = {"amy": amy, "ben": ben}
    roster = Roster(OnCall(agents, {}, {"nights": nights}, special=(special,)), "Asia/Shanghai")
    start = datetime(2026, 11, 8, 16, tzinfo=UTC)

    def hours(who: str) -> list[tuple[int, int]]:
        spans = roster.duty([who], start, start + 4 * DAY)
        return [(int((span.start - start) / HOUR), int((span.end - start) / HOUR)) for span in spans]

    assert hours("amy") == [(9, 17), (32, 48), (81, 89)], "a day off stays one"
    assert hours("ben") == [(9, 17), (24, 72), (81, 89)], "no hours are all hours"
    assert hours("nights") == [(44, 47), (68, 71)]
    assert len(roster.holes("nights", start, start + 4 * DAY)) == 2
