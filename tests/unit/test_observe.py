"""Moments that the shop does not report, and what they are taken to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notifier.model.order import Line, Order, OrderState, Parcel, Review
from notifier.model.shop import Shop
from notifier.rules.observe import as_reported, observe

SHOP = Shop(zone="Asia/Shanghai")
T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW = T0 + timedelta(hours=5)


def order(state: OrderState, **changes: object) -> Order:
    return replace(Order("shop", "1", state, placed=T0), **changes)  # type: ignore[arg-type]


def test_a_state_without_a_time_is_new_when_first_seen() -> None:
    seen = observe(order(OrderState.PAID), order(OrderState.UNPAID), SHOP, NOW)
    assert (seen.paid, seen.assumed) == (NOW, ("paid",))


def test_on_the_first_look_at_a_shop_it_stays_unknown() -> None:
    assert observe(order(OrderState.PAID), None, SHOP, None).paid is None


def test_what_was_assumed_stays_and_the_shop_wins_when_it_tells() -> None:
    first = observe(order(OrderState.PAID), None, SHOP, NOW)
    assert observe(order(OrderState.PAID), first, SHOP, NOW + timedelta(days=1)).paid == NOW
    told = observe(order(OrderState.PAID, paid=T0), first, SHOP, NOW)
    assert (told.paid, told.assumed) == (T0, ())


def test_goods_ran_out_when_their_line_was_first_seen_marked() -> None:
    marked = order(OrderState.PAID, paid=T0, lines=(Line("TEA-1"), Line("CUP-2", out_of_stock=True)))
    first = observe(marked, order(OrderState.PAID, paid=T0), SHOP, NOW)
    assert (first.ran_out, first.assumed) == (NOW, ("ran_out",))
    assert observe(marked, first, SHOP, NOW + timedelta(days=1)).ran_out == NOW
    assert observe(as_reported(first), first, SHOP, None).ran_out == NOW
    told = replace(marked, ran_out=T0)
    assert observe(told, first, SHOP, NOW) is told


def test_goods_that_are_there_again_did_not_run_out() -> None:
    lines = (Line("CUP-2", out_of_stock=True),)
    first = observe(order(OrderState.PAID, paid=T0, lines=lines), None, SHOP, NOW)
    assert observe(order(OrderState.PAID, paid=T0, lines=(Line("CUP-2"),)), first, SHOP, NOW).ran_out is None
    assert observe(order(OrderState.PAID, paid=T0, lines=lines), None, SHOP, None).ran_out is None


def test_an_order_that_goes_back_loses_what_was_assumed_later() -> None:
    paid = observe(order(OrderState.PAID), None, SHOP, NOW)
    assert observe(order(OrderState.UNPAID), paid, SHOP, NOW).paid is None
    shipped = observe(order(OrderState.SHIPPED), paid, SHOP, NOW + timedelta(days=1))
    assert (shipped.paid, shipped.shipped) == (NOW, NOW + timedelta(days=1))


def test_the_return_deadline_follows_from_the_delivery() -> None:
    signed = datetime(2026, 10, 31, 16, tzinfo=UTC)
    seen = observe(order(OrderState.DELIVERED, delivered=signed), None, SHOP, NOW)
    assert seen.return_by == datetime(2026, 11, 8, 16, tzinfo=UTC)
    reported = order(OrderState.DELIVERED, delivered=signed, return_by=NOW)
    assert observe(reported, None, SHOP, NOW) is reported


def test_parcels_take_the_time_at_which_they_were_first_seen() -> None:
    one = order(OrderState.SHIPPED, shipped=T0, parcels=(Parcel("a"),))
    assert observe(one, None, SHOP, NOW).parcels[0].shipped == T0
    two = order(OrderState.SHIPPED, shipped=T0, parcels=(Parcel("a", shipped=T0), Parcel("b")))
    before = observe(two, None, SHOP, NOW)
    assert [p.shipped for p in before.parcels] == [T0, NOW]
    assert [p.shipped for p in observe(two, before, SHOP, NOW + timedelta(days=1)).parcels] == [T0, NOW]
    voided = order(OrderState.SHIPPED, shipped=T0, parcels=(Parcel("a", voided=True),))
    assert observe(voided, None, SHOP, NOW).parcels[0].shipped is None


def test_a_single_parcel_arrives_with_its_order() -> None:
    arrived = order(OrderState.DELIVERED, delivered=NOW, parcels=(Parcel("a", shipped=T0),))
    assert observe(arrived, None, SHOP, NOW).parcels[0].delivered == NOW


def test_a_review_makes_the_order_reviewed() -> None:
    seen = observe(order(OrderState.DELIVERED, reviews=(Review("r", 5),)), None, SHOP, NOW)
    assert (seen.reviewed, seen.reviews[0].written) == (NOW, NOW)
    again = observe(order(OrderState.DELIVERED, reviews=(Review("r", 5),)), seen, SHOP, NOW + timedelta(days=1))
    assert again.reviewed == NOW


def test_what_was_added_can_be_taken_away_again() -> None:
    plain = order(OrderState.DELIVERED)
    seen = observe(plain, None, SHOP, NOW)
    assert seen.return_by is not None
    assert as_reported(seen) == plain
    assert as_reported(plain) is plain
