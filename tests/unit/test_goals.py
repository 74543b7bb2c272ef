"""What reminders are worth: each order counts for one message at most."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.interfaces import SaidRow
from notifier.model.duration import parse_duration
from notifier.model.job import Job
from notifier.model.order import CaseKind, Money, Order
from notifier.model.reminder import OrderKey, State
from notifier.model.shop import Shop
from notifier.rules.digests.goals import Goals, Reached
from tests.fakes.drawn import together
from tests.fakes.orders import make_case, make_customer, make_job, make_order

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
JOBS = {
    job.name: job
    for job in (
        make_job("nudge", goal="paid"),
        make_job("deadline", goal="paid", within=parse_duration("90m")),
        make_job("tracking", "case.agreed", goal="returned"),
        make_job("revisit", "order.completed", goal="placed"),
        make_job("notice"),
        make_job("call", goal="paid", to="customer-service"),
    )
}


def said(job: str, hours: float, order: str = "1001") -> SaidRow:
    return SaidRow(1, "shop", order, job, 0, START + hours * HOUR, State.ACCEPTED, "sms")


def reached(orders: list[Order], *messages: SaidRow, jobs: dict[str, Job] = JOBS) -> list[Reached]:
    goals = Goals(jobs, Shop())
    for message in messages:
        goals.hear(message)
    found = [one for order in orders for one in goals.see(order, START)]
    return [*found, *goals.again()]


def paid(hours: float) -> list[Order]:
    return [make_order(paid=START + hours * HOUR)]


def test_a_goal_after_the_message_counts_with_its_money() -> None:
    (found,) = reached(paid(2), said("nudge", 1))
    assert found == Reached(
        "nudge", OrderKey("shop", "1001"), START + HOUR, START + 2 * HOUR, Money(Decimal("128.50"), "CNY")
    )


def test_before_the_message_or_after_its_window_it_does_not() -> None:
    assert reached(paid(1), said("nudge", 1)) == []
    assert reached(paid(1), said("nudge", 2)) == []
    assert [r.job for r in reached(paid(25), said("nudge", 1))] == ["nudge"]
    assert reached(paid(25.1), said("nudge", 1)) == []
    assert reached([make_order()], said("nudge", 1)) == []


def test_the_last_message_before_it_gets_it() -> None:
    assert [r.job for r in reached(paid(6), said("nudge", 1), said("deadline", 5), said("nudge", 7))] == ["deadline"]
    assert [r.job for r in reached(paid(6), said("deadline", 5), said("nudge", 1))] == ["deadline"]


def test_a_message_whose_window_is_over_leaves_it_to_an_earlier_one() -> None:
    assert [r.job for r in reached(paid(8), said("nudge", 1), said("deadline", 5))] == ["nudge"]


def test_only_messages_to_customers_with_a_goal_count() -> None:
    assert reached(paid(2), said("notice", 1), said("call", 1), said("gone", 1)) == []


def test_a_goal_of_a_case_is_looked_for_in_the_cases() -> None:
    late = make_case(CaseKind.RETURN, returned=START + 40 * HOUR)
    soon = replace(make_case(CaseKind.RETURN, returned=START + 3 * HOUR), id="c2")
    (found,) = reached([make_order(cases=(late, soon))], said("tracking", 1))
    assert found.at == START + 3 * HOUR


def test_an_order_with_two_cases_that_came_to_their_goal_counts_once() -> None:
    cases = [replace(make_case(CaseKind.RETURN, returned=START + at * HOUR), id=f"c{at}") for at in (5, 3)]
    (found,) = reached([make_order(cases=tuple(cases))], said("tracking", 1), said("tracking", 2))
    assert (found.said, found.at) == (START + 2 * HOUR, START + 3 * HOUR)


def test_who_was_visited_and_ordered_again_counts_once() -> None:
    old = make_order(id="old", placed=START - 1000 * HOUR)
    new = make_order(id="new", placed=START + 5 * HOUR)
    other = make_order(id="other", placed=START + 5 * HOUR, customer=make_customer(id="c2"))
    for orders in ([new, old, other], [other, old, new]):
        found = reached(orders, said("revisit", 1, "old"), said("revisit", 2, "old"))
        assert [(r.job, r.order.order, r.said) for r in found] == [("revisit", "new", START + 2 * HOUR)]
    assert reached([old], said("revisit", 1, "old")) == []


messages = st.lists(together(["nudge", "deadline", "revisit", "notice"], range(-20, 61), "abc"), max_size=12)
orders = st.lists(st.tuples(st.integers(-40, 60), st.none() | st.integers(-40, 60)), min_size=3, max_size=3)


@settings(max_examples=150)
@given(messages, orders)
def test_each_order_counts_once_for_each_goal_and_never_without_a_message(
    sent: list[tuple[str, int, str]], moments: list[tuple[int, int | None]]
) -> None:
    shown = [
        make_order(id=id_, placed=START + placed * HOUR, paid=None if at is None else START + at * HOUR)
        for id_, (placed, at) in zip("abc", moments, strict=True)
    ]
    found = reached(shown, *(said(job, hours, order) for job, hours, order in sent))
    goals = [(JOBS[one.job].goal, one.order) for one in found]
    assert len(goals) == len(set(goals))
    for one in found:
        assert one.said < one.at <= one.said + timedelta(seconds=JOBS[one.job].within.seconds)
        assert (one.job, one.said) in {(job, START + hours * HOUR) for job, hours, _ in sent}
