"""What the shipped jobs raise for the staff, where an example in their files cannot show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.interfaces import Selection
from notifier.jobfiles import load_jobs
from notifier.model.job import Job
from notifier.model.order import AftersalesCase, CaseKind, Customer, Line, Order, OrderState, Parcel
from notifier.model.reminder import Reminder, State
from notifier.model.shop import Shop
from notifier.rules.observe import observe
from notifier.rules.plan import Planner
from notifier.rules.reconcile import Difference, reconcile
from notifier.shipped import shipped
from notifier.store.memory import MemoryStore
from notifier.tomlfile import Overlay
from tests.fakes.lived import live
from tests.fakes.orders import PLACED

JOBS = {name: job for name, (job, _) in load_jobs([shipped("jobs")], Overlay(), []).items()}
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
BREACH = 3
SHOP = Shop(zone="Asia/Shanghai")


async def raised(job: Job, orders: Sequence[Order], until: datetime = PLACED + 30 * DAY) -> list[Reminder]:
    """The reminders of a job that became alerts, while these orders lived."""
    store = MemoryStore()
    await live(orders, until, [job], SHOP, store=store)
    return list(await store.list_reminders(Selection([State.RAISED], limit=10**6)))


moments = st.integers(-5, 5 * 86_400).map(lambda seconds: PLACED + timedelta(seconds=seconds))
shippings = st.one_of(st.none(), moments, st.sampled_from([-SECOND, timedelta(0), SECOND]))


@st.composite
def promises(draw: st.DrawFn) -> tuple[datetime, datetime | None]:
    """A limit, and when the order left: at any time, never, or within a second of the limit."""
    limit, left = draw(moments), draw(shippings)
    return limit, limit + left if isinstance(left, timedelta) else left


@given(st.lists(promises(), min_size=1, max_size=12))
async def test_a_breach_is_raised_for_exactly_the_orders_shipped_after_their_limit(
    found: list[tuple[datetime, datetime | None]],
) -> None:
    """An order is paid with its placing and leaves afterwards; one that never leaves is late from its limit on."""
    orders = [
        Order("shop", str(number), placed=PLACED, paid=PLACED, ship_by=limit, shipped=left, state=state)
        for number, (limit, left) in enumerate(found)
        for state in (OrderState.SHIPPED if left else OrderState.PAID,)
    ]
    late = {o.id for o in orders if o.ship_by and (o.shipped is None or o.shipped > max(o.ship_by, PLACED))}
    rows = await raised(JOBS["ship-deadline"], orders)
    breaches = [row.key.order for row in rows if row.key.step == BREACH]
    assert sorted(breaches) == sorted(late)
    by_id = {order.id: order for order in orders}
    for row in rows:
        shipped_at = by_id[row.key.order].shipped
        assert row.updated is not None
        assert shipped_at is None or row.updated < shipped_at


async def test_a_later_date_that_was_agreed_to_begins_the_alerts_anew() -> None:
    job, limit = JOBS["ship-deadline"], PLACED + 2 * DAY
    order = Order("shop", "1", OrderState.PAID, placed=PLACED, paid=PLACED, ship_by=limit)
    difference = again(job, order, replace(order, ship_by=limit + 3 * DAY), limit + HOUR)
    assert [move.due for move in difference.moves] == [limit + 3 * DAY - n * HOUR for n in (24, 6, 2, 0)]
    assert all(move.revive for move in difference.moves)


async def test_a_parcel_that_was_scanned_may_stand_still_again() -> None:
    job, scan = JOBS["parcel-stalled"], PLACED + DAY
    parcel = Parcel("p1", "SF", "SF1", shipped=PLACED, last_scan=scan)
    order = Order("shop", "1", OrderState.SHIPPED, placed=PLACED, shipped=PLACED, parcels=(parcel,))
    moved = replace(order, parcels=(replace(parcel, last_scan=scan + 50 * HOUR),))
    difference = again(job, order, moved, scan + 50 * HOUR)
    assert [move.due - scan for move in difference.moves] == [n * HOUR for n in (98, 122, 146, 170, 194, 218)]
    assert [move.revive for move in difference.moves] == [True] + 5 * [False]


def again(job: Job, before: Order, after: Order, now: datetime) -> Difference:
    """What changes when an order changes, after everything due by `now` became an alert."""
    planner = Planner([job], SHOP)
    rows = [
        Reminder(number, plan.key, State.RAISED if plan.due <= now else State.PLANNED, plan.due, plan.until, plan.due)
        for number, plan in enumerate(planner.plan(before, now).wanted, 1)
    ]
    return reconcile(rows, planner.plan(after, now), lambda key: "not wanted", now)


async def test_goods_that_are_marked_days_after_the_payment_raise_their_alerts_from_then_on() -> None:
    planner, seen = Planner([JOBS["out-of-stock"]], SHOP), PLACED + 9 * DAY
    paid = Order("shop", "1", OrderState.PAID, placed=PLACED, paid=PLACED, lines=(Line("TEA-1"),))
    assert planner.plan(paid, seen).wanted == ()
    marked = observe(replace(paid, lines=(Line("TEA-1", out_of_stock=True),)), paid, SHOP, seen)
    assert [wanted.due - seen for wanted in planner.plan(marked, seen).wanted] == [0 * HOUR, 4 * HOUR, 24 * HOUR]
    assert planner.plan(observe(paid, marked, SHOP, seen + HOUR), seen + HOUR).wanted == ()


async def test_of_three_duplicates_the_newer_two_are_asked_about() -> None:
    lines, customer = (Line("TEA-1"),), Customer("c1")
    orders = [
        Order("shop", str(n), OrderState.UNPAID, placed=PLACED + n * HOUR, lines=lines, customer=customer)
        for n in range(3)
    ]
    other = replace(orders[2], id="9", customer=Customer("c2"))
    rows = await raised(JOBS["duplicate-order"], [*orders, other])
    assert sorted(row.key.order for row in rows) == ["1", "2"]


def test_a_receipt_that_was_extended_is_not_asked_about_again() -> None:
    planner, agreed = Planner([JOBS["extend-receipt"]], SHOP), PLACED + 6 * DAY
    case = AftersalesCase("c1", CaseKind.RETURN, requested=agreed - DAY, agreed=agreed)
    order = Order("shop", "1", OrderState.DELIVERED, placed=PLACED, delivered=agreed - 2 * DAY, cases=(case,))
    short = replace(order, confirm_by=agreed + 7 * DAY)
    assert [wanted.due - agreed for wanted in planner.plan(short, agreed).wanted] == [0 * HOUR, DAY]
    extended = replace(order, confirm_by=agreed + 17 * DAY)
    assert planner.plan(extended, agreed).wanted == ()
    assert planner.explain(extended, agreed)[0].reason == "the customer has time enough to confirm the receipt"  # type: ignore[union-attr]
