"""An order as it stood at an earlier instant: what had not happened by then is not to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from notifier.model.order import MOMENTS, AftersalesCase, Order, OrderState, Parcel, Review

_KNOWN_FROM = {"pay_by": "placed", "ship_by": "placed", "confirm_by": "shipped", "return_by": "delivered"}
_STATES = (
    ("completed", OrderState.COMPLETED),
    ("delivered", OrderState.DELIVERED),
    ("shipped", OrderState.SHIPPED),
    ("paid", OrderState.PAID),
)
_DEADLINES_OF_PARTS = frozenset({"closes_by", "evidence_by"})


def _times(part: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(part) if "datetime" in str(f.type) and f.name not in _DEADLINES_OF_PARTS)


_TIMES: dict[type, tuple[str, ...]] = {part: _times(part) for part in (Parcel, AftersalesCase, Review)}


def instants(order: Order) -> list[datetime]:
    """Every instant at which something about this order changed, in order and without repeats."""
    return sorted({moment for moment in _moments(order) if moment is not None})


def as_of(order: Order, now: datetime) -> Order | None:
    """What a shop would have shown of `order` at `now`; None when nothing had happened to it.

    Moments after `now` are hidden and the state follows from the visible ones; when nothing is hidden the order shows
    the state that it has. One that was cancelled at an unknown time counts as cancelled from the start. Real shops have
    reviews and payments that are older than their orders, because clocks differ: then the order is as old as those.
    """
    began = min(filter(None, _moments(order)), default=None)
    if began is not None and began > now:
        return None
    hidden: dict[str, Any] = {name: None for name in MOMENTS if (m := getattr(order, name)) is not None and m > now}
    for deadline, base in _KNOWN_FROM.items():
        if getattr(order, deadline) is not None and base in hidden:
            hidden[deadline] = None
    parcels = tuple(p for parcel in order.parcels if (p := _part(parcel, now, parcel.shipped)) is not None)
    cases = tuple(c for case in order.cases if (c := _part(case, now, case.requested)) is not None)
    reviews = tuple(r for review in order.reviews if (r := _part(review, now, review.written)) is not None)
    if "shipped" in hidden:
        parcels = tuple(parcel for parcel in parcels if parcel.shipped)
    if not hidden and (parcels, cases, reviews) == (order.parcels, order.cases, order.reviews):
        return order
    hidden |= {"parcels": parcels, "cases": cases, "reviews": reviews}
    return replace(order, **hidden, state=_state(order, hidden))


def _state(order: Order, hidden: dict[str, Any]) -> OrderState:
    if order.state is OrderState.CANCELLED and "cancelled" not in hidden:
        return OrderState.CANCELLED
    if hidden.keys().isdisjoint(MOMENTS):
        return order.state
    for name, state in _STATES:
        if getattr(order, name) is not None and name not in hidden:
            return state
    return OrderState.UNPAID


def _part(part: Any, now: datetime, began: datetime | None) -> Any:
    """A parcel, case or review as it stood at `now`, None when it did not exist yet."""
    if began is not None and began > now:
        return None
    hidden = {name: None for name in _TIMES[type(part)] if (m := getattr(part, name)) is not None and m > now}
    return replace(part, **hidden) if hidden else part


def _moments(order: Order) -> Iterator[datetime | None]:
    yield from (getattr(order, name) for name in MOMENTS)
    for part in (*order.parcels, *order.cases, *order.reviews):
        yield from (getattr(part, name) for name in _TIMES[type(part)])
