"""The morning list: what yesterday left over, and the cases that are carried over from before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from notifier.model.digest import Amounts, Column, Digest, Kind, Table
from notifier.model.order import AftersalesCase, Order, OrderState
from notifier.rules.digests.classes import CLASSES, carried_over
from notifier.rules.digests.fold import Fold, holds, waits_to_be_shipped
from notifier.rules.digests.gathering import Worst, masked, shortened
from notifier.rules.digests.scope import Scope

_ORDER = ("overdue", "dispute", "unshipped", "unanswered", *CLASSES[1:], "unpaid")
"""The most pressing first; each order is in one class of unpaid, unshipped and overdue at most."""
_COLUMNS = (
    Column("what", Kind.WORD),
    Column("order"),
    Column("since", Kind.INSTANT),
    Column("amount", Kind.MONEY),
    Column("details"),
)
_RANKS = {name: rank for rank, name in enumerate(_ORDER)}
_UNKNOWN = 0.0


class MorningList(Fold):
    """Unpaid: placed yesterday. Unshipped: paid before today. Overdue: past the promised time. Unanswered: reviews of
    the last days. And everything that is carried over, in its eight classes.

    Limits: `unscanned_hours` and `stalled_hours` after which a parcel has to be traced, `review_days` after which a
    review without an answer is let go, `oldest_days` after which everything is.
    """

    limits: ClassVar = {"unscanned_hours": 24, "stalled_hours": 48, "review_days": 7, "oldest_days": 60}

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._worst = Worst()

    def see(self, order: Order) -> None:
        """Note what is left to do about an order; nothing about one whose state is not known."""
        if order.state is OrderState.OTHER:
            return
        oldest = self.scope.at - self.scope.length("oldest_days")
        for class_, since, amount, details in (*self._sales(order), *self._reviews(order), *self._cases(order)):
            if since is not None and since < oldest:
                continue
            rank = (_RANKS[class_], since.timestamp() if since else _UNKNOWN, order.id)
            self._worst.add(class_, rank, (class_, order.id, since, amount, details))

    def digest(self) -> Digest:
        """One table, the most pressing class first and in it the oldest; its total counts all, listed or not."""
        counts = self._worst.counts
        summary = tuple((name, counts[name]) for name in _ORDER if counts[name])
        tables = (
            Table((Column("what", Kind.WORD), Column("count", Kind.NUMBER)), summary, "summary"),
            Table(_COLUMNS, self._worst.rows, "open", more=self._worst.more),
        )
        total = counts.total()
        return Digest("morning-list", tables, {"day": self.scope.today, "count": total}, not total)

    def _sales(self, order: Order) -> Iterator[tuple[str, datetime | None, Amounts, str]]:
        at, total = self.scope.at, (order.total,) if order.total else ()
        if self.scope.yesterday.has(order.placed) and holds("unpaid", order, at) and holds("active", order, at):
            yield "unpaid", order.placed, total, order.payment_method
        if waits_to_be_shipped(order, at):
            if order.ship_by is not None and order.ship_by < at:
                yield "overdue", order.ship_by, total, ""
            elif order.paid is None or order.paid < self.scope.yesterday.end:
                yield "unshipped", order.paid, total, ""

    def _reviews(self, order: Order) -> Iterator[tuple[str, datetime | None, Amounts, str]]:
        lately = self.scope.before(self.scope.length("review_days"))
        for review in order.reviews:
            if review.answered is None and lately.has(review.written):
                yield "unanswered", review.written, (), "★" * review.rating

    def _cases(self, order: Order) -> Iterator[tuple[str, datetime | None, Amounts, str]]:
        unscanned, stalled = (self.scope.length(f"{name}_hours") for name in ("unscanned", "stalled"))
        for class_, since, part in carried_over(order, self.scope.at, unscanned, stalled):
            if isinstance(part, AftersalesCase):
                yield class_, since, (part.amount,) if part.amount else (), shortened([part.id, masked(part.reason)])
            else:
                yield class_, since, (), shortened([part.carrier, part.number])
