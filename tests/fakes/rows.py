"""Orders, reminders, attempts and alerts for tests of stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from notifier.interfaces import Changes, StoredOrder
from notifier.model.alert import Alert, AlertKey, AlertState
from notifier.model.job import Urgency
from notifier.model.message import Attempt
from notifier.model.order import AftersalesCase, CaseKind, Customer, Line, Money, Order, OrderState, Parcel, Review
from notifier.model.reminder import Key, Planned, Reminder

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def order(id_: str, *, source: str = "shop", customer: str = "ann", placed: datetime | None = NOW) -> Order:
    """An order with something in every kind of field, so that what a store loses is seen."""
    return Order(
        source,
        id_,
        OrderState.UNPAID,
        "WAIT_BUYER_PAY",
        placed=placed,
        pay_by=NOW + timedelta(hours=24, microseconds=1),
        total=Money(Decimal("12.50"), "CNY"),
        tags=("gift",),
        customer=Customer(customer, "安", "ann@example.com", "+12025550100", {"wecom": "ann"}, consents=("sms",)),
        lines=(Line("sku-1", "杯子", 2, Money(Decimal("6.25"), "CNY")),),
        parcels=(Parcel("p1", "sf", "SF1", shipped=NOW),),
        cases=(
            AftersalesCase(
                *("c1", CaseKind.RETURN),
                requested=NOW,
                amount=Money(Decimal("0.10"), "CNY"),
                freight=Money(Decimal(12), "CNY"),
                freight_paid=NOW,
            ),
        ),
        reviews=(Review("r1", 5, NOW),),
        assumed=("placed",),
    )


def stored(id_: str, *, digest: str = "d1", source: str = "shop", customer: str = "ann") -> StoredOrder:
    """Our copy of such an order."""
    return StoredOrder(order(id_, source=source, customer=customer), digest, NOW)


def planned(
    id_: str = "o1",
    job: str = "unpaid-nudge",
    due: datetime = NOW,
    *,
    source: str = "shop",
    subject: str = "",
    merge: bool = False,
    until: datetime | None = None,
) -> Planned:
    """A reminder of an order, pointless a day after it is due."""
    return Planned(Key(source, id_, job, subject), due, until or due + timedelta(days=1), merge)


def plans(*wanted: Planned, customer: str = "ann") -> Changes:
    """A page that brings these reminders and nothing else."""
    return Changes(inserts=[(plan, customer) for plan in wanted], now=NOW)


def attempt(
    id_: str,
    *rows: Reminder,
    channel: str = "sms",
    purpose: str = "service",
    customer: str = "ann",
    started: datetime = NOW,
) -> Attempt:
    """An attempt to say what these claimed reminders say."""
    pairs = tuple((row.id, row.fence) for row in rows)
    message_id, until = f"<{id_}@example.com>", started + timedelta(days=1)
    return Attempt(id_, pairs, channel, "+12025550100", b"hello", message_id, purpose, customer, started, until)


def alert(
    order: str = "o1", job: str = "ship-deadline", *, source: str = "shop", subject: str = "", opened: datetime = NOW
) -> Alert:
    """An alert that is about to be opened, with something in every field."""
    key = AlertKey(source, order, job, subject)
    times = (opened, opened + timedelta(microseconds=1), opened + timedelta(microseconds=2))
    risk = Money(Decimal("18.40"), "CNY")
    return Alert(0, key, AlertState.OPEN, "shipping", Urgency.URGENT, *times, 2, 1, 1, "", "", "late", risk)


def call(of: Alert, agent: str = "ann", due: datetime = NOW, *, step: int = 0) -> Planned:
    """A call of an alert, pointless a day after it is due."""
    key = Key(*of.key, step=step, occurrence=f"{of.round}.0 {agent}")
    return Planned(key, due, due + timedelta(days=1))
