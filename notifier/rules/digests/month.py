"""The monthly plan: numbers to plan the next month with, and what to reconcile with the carriers."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, NamedTuple

from notifier.model.digest import Cell, Column, Digest, Kind, Table
from notifier.model.order import Money, Order, Parcel
from notifier.rules.digests.fold import Fold
from notifier.rules.digests.gathering import MOST_ROWS, Tally
from notifier.rules.digests.scope import Scope, Stretch
from notifier.rules.workdays import is_workday

_MONTHS = (
    Column("what", Kind.WORD),
    Column("month"),
    Column("working days", Kind.NUMBER),
    Column("orders", Kind.NUMBER),
    Column("amount", Kind.MONEY),
    Column("parcels", Kind.NUMBER),
    Column("cases", Kind.NUMBER),
)
_CARRIERS = (
    Column("carrier"),
    Column("parcels", Kind.NUMBER),
    Column("delivered", Kind.NUMBER),
    Column("under way", Kind.NUMBER),
    Column("lost", Kind.NUMBER),
    Column("returned", Kind.NUMBER),
)
_DAY = timedelta(days=1)
_COMPARED = {"a year before": -11, "the month before": -1, "this month": 0}
"""Months that are counted, from the present one on; the first is the coming month's, a year before."""


class _Month(NamedTuple):
    first: date
    stretch: Stretch
    orders: Tally
    parcels: Tally
    cases: Tally


class MonthlyPlan(Fold):
    """Orders count in the month in which they were paid, parcels and cases when they began.

    The coming month is expected to bring, for each of its days, what this month brought a day so far. Parcels are
    those that left this month; lost are those that nobody has seen for `lost_days`.
    """

    limits: ClassVar = {"lost_days": 10}

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._months = {
            name: _Month(*scope.month(months), Tally(), Tally(), Tally()) for name, months in _COMPARED.items()
        }
        self._carriers: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 5)

    def see(self, order: Order) -> None:
        """Count an order, its parcels and its cases in their months."""
        for month in self._months.values():
            if month.stretch.has(order.paid):
                month.orders.add(order.total)
            for parcel in order.parcels:
                if month.stretch.has(parcel.shipped) and not parcel.voided:
                    month.parcels.add()
            for case in order.cases:
                if month.stretch.has(case.requested):
                    month.cases.add()
        for parcel in order.parcels:
            if self._months["this month"].stretch.has(parcel.shipped) and not parcel.voided:
                self._carry(order, parcel)

    def digest(self) -> Digest:
        """Two tables: months, and carriers by how many parcels they took."""
        rows = [self._month(name) for name in _COMPARED]
        first, coming = self.scope.month(1)
        carriers = sorted(self._carriers.items(), key=lambda item: (-item[1][0], item[0]))
        carrier_rows: list[tuple[Cell, ...]] = [(name, *counts) for name, counts in carriers]
        total = tuple(sum(counts[number] for _, counts in carriers) for number in range(5))
        tables = (
            Table(_MONTHS, [*rows, self._expected(first, coming)], "months"),
            Table(
                _CARRIERS,
                carrier_rows[:MOST_ROWS],
                "carriers",
                total=("", *total) if len(carriers) > 1 else (),
                more=max(0, len(carriers) - MOST_ROWS),
            ),
        )
        open_parcels = total[2] + total[3]
        values: dict[str, Cell] = {"month": f"{first:%Y-%m}", "lost": total[3], "count": open_parcels}
        return Digest("monthly-plan", tables, values)

    def _carry(self, order: Order, parcel: Parcel) -> None:
        counts = self._carriers[parcel.carrier or "–"]
        counts[0] += 1
        seen = parcel.last_scan or parcel.first_scan or parcel.shipped
        if parcel.returned:
            counts[4] += 1
        elif parcel.delivered or order.delivered or order.completed:
            counts[1] += 1
        elif seen is not None and self.scope.at - seen > self.scope.length("lost_days"):
            counts[3] += 1
        else:
            counts[2] += 1

    def _month(self, name: str) -> tuple[Cell, ...]:
        month = self._months[name]
        orders = month.orders
        counts = (orders.count, orders.money, month.parcels.count, month.cases.count)
        return (name, f"{month.first:%Y-%m}", self._workdays(month.first), *counts)

    def _expected(self, first: date, coming: Stretch) -> tuple[Cell, ...]:
        now = self._months["this month"]
        passed = (min(self.scope.at, now.stretch.end) - now.stretch.start) / _DAY
        factor = (coming.end - coming.start) / _DAY / passed if passed else 0.0
        share = Decimal(factor)
        money = tuple(Money((m.amount * share).quantize(m.amount), m.currency) for m in now.orders.money)
        counts = [round(tally.count * factor) for tally in (now.orders, now.parcels, now.cases)]
        return ("expected", f"{first:%Y-%m}", self._workdays(first), counts[0], money, counts[1], counts[2])

    def _workdays(self, first: date) -> int:
        days = (first + number * _DAY for number in range(31))
        return sum(day.month == first.month and is_workday(day, self.scope.shop.calendar) for day in days)
