"""What an order that was just read tells: moments that the shop did not report are the instants we first saw them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from notifier.model.order import Order, OrderState, Parcel, Review
from notifier.model.shop import Shop
from notifier.rules.conditions import DELIVERED, SHIPPED
from notifier.rules.schedule import return_deadline

_RANK = {
    OrderState.UNPAID: 0,
    OrderState.PAID: 1,
    OrderState.SHIPPED: 2,
    OrderState.DELIVERED: 3,
    OrderState.COMPLETED: 4,
}
_MOMENT_OF = {
    OrderState.PAID: "paid",
    OrderState.SHIPPED: "shipped",
    OrderState.DELIVERED: "delivered",
    OrderState.COMPLETED: "completed",
    OrderState.CANCELLED: "cancelled",
}
_RANK_OF_MOMENT = {moment: _RANK.get(state, 9) for state, moment in _MOMENT_OF.items()}


def observe(fresh: Order, previous: Order | None, shop: Shop, seen: datetime | None) -> Order:
    """Complete a freshly read order with what we know of it.

    `seen` is the instant of reading; None on the first look at a shop, when nobody can tell how long an order has been
    in its state, and a missing moment stays unknown rather than be taken for new.

    1. Keep the moments that we had assumed before, unless the order has gone back behind them.
    2. Take `seen` for the moment of a state that the shop gives no time for.
    3. The same for its parcels and reviews, and for goods that have run out.
    4. Work out the return deadline where the shop reports none.
    """
    known = _kept(fresh, previous)
    moment = _MOMENT_OF.get(fresh.state)
    if moment and seen and getattr(fresh, moment) is None and moment not in known:
        known[moment] = seen
    parcels = _parcels(fresh, previous, known.get("shipped", fresh.shipped), seen)
    reviews = _reviews(fresh, previous, seen)
    if parcels is not fresh.parcels:
        known["parcels"] = parcels
    if reviews is not fresh.reviews:
        known["reviews"] = reviews
    if fresh.reviewed is None and (written := [r.written for r in reviews if r.written]):
        known["reviewed"] = min(written)
    if (ran_out := _ran_out(fresh, previous, seen)) is not None:
        known["ran_out"] = ran_out
    delivered = known.get("delivered", fresh.delivered)
    if fresh.return_by is None and delivered is not None:
        known["return_by"] = return_deadline(delivered, shop.return_right, shop.zone)
    if not known:
        return fresh
    assumed = tuple(sorted(known.keys() - {"parcels", "reviews"}))
    return replace(fresh, **known, assumed=assumed)


def as_reported(order: Order) -> Order:
    """The order without what `observe` had added, so that it can be observed again."""
    unknown: dict[str, Any] = dict.fromkeys(order.assumed)
    return replace(order, **unknown, assumed=()) if unknown else order


def _kept(fresh: Order, previous: Order | None) -> dict[str, Any]:
    """The assumed moments of `previous` that still hold; an order that went back loses the later ones."""
    if previous is None or not previous.assumed:
        return {}
    rank = _RANK.get(fresh.state, 9)
    return {
        name: getattr(previous, name)
        for name in previous.assumed
        if name in _RANK_OF_MOMENT and getattr(fresh, name) is None and _RANK_OF_MOMENT[name] <= rank
    }


def _ran_out(fresh: Order, previous: Order | None, seen: datetime | None) -> datetime | None:
    """Since when goods are marked as out of stock, where the shop has the mark and no time for it."""
    if fresh.ran_out is not None or not any(line.out_of_stock for line in fresh.lines):
        return None
    return (previous.ran_out if previous else None) or seen


def _parcels(
    fresh: Order, previous: Order | None, shipped: datetime | None, seen: datetime | None
) -> tuple[Parcel, ...]:
    if fresh.state not in SHIPPED or all(p.shipped and p.delivered for p in fresh.parcels):
        return fresh.parcels
    before: Mapping[str, Parcel] = {p.id: p for p in previous.parcels} if previous else {}
    return tuple(_parcel(p, before.get(p.id), fresh, shipped, seen) for p in fresh.parcels)


def _parcel(
    parcel: Parcel, before: Parcel | None, fresh: Order, shipped: datetime | None, seen: datetime | None
) -> Parcel:
    left = parcel.shipped
    if left is None and not parcel.voided:
        left = (before.shipped if before else None) or (shipped if len(fresh.parcels) == 1 else seen)
    arrived = parcel.delivered
    if arrived is None and len(fresh.parcels) == 1 and fresh.state in DELIVERED:
        arrived = fresh.delivered
    return (
        parcel
        if (left, arrived) == (parcel.shipped, parcel.delivered)
        else replace(parcel, shipped=left, delivered=arrived)
    )


def _reviews(fresh: Order, previous: Order | None, seen: datetime | None) -> tuple[Review, ...]:
    if all(review.written for review in fresh.reviews):
        return fresh.reviews
    before = {r.id: r.written for r in previous.reviews} if previous else {}
    return tuple(r if r.written else replace(r, written=before.get(r.id) or seen) for r in fresh.reviews)
