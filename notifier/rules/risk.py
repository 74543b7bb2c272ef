"""What a shop loses when it ships late."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from notifier.model.order import Money, Order
from notifier.model.shop import Shop

_CENT = Decimal("0.01")


def money_at_risk(order: Order, shop: Shop) -> Money | None:
    """What the platform takes for shipping this order late: a share of its amount, at least so much, at most so much.

    Rounded half up to a hundredth, as platforms book it. None where the shop pays no such penalty, where the order's
    amount is unknown or nothing, and where floor or cap are in another currency: a figure nobody can work out is worse
    than none.
    """
    penalty, total = shop.late_penalty, order.total
    if penalty is None or total is None or total.amount <= 0:
        return None
    bounds = [bound for bound in (penalty.least, penalty.most) if bound is not None]
    if any(bound.currency != total.currency for bound in bounds):
        return None
    amount = (total.amount * penalty.share).quantize(_CENT, ROUND_HALF_UP)
    if penalty.least is not None:
        amount = max(amount, penalty.least.amount)
    if penalty.most is not None:
        amount = min(amount, penalty.most.amount)
    return Money(amount, total.currency)
