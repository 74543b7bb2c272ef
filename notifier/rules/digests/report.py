"""The daily report: yesterday in numbers, what each job's messages were worth, and what is wrong."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from notifier.interfaces import SaidRow
from notifier.model.digest import Cell, Column, Digest, Kind, Table
from notifier.model.order import Order
from notifier.model.reminder import State
from notifier.rules.digests.fold import Fold, News, waits_to_be_shipped
from notifier.rules.digests.gathering import Tally, Worst, shortened
from notifier.rules.digests.goals import Goals, Reached
from notifier.rules.digests.scope import Scope, Stretch

_DAY = timedelta(days=1)
_MONTH = timedelta(days=30)
_FIGURES = (
    Column("what", Kind.WORD),
    Column("count", Kind.NUMBER),
    Column("amount", Kind.MONEY),
    Column("mean time", Kind.LENGTH),
)
_NAMES = (
    *("placed", "paid", "cancelled", "shipped", "late", "overdue", "refunded", "reviews", "bad reviews"),
    *("undelivered", "held", "alerts"),
)
_JOBS = (
    Column("job"),
    Column("sent", Kind.NUMBER),
    Column("recovered", Kind.NUMBER),
    Column("amount", Kind.MONEY),
    Column("sent in 30 days", Kind.NUMBER),
    Column("recovered in 30 days", Kind.NUMBER),
    Column("rate", Kind.SHARE),
    Column("amount in 30 days", Kind.MONEY),
)
_PROBLEMS = (Column("what", Kind.WORD), Column("order"), Column("since", Kind.INSTANT), Column("details"))
_BAD = 3
_LISTED = 50


class DailyReport(Fold):
    """Everything about yesterday, from 00:00 to 24:00 on the shop's clock, as it is known now.

    Late is what left yesterday after its `ship_by`, overdue what still waits past it. The mean time of refunds counts
    from the request to the payment, that of late parcels from `ship_by`. For jobs, recovered counts goals that came
    yesterday; the rate is that of the messages of 30 days (`goals`), because those of yesterday still have time.
    """

    wants_said = True
    wants_news = True

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._figures = {name: Tally() for name in _NAMES}
        self._month = Stretch(scope.yesterday.end - _MONTH, scope.yesterday.end)
        self._goals = Goals(scope.jobs, scope.shop)
        self._sent: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._reached: defaultdict[str, tuple[Tally, Tally]] = defaultdict(lambda: (Tally(), Tally()))
        self._problems = Worst(_LISTED)

    def since(self) -> datetime:
        """The messages of 30 days."""
        return self._month.start

    def hear(self, said: SaidRow) -> None:
        """Count a message to a customer. A day's count includes those that did not arrive in the end."""
        if said.alert or said.job not in self.scope.jobs or self.scope.jobs[said.job].for_staff:
            return
        self._goals.hear(said)
        sent = self._sent[said.job]
        sent[0] += self.scope.yesterday.has(said.started)
        sent[1] += self._month.has(said.started)
        if said.state is State.UNDELIVERED and self.scope.yesterday.has(said.started):
            self._figures["undelivered"].add()
            self._trouble("undelivered", said.order, said.started, f"{said.job}, {said.channel}")

    def see(self, order: Order) -> None:
        """Count what happened to an order yesterday."""
        yesterday, figures = self.scope.yesterday, self._figures
        for name in ("placed", "paid", "cancelled", "shipped"):
            if yesterday.has(getattr(order, name)):
                figures[name].add(order.total)
        if order.ship_by is not None:
            self._shipping(order, order.ship_by)
        for case in order.cases:
            if case.paid is not None and yesterday.has(case.paid):
                figures["refunded"].add(case.amount, case.paid - case.requested if case.requested else None)
        for review in order.reviews:
            if yesterday.has(review.written):
                figures["reviews"].add()
                if 0 < review.rating <= _BAD:
                    figures["bad reviews"].add()
                    self._trouble("bad review", order.id, review.written, "★" * review.rating)
        for reached in self._goals.see(order, self.since()):
            self._credit(reached)

    def learn(self, news: News) -> None:
        """Count what went wrong; list what is wrong still."""
        for reached in self._goals.again():
            self._credit(reached)
        for reminder in news.failed:
            if self.scope.yesterday.has(reminder.updated):
                self._figures["undelivered"].add()
                self._trouble("undelivered", reminder.key.order, reminder.updated, reminder.key.job)
        for _ in range(news.counts.get(State.HELD, 0)):
            self._figures["held"].add()
        for alert in news.alerts:
            self._figures["alerts"].add()
            about = f"{alert.id}: {alert.key.job} {alert.what}".strip()
            self._trouble("alert", alert.key.order, alert.opened, about)
        for mark in news.marks:
            if mark.paused or mark.trouble:
                self._trouble("source", "", mark.read, shortened([mark.source, mark.paused or mark.trouble], 160))

    def digest(self) -> Digest:
        """Three tables; the one of jobs has a last row that adds up."""
        figures = [(name, own.count, own.money, own.mean) for name, own in self._figures.items()]
        tables = (
            Table(_FIGURES, figures, "figures"),
            Table(_JOBS, [self._job(name) for name in sorted(self._sent)], "jobs", total=self._total()),
            Table(_PROBLEMS, self._problems.rows, "problems", more=self._problems.more),
        )
        paid, reached = self._figures["paid"], sum(own[0].count for own in self._reached.values())
        values: dict[str, Cell] = {"day": self.scope.today, "about": self.scope.today - _DAY, "count": paid.count}
        return Digest("daily-report", tables, {**values, "revenue": paid.money, "recovered": reached})

    def _shipping(self, order: Order, ship_by: datetime) -> None:
        yesterday = self.scope.yesterday
        if order.shipped is not None and yesterday.has(order.shipped) and order.shipped > ship_by:
            self._figures["late"].add(order.total, order.shipped - ship_by)
        elif ship_by < yesterday.end and waits_to_be_shipped(order, self.scope.at):
            self._figures["overdue"].add(order.total, self.scope.at - ship_by)

    def _trouble(self, what: str, order: str, since: datetime | None, details: str) -> None:
        rank = (-since.timestamp() if since else 0.0,)
        self._problems.add(what, rank, (what, order, since, details))

    def _credit(self, reached: Reached) -> None:
        yesterday, month = self._reached[reached.job]
        if self.scope.yesterday.has(reached.at):
            yesterday.add(reached.money)
        if self._month.has(reached.said) and reached.at < self._month.end:
            month.add(reached.money)

    def _job(self, name: str) -> tuple[Cell, ...]:
        sent, month = self._sent[name]
        if not self.scope.jobs[name].goal:
            return (name, sent, None, None, month, None, None, None)
        return (name, *_worth(sent, month, *self._reached[name]))

    def _total(self) -> tuple[Cell, ...]:
        """All jobs that have a goal, together: an order is in none of them twice, unless it came to two goals."""
        with_goal = [name for name in self._sent if self.scope.jobs[name].goal]
        if len(with_goal) < 2:
            return ()
        yesterday, month = Tally(), Tally()
        for name in with_goal:
            yesterday.merge(self._reached[name][0])
            month.merge(self._reached[name][1])
        sent = [sum(self._sent[name][number] for name in with_goal) for number in (0, 1)]
        return ("", *_worth(sent[0], sent[1], yesterday, month))


def _worth(sent: int, sent_in_month: int, yesterday: Tally, month: Tally) -> tuple[Cell, ...]:
    rate = month.count / sent_in_month if sent_in_month else None
    return (sent, yesterday.count, yesterday.money, sent_in_month, month.count, rate, month.money)
