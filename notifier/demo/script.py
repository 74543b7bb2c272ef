"""What happens in the pretend shop: a dozen orders and one, and how each of them goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from notifier.model.order import AftersalesCase, CaseKind, Customer, Line, Money, Order, OrderState, Parcel, Review

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
SOURCE = "demo-shop"
PROMISED = START + timedelta(days=5, hours=10)
"""When order 1013 ought to have been shipped."""
TAKEN = PROMISED + timedelta(minutes=25)
"""When the second of those who are called opens the mail and takes the alert."""
_PEOPLE = (
    ("Anna Berger", "en"),
    ("李明", "zh-CN"),
    ("Tom Fields", "en"),
    ("王芳", "zh-CN"),
    ("Maria Rossi", "en"),
    ("Jack Stone", "en"),
)
_GOODS = (("Teapot, celadon", "189.00"), ("Linen shirt", "245.00"), ("Walnut bowl", "320.00"), ("Desk lamp", "410.00"))


def _at(days: float) -> datetime:
    return START + timedelta(days=days)


def _order(number: int, state: OrderState, placed: float, **moments: Any) -> Order:
    name, language = _PEOPLE[number % len(_PEOPLE)]
    title, price = _GOODS[number % len(_GOODS)]
    customer = Customer(
        id=f"c{number}",
        name=name,
        email=f"customer{number}@example.com",
        language=language,
        consents=("email",),
    )
    changes: dict[str, Any] = {
        key: _at(value) if isinstance(value, int | float) else value for key, value in moments.items()
    }
    return Order(
        source=SOURCE,
        id=str(1000 + number),
        state=state,
        placed=_at(placed),
        total=Money(Decimal(price), "CNY"),
        address="12 Garden Road",
        customer=customer,
        lines=(Line(f"sku-{number % len(_GOODS)}", title, price=Money(Decimal(price), "CNY")),),
        **changes,
    )


def _parcel(number: int, shipped: float, delivered: float | None = None) -> tuple[Parcel, ...]:
    arrived = None if delivered is None else _at(delivered)
    return (Parcel("p1", "SF Express", f"SF{number:010}", shipped=_at(shipped), delivered=arrived),)


def _happy(number: int, placed: float, **more: Any) -> Order:
    """Paid in time, shipped the next day, delivered two days later, completed after eleven."""
    shipped, delivered = placed + 1.1, placed + 3.1
    return _order(
        number,
        OrderState.COMPLETED,
        placed,
        paid=placed + 0.1,
        shipped=shipped,
        delivered=delivered,
        completed=placed + 11,
        parcels=_parcel(number, shipped, delivered),
        **more,
    )


def histories() -> list[Order]:
    """All orders with everything that will ever happen to them; the shop shows it only when its time has come."""
    returned = AftersalesCase(
        "r1",
        CaseKind.RETURN,
        requested=_at(7.0),
        agreed=_at(7.2),
        paid=_at(9.5),
        amount=Money(Decimal("320.00"), "CNY"),
    )
    review = (Review("v1", 5, written=_at(5.0)),)
    return [
        _order(1, OrderState.UNPAID, 0.02),
        _order(2, OrderState.PAID, 0.05, paid=0.5),
        _order(3, OrderState.CANCELLED, 0.1, cancelled=0.3),
        _happy(4, 0.2),
        _happy(5, 0.4, reviews=review),
        _happy(6, 1.1, cases=(returned,)),
        _happy(7, 1.3),
        _order(8, OrderState.UNPAID, 1.5),
        _happy(9, 2.1),
        _order(10, OrderState.SHIPPED, 2.3, paid=2.4, shipped=3.2, parcels=_parcel(10, 3.2)),
        _order(11, OrderState.PAID, 3.0, paid=3.3),
        _happy(12, 3.2),
        _happy(13, 5.0, ship_by=PROMISED),
    ]
