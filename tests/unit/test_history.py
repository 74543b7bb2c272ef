"""An order at an earlier instant shows only what had happened by then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.model.order import MOMENTS, AftersalesCase, Order, OrderState, Parcel, Review
from notifier.rules.history import as_of, instants

T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)


def day(number: float) -> datetime:
    return T0 + timedelta(days=number)


WHOLE = Order(
    "shop",
    "1",
    OrderState.COMPLETED,
    placed=day(0),
    paid=day(1),
    shipped=day(2),
    delivered=day(4),
    completed=day(14),
    reviewed=day(6),
    pay_by=day(3),
    confirm_by=day(12),
    parcels=(Parcel("p", number="SF1", shipped=day(2), first_scan=day(2.5), delivered=day(4)),),
    cases=(AftersalesCase("c", requested=day(5), agreed=day(6), paid=day(9), closes_by=day(15)),),
    reviews=(Review("r", 2, written=day(6), answered=day(7)),),
)


def at(number: float, order: Order = WHOLE) -> Order:
    found = as_of(order, day(number))
    assert found is not None
    return found


def test_before_it_was_placed_there_is_no_order() -> None:
    assert as_of(WHOLE, day(-0.1)) is None


def test_what_happened_before_the_order_was_placed_happened_all_the_same() -> None:
    odd = replace(WHOLE, paid=day(-1), reviews=(Review("r", 2, written=day(-3)),))
    assert as_of(odd, day(-3.1)) is None
    assert (at(-3, odd).state, at(-3, odd).placed, at(-3, odd).reviews[0].written) == ("unpaid", None, day(-3))
    assert (at(-1, odd).state, at(-1, odd).placed) == ("paid", None)
    assert at(0, odd).placed == day(0)


def test_the_state_follows_from_what_is_visible() -> None:
    states = [at(number).state for number in (0, 1, 2, 4, 13, 14)]
    assert states == ["unpaid", "paid", "shipped", "delivered", "delivered", "completed"]


def test_parts_appear_when_they_begin_and_grow() -> None:
    assert (at(1).parcels, at(4.5).cases, at(5.5).reviews) == ((), (), ())
    parcel = at(2.2).parcels[0]
    assert (parcel.shipped, parcel.first_scan, parcel.delivered) == (day(2), None, None)
    case = at(6).cases[0]
    assert (case.agreed, case.paid, case.closes_by) == (day(6), None, day(15))
    assert at(6.5).reviews[0].answered is None


def test_deadlines_are_known_from_the_moment_they_belong_to() -> None:
    assert (at(0).pay_by, at(0).confirm_by, at(2).confirm_by) == (day(3), None, day(12))


def test_at_the_end_it_is_the_order_itself() -> None:
    assert at(14) is WHOLE


def test_cancelled_at_an_unknown_time_counts_from_the_start() -> None:
    unknown = replace(WHOLE, state=OrderState.CANCELLED, completed=None)
    assert at(0, unknown).state is OrderState.CANCELLED
    known = replace(unknown, cancelled=day(3))
    assert [at(number, known).state for number in (2, 3)] == ["shipped", "cancelled"]


def test_a_state_whose_moment_is_missing_shows_when_nothing_is_hidden() -> None:
    silent = Order("shop", "1", OrderState.SHIPPED, placed=day(0), paid=day(1))
    assert [at(number, silent).state for number in (0, 1)] == ["unpaid", "shipped"]


def test_an_order_without_any_time_is_always_there() -> None:
    timeless = Order("shop", "1", OrderState.PAID)
    assert as_of(timeless, T0) is timeless
    assert instants(timeless) == []


@given(st.floats(0, 20), st.floats(0, 20))
def test_looking_twice_is_looking_at_the_earlier(one: float, two: float) -> None:
    first, second = sorted((one, two))
    assert as_of(at(second), day(first)) is not None
    shown = at(first, at(second))
    for name in MOMENTS:
        assert getattr(shown, name) == getattr(at(first), name)
    assert all(instant <= day(first) for instant in instants(shown))
