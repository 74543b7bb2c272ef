"""Products whose money goes back too often, or too slowly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from notifier.model.digest import Cell, Column, Digest, Kind, Table
from notifier.model.order import AftersalesCase, CaseKind, Order
from notifier.rules.digests.fold import Fold
from notifier.rules.digests.gathering import MOST_ROWS, Tally, masked, shortened
from notifier.rules.digests.scope import Scope

_COLUMNS = (
    Column("product"),
    Column("orders", Kind.NUMBER),
    Column("refunds", Kind.NUMBER),
    Column("rate", Kind.SHARE),
    Column("mean time", Kind.LENGTH),
    Column("amount", Kind.MONEY),
    Column("reasons"),
)
_BACK = {CaseKind.REFUND, CaseKind.RETURN}
_REASONS = 3


@dataclass(slots=True)
class _Product:
    title: str
    orders: int = 0
    refunds: Tally = field(default_factory=Tally)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return self.refunds.count / self.orders if self.orders else 1.0


class RefundRate(Fold):
    """Of each product: orders paid within `days`, and refunds and returns that buyers asked for in the same time.

    Listed is whose share is above `rate`, or whose money takes more than `hours` on average from the request until it
    is paid (0: never mind), with at least `orders` orders. A case counts for every product of its order, because shops
    do not say which of them it is about. Keeps a few numbers for each product sold in that time.
    """

    limits: ClassVar = {"rate": 0.05, "hours": 120, "orders": 10, "days": 30}

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._lately = scope.before(scope.length("days"))
        self._products: dict[str, _Product] = {}

    def see(self, order: Order) -> None:
        """Count an order and its refunds for each of its products."""
        cases = [case for case in order.cases if case.kind in _BACK and self._lately.has(case.requested)]
        paid = self._lately.has(order.paid)
        if not (cases or paid):
            return
        for sku, title in {(line.sku or line.title): line.title or line.sku for line in order.lines}.items():
            product = self._products.setdefault(sku, _Product(title))
            product.orders += paid
            for case in cases:
                product.refunds.add(case.amount, _took(case))
                product.reasons.update(filter(None, [masked(case.reason)]))

    def digest(self) -> Digest:
        """One table, the highest rate first."""
        wrong = [product for product in self._products.values() if self._is_wrong(product)]
        wrong.sort(key=lambda product: (-product.rate, -product.refunds.count, product.title))
        rows = [_row(product) for product in wrong[:MOST_ROWS]]
        values: dict[str, Cell] = {
            "day": self.scope.today,
            "count": len(wrong),
            "limit": self.scope.limits["rate"],
            "days": int(self.scope.limits["days"]),
        }
        table = Table(_COLUMNS, rows, more=len(wrong) - len(rows))
        return Digest("refund-rate", (table,), values, not wrong)

    def _is_wrong(self, product: _Product) -> bool:
        if product.orders < self.scope.limits["orders"]:
            return False
        most = self.scope.length("hours")
        slow = bool(most) and (product.refunds.mean or timedelta()) > most
        return product.rate > self.scope.limits["rate"] or slow


def _took(case: AftersalesCase) -> timedelta | None:
    return case.paid - case.requested if case.paid and case.requested else None


def _row(product: _Product) -> tuple[Cell, ...]:
    refunds = product.refunds
    reasons = shortened(reason for reason, _ in product.reasons.most_common(_REASONS))
    return (product.title, product.orders, refunds.count, product.rate, refunds.mean, refunds.money, reasons)
