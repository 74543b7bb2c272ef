"""The handover: what the next shift has to know – open alerts, promises that fall due, and notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from notifier.model.alert import Alert, AlertEntry, AlertState
from notifier.model.digest import Cell, Column, Digest, Kind, Table
from notifier.model.job import Urgency
from notifier.model.order import Order, OrderState
from notifier.rules.digests.fold import Fold, News, open_cases, waits_to_be_shipped
from notifier.rules.digests.gathering import Worst, masked, shortened
from notifier.rules.digests.scope import Scope

_ALERTS = (
    Column("number"),
    Column("urgency", Kind.WORD),
    Column("state", Kind.WORD),
    Column("order"),
    Column("about"),
    Column("since", Kind.INSTANT),
    Column("who"),
)
_PROMISES = (Column("what", Kind.WORD), Column("order"), Column("due", Kind.INSTANT), Column("details"))
_NOTES = (Column("number"), Column("time", Kind.INSTANT), Column("who"), Column("note"))
_URGENCY = {Urgency.URGENT: 0, Urgency.NORMAL: 1, Urgency.LOW: 2}


class Handover(Fold):
    """Promises are what the shop owes by a time that comes within `promise_hours`: parcels, evidence, cases that
    close by themselves. Notes are those of `note_hours` on alerts that are still open.
    """

    limits: ClassVar = {"promise_hours": 24, "note_hours": 24}
    wants_news = True
    wants_notes = True

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._promises, self._alerts, self._notes = Worst(), Worst(), Worst()

    def see(self, order: Order) -> None:
        """Note what is promised about an order."""
        soon = self.scope.at + self.scope.length("promise_hours")
        for what, due, details in _promises(order, self.scope.at):
            if self.scope.at <= due <= soon:
                self._promises.add(what, (due, order.id), (what, order.id, due, details))

    def learn(self, news: News) -> None:
        """Note the alerts that are not resolved, the most urgent first, and what was written about them."""
        since = self.scope.at - self.scope.length("note_hours")
        for alert in news.alerts:
            rank = (_URGENCY[alert.urgency], alert.state is not AlertState.OPEN, alert.opened)
            self._alerts.add(str(alert.state), rank, _alert(alert))
            for entry in news.histories.get(alert.id, ()):
                if entry.what == "note" and since <= entry.at <= self.scope.at:
                    self._notes.add("note", (-entry.at.timestamp(),), _note(entry))

    def digest(self) -> Digest:
        """Three tables: alerts, promises, notes."""
        tables = (
            Table(_ALERTS, self._alerts.rows, "alerts", more=self._alerts.more),
            Table(_PROMISES, self._promises.rows, "promises", more=self._promises.more),
            Table(_NOTES, self._notes.rows, "notes", more=self._notes.more),
        )
        counts = [worst.counts.total() for worst in (self._alerts, self._promises, self._notes)]
        values: dict[str, Cell] = {
            "time": self.scope.at,
            "alerts": counts[0],
            "promises": counts[1],
            "count": counts[0] + counts[1],
        }
        return Digest("handover", tables, values, not any(counts))


def _promises(order: Order, at: datetime) -> Iterator[tuple[str, datetime, str]]:
    if order.state is not OrderState.OTHER and order.ship_by is not None and waits_to_be_shipped(order, at):
        yield "ship", order.ship_by, ""
    for case in open_cases(order, at):
        if case.evidence_by is not None and not case.evidence:
            yield "evidence", case.evidence_by, shortened([case.id, masked(case.reason)])
        if case.closes_by is not None:
            yield "case", case.closes_by, shortened([case.id, masked(case.reason)])


def _alert(alert: Alert) -> tuple[str, str, str, str, str, datetime, str]:
    about = f"{alert.key.job}: {alert.what}" if alert.what else alert.key.job
    return (str(alert.id), str(alert.urgency), str(alert.state), alert.key.order, about, alert.opened, alert.by)


def _note(entry: AlertEntry) -> tuple[str, datetime, str, str]:
    return (str(entry.alert), entry.at, entry.by, shortened([masked(entry.text)], 200))
