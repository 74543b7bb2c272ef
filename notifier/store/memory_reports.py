"""What reports ask a `MemoryStore`: accepted messages and the revisit record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from notifier.interfaces import REVISIT_JOBS, AttemptRow, RevisitResult, RevisitRow, SaidRow
from notifier.model.reminder import OrderKey, Reminder
from notifier.store.memory_alerts import MemoryAlerts
from notifier.store.states import SAID, VISITED


class MemoryReports(MemoryAlerts):
    """A `ReportStore` in dictionaries. `_numbered` are the numbers of attempts."""

    def __init__(self) -> None:
        super().__init__()
        self._attempts: dict[str, AttemptRow] = {}
        self._numbered: dict[str, int] = {}
        self._revisits: dict[OrderKey, RevisitResult] = {}

    async def said(self, since: datetime, until: datetime, after: int, limit: int) -> Sequence[SaidRow]:
        found: list[SaidRow] = []
        for row in self._attempts.values():
            number, started, pairs = self._numbered[row.attempt.id], row.attempt.started, row.attempt.reminders
            if row.state in SAID and number > after and since <= started < until and pairs:
                first = self._rows.by_id[pairs[0][0]]
                key, channel = first.key, row.attempt.channel
                said = (number, key.source, key.order, key.job, key.step, started, row.state, channel, first.alert)
                found.append(SaidRow(*said))
        return found[:limit]

    async def record_revisit(self, result: RevisitResult) -> bool:
        key = OrderKey(result.source, result.order)
        if not any(_is_line(row) for row in self._rows.of_order(key)):
            return False
        self._revisits[key] = result
        return True

    async def revisits(self, since: datetime, until: datetime, limit: int) -> Sequence[RevisitRow]:
        found = [row for row in self._rows.by_id.values() if _is_line(row) and since <= row.due < until]
        found.sort(key=lambda row: (row.due, row.id))
        return [self._line(row) for row in found[:limit]]

    def _line(self, row: Reminder) -> RevisitRow:
        key = row.key
        line = RevisitRow(key.source, key.order, row.customer, key.job, row.due, row.state)
        if (result := self._revisits.get(key.order_key)) is None:
            return line
        return replace(line, result=result.result, by=result.by, at=result.at, note=result.note)

    def _forget_revisits(self, before: datetime) -> int:
        gone = [
            key
            for key, result in self._revisits.items()
            if result.at < before and not any(row.key.job in REVISIT_JOBS for row in self._rows.of_order(key))
        ]
        for key in gone:
            del self._revisits[key]
        return len(gone)


def _is_line(row: Reminder) -> bool:
    return row.key.job in REVISIT_JOBS and row.alert == 0 and row.state in VISITED
