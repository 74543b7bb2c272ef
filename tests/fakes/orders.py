"""Orders to test with: a small one that everybody can change, and ones that strangers have written into."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from notifier.model.duration import parse_duration
from notifier.model.job import Condition, Job, Purpose, Step
from notifier.model.order import AftersalesCase, CaseKind, Customer, Line, Money, Order, OrderState, Parcel

PLACED = datetime(2026, 3, 1, 9, tzinfo=UTC)

_ORDER = Order(
    source="shop",
    id="1001",
    state=OrderState.UNPAID,
    state_name="pending",
    placed=PLACED,
    updated=PLACED,
    total=Money(Decimal("128.50"), "CNY"),
    payment_method="alipay",
    address="12 West Lake Road, Hangzhou 310000",
    link="https://shop.example.com/orders/1001",
    customer=Customer(
        id="c1",
        name="Anna Smith",
        email="anna@example.com",
        phone="+8613800138000",
        language="en",
        zone="Asia/Shanghai",
    ),
    lines=(
        Line("TEA-1", "Oolong tea", 2, Money(Decimal("64.25"), "CNY")),
        Line("CAKE-1", "Cake, made to order", 1, Money(Decimal("39.00"), "CNY"), returnable=False),
    ),
)


def make_order(**changes: Any) -> Order:
    """An unpaid order of two lines by a customer whom every channel reaches, with some fields changed."""
    return replace(_ORDER, **changes)


def make_customer(**changes: Any) -> Customer:
    """The customer of `make_order`, with some fields changed."""
    return replace(_ORDER.customer, **changes)


def make_parcel(number: int = 1, **changes: Any) -> Parcel:
    """Parcel `p1`, `p2` … that left an hour after the order was placed."""
    moment = PLACED.replace(hour=10)
    return replace(Parcel(f"p{number}", "SF Express", f"SF100{number}", shipped=moment), **changes)


def make_case(kind: CaseKind = CaseKind.RETURN, **changes: Any) -> AftersalesCase:
    """Case `c1`, agreed two days after the order was placed."""
    return replace(AftersalesCase("c1", kind, agreed=PLACED.replace(day=3)), **changes)


def make_job(name: str = "unpaid-nudge", event: str = "order.placed", step: str = "12h after", **changes: Any) -> Job:
    """A job with one step, written `12h after` or `2h before`."""
    offset, _, side = step.partition(" ")
    job = Job(
        name=name,
        event=event,
        steps=(Step(parse_duration(offset), before=side == "before"),),
        within=parse_duration("24h"),
        channels=("sms", "email", "chat"),
        purpose=Purpose.SERVICE,
    )
    return replace(job, **changes)


def only_if(*names: str) -> tuple[Condition, ...]:
    """Conditions without arguments."""
    return tuple(map(Condition, names))
