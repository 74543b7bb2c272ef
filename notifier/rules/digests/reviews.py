"""The reviews that nobody has answered yet."""

from __future__ import annotations

from typing import ClassVar

from notifier.model.digest import Column, Digest, Kind, Table
from notifier.model.order import Order
from notifier.rules.digests.fold import Fold
from notifier.rules.digests.gathering import Worst, shortened
from notifier.rules.digests.scope import Scope

_COLUMNS = (
    Column("order"),
    Column("rating"),
    Column("written", Kind.INSTANT),
    Column("amount", Kind.MONEY),
    Column("goods"),
)
_UNKNOWN = 6


class ReviewsToAnswer(Fold):
    """Those of the last `days`, the fewest stars first; then whoever has waited longest."""

    limits: ClassVar = {"days": 7}

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._worst = Worst()
        self._lately = scope.before(scope.length("days"))

    def see(self, order: Order) -> None:
        """Note its reviews without an answer."""
        goods = shortened((line.title or line.sku for line in order.lines), 60)
        for review in order.reviews:
            if review.answered is None and review.written is not None and self._lately.has(review.written):
                row = (order.id, "★" * review.rating, review.written, (order.total,) if order.total else (), goods)
                self._worst.add("review", (review.rating or _UNKNOWN, review.written, order.id), row)

    def digest(self) -> Digest:
        """One table."""
        count = self._worst.counts.total()
        table = Table(_COLUMNS, self._worst.rows, more=self._worst.more)
        return Digest("reviews-to-answer", (table,), {"day": self.scope.today, "count": count}, not count)
