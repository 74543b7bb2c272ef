"""Which reminders ought to exist: moments, conditions, steps, deadlines, merging, the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.model.duration import parse_duration
from notifier.model.job import Condition, Job, Step
from notifier.model.order import AftersalesCase, CaseKind, Customer, Order, OrderState, Parcel, Review
from notifier.model.reminder import Declined, Key, Planned
from notifier.model.shop import Shop
from notifier.rules.plan import HELD, Planner

T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_ONCE = parse_duration("0s")


def job(name: str = "nudge", event: str = "order.placed", after: str = "12h", **changes: object) -> Job:
    basic = Job(name, event, (Step(parse_duration(after)),), parse_duration("24h"), ("email",))
    return replace(basic, **changes)  # type: ignore[arg-type]


def order(**changes: object) -> Order:
    return replace(Order("shop", "1", OrderState.UNPAID, placed=T0), **changes)  # type: ignore[arg-type]


def plan(jobs: list[Job], what: Order, now: datetime = T0, shop: Shop | None = None) -> list[Planned]:
    return list(Planner(jobs, shop or Shop()).plan(what, now).wanted)


def test_a_moment_and_an_offset_make_a_reminder() -> None:
    [reminder] = plan([job()], order())
    assert reminder == Planned(Key("shop", "1", "nudge"), T0 + 12 * HOUR, T0 + 36 * HOUR)


def test_each_step_is_a_reminder_of_its_own() -> None:
    steps = (Step(parse_duration("12h")), Step(parse_duration("20h")))
    assert [(p.key.step, p.due) for p in plan([job(steps=steps)], order())] == [
        (0, T0 + 12 * HOUR),
        (1, T0 + 20 * HOUR),
    ]


def test_a_deadline_counts_backwards_and_ends_at_the_deadline() -> None:
    before = job(event="order.pay_by", steps=(Step(parse_duration("2h"), before=True),))
    [reminder] = plan([before], order(pay_by=T0 + 48 * HOUR))
    assert (reminder.due, reminder.until) == (T0 + 46 * HOUR, T0 + 48 * HOUR)


def test_a_step_for_the_staff_ends_where_the_next_begins() -> None:
    steps = (Step(parse_duration("6h"), before=True), Step(parse_duration("2h"), before=True), Step(AT_ONCE))
    late = job(event="order.ship_by", steps=steps, to="shipping")
    limit = T0 + 24 * HOUR
    found = plan([late], order(ship_by=limit))
    assert [(r.due - limit) / HOUR for r in found] == [-6, -2, 0]
    assert [(r.until - limit) / HOUR for r in found] == [-2, 0, 24]
    customers = plan([replace(late, to="customer", steps=late.steps[:2])], order(ship_by=limit))
    assert [r.until for r in customers] == [limit, limit]


def test_the_staff_works_by_the_clock_of_the_shop() -> None:
    at_ten = job(after="3d", at=time(10))
    abroad = order(customer=Customer(zone="America/New_York"))
    shop = Shop(zone="Asia/Shanghai")
    assert plan([at_ten], abroad, shop=shop)[0].due == datetime(2026, 3, 4, 15, tzinfo=UTC)
    assert plan([replace(at_ten, to="shipping")], abroad, shop=shop)[0].due == datetime(2026, 3, 4, 2, tzinfo=UTC)


def test_a_moment_that_has_not_come_plans_nothing_and_says_so() -> None:
    planner = Planner([job(event="order.delivered")], Shop())
    assert planner.plan(order(), T0).wanted == ()
    assert planner.explain(order(), T0) == [Declined(Key("shop", "1", "nudge"), "it has not been delivered")]


def test_a_condition_that_fails_gives_its_reason() -> None:
    paid = order(state=OrderState.PAID, paid=T0 + HOUR)
    planner = Planner([job(only_if=(Condition("unpaid"),))], Shop())
    assert planner.plan(paid, T0).wanted == ()
    assert planner.ask(Key("shop", "1", "nudge"), paid, T0) == "the order is paid"


def test_a_cancelled_order_says_nothing_but_about_its_cases() -> None:
    case = AftersalesCase("c1", CaseKind.REFUND, requested=T0, paid=T0 + HOUR)
    cancelled = order(state=OrderState.CANCELLED, cases=(case,))
    jobs = [job(), job("refund-done", "case.paid", "0s"), job("sorry", "order.cancelled", "0s")]
    assert [p.key.job for p in plan(jobs, cancelled)] == ["refund-done"]
    assert Planner(jobs, Shop()).ask(Key("shop", "1", "nudge"), cancelled, T0) == "the order was cancelled"
    assert {p.key.job for p in plan(jobs, replace(cancelled, cancelled=T0))} == {"refund-done", "sorry"}


def test_a_review_of_a_cancelled_order_is_still_one() -> None:
    written = order(state=OrderState.CANCELLED, cancelled=T0, reviews=(Review("r1", 1, T0),))
    assert [p.key.subject for p in plan([job("bad-review", "review.written", "0s")], written)] == ["r1"]


def test_the_programs_own_troubles_are_no_matter_of_an_order() -> None:
    planner = Planner([job("source-silent", "system.source_silent", "0s", to="admins")], Shop())
    assert planner.plan(order(), T0).wanted == ()
    assert planner.explain(order(), T0) == []
    assert planner.ask(Key("shop", "1", "source-silent"), order(), T0) == "it is about the program, not about an order"


def test_an_unknown_state_holds_everything() -> None:
    answer = Planner([job()], Shop()).plan(order(state=OrderState.OTHER), T0)
    assert (answer.wanted, answer.held) == ((), HELD)


def test_every_parcel_has_its_own_reminder() -> None:
    parcels = (Parcel("a", shipped=T0), Parcel("b", shipped=T0 + HOUR), Parcel("c"))
    shipped = order(state=OrderState.SHIPPED, parcels=parcels)
    assert [p.key.subject for p in plan([job(event="parcel.shipped", after="0s")], shipped)] == ["a", "b"]


def test_parcels_within_the_window_are_due_together() -> None:
    minutes = [0, 4, 9, 11, 20]
    parcels = tuple(Parcel(str(m), shipped=T0 + timedelta(minutes=m)) for m in minutes)
    merging = job(event="parcel.shipped", after="0s", merge=parse_duration("10m"))
    dues = {p.key.subject: (p.due - T0).seconds // 60 for p in plan([merging], order(parcels=parcels))}
    assert dues == {"0": 10, "4": 10, "9": 10, "11": 21, "20": 21}


@given(st.lists(st.integers(0, 3600), min_size=1, max_size=8))
def test_merging_never_delays_by_more_than_its_window(seconds: list[int]) -> None:
    parcels = tuple(Parcel(str(n), shipped=T0 + timedelta(seconds=s)) for n, s in enumerate(seconds))
    merging = job(event="parcel.shipped", after="0s", merge=parse_duration("10m"))
    for reminder in plan([merging], order(parcels=parcels)):
        waited = reminder.due - (parcels[int(reminder.key.subject)].shipped or T0)
        assert timedelta() <= waited <= timedelta(minutes=10)


def test_the_local_time_is_the_customers() -> None:
    shanghai = order(customer=replace(order().customer, zone="Asia/Shanghai"))
    [reminder] = plan([job(after="3d", at=time(10))], shanghai)
    assert reminder.due == datetime(2026, 3, 4, 2, tzinfo=UTC)


def test_greeting_days_near_are_occurrences() -> None:
    shop = Shop(zone="Asia/Shanghai", greetings={date(2026, 3, 10): "Day of Trees", date(2026, 12, 1): "Far Away"})
    greeting = job("greet", "calendar.greetings", "0d", at=time(10))
    [reminder] = plan([greeting], order(), shop=shop)
    assert reminder.key == Key("shop", "1", "greet", occurrence="2026-03-10")
    assert reminder.due == datetime(2026, 3, 10, 2, tzinfo=UTC)
    assert Planner([greeting], shop).ask(reminder.key, order(), T0) == reminder


def test_a_cron_job_is_planned_one_occurrence_ahead() -> None:
    weekly = job("weekly", "", "0s", cron="0 10 * * MON")
    [reminder] = plan([weekly], order())
    assert reminder.due == datetime(2026, 3, 2, 10, tzinfo=UTC)
    again = Planner([weekly], Shop()).ask(reminder.key, order(), reminder.due + HOUR)
    assert again == reminder


def test_a_cron_occurrence_that_waits_is_not_forgotten() -> None:
    weekly = job("weekly", "", "0s", cron="0 10 * * MON", within=parse_duration("24h"))
    monday = datetime(2026, 3, 2, 10, tzinfo=UTC)
    dues = [reminder.due for reminder in plan([weekly], order(), monday + 20 * HOUR)]
    assert dues == [monday, monday + timedelta(days=7)]
    assert [r.due for r in plan([weekly], order(), monday + 25 * HOUR)] == [monday + timedelta(days=7)]


def test_only_jobs_of_the_calendar_need_the_night() -> None:
    shop = Shop(greetings={date(2026, 3, 10): "Day of Trees"})
    assert not Planner([job()], shop).by_calendar
    assert Planner([job("greet", "calendar.greetings", "0d")], shop).by_calendar
    assert not Planner([job("greet", "calendar.greetings", "0d")], Shop()).by_calendar
    assert Planner([job("weekly", "", "0s", cron="0 10 * * MON")], Shop()).by_calendar


def test_asking_about_what_is_gone() -> None:
    planner = Planner([job()], Shop())
    assert planner.ask(Key("shop", "1", "nudge", step=3), order(), T0) == "the job has fewer steps now"
    assert planner.ask(Key("shop", "1", "other"), order(), T0) == "the job is switched off or gone"
    parcels = Planner([job(event="parcel.shipped")], Shop())
    gone = parcels.ask(Key("shop", "1", "nudge", "p9"), order(parcels=(Parcel("p1", shipped=T0),)), T0)
    assert gone == "the part of the order that it was about is gone"


def test_jobs_that_are_switched_off_are_not_asked() -> None:
    assert plan([job(enabled=False)], order()) == []


@given(st.integers(0, 87_000).map(lambda hours: T0 + hours * HOUR))
def test_planning_twice_gives_the_same(placed: datetime) -> None:
    jobs = [job(), job("later", after="2mo", at=time(10)), job("worked", after="2wd")]
    assert plan(jobs, order(placed=placed)) == plan(jobs, order(placed=placed), placed + 400 * HOUR)
