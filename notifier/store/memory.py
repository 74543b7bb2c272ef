"""`MemoryStore`: the same contract in dictionaries, for simulation and tests. Nothing survives it; nothing waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from notifier.interfaces import (
    AttemptRow,
    Changes,
    CustomerFacts,
    Quarantined,
    Recovered,
    Result,
    Ruling,
    Selection,
    SourceMark,
    StoredOrder,
)
from notifier.model.message import Attempt
from notifier.model.order import Order
from notifier.model.reminder import OrderKey, Reminder, State
from notifier.store.instants import micros_or_none
from notifier.store.memory_reports import MemoryReports
from notifier.store.states import (
    AGAIN_REASON,
    FINISHED,
    IN_DOUBT_OUTCOME,
    IN_DOUBT_REASON,
    LATEST_ORDERS,
    LEFT,
    chosen,
)

_Who = tuple[str, str]
"""A source and a customer of it."""


class MemoryStore(MemoryReports):
    """A `Store` that is gone with the process. Methods never give way to other tasks, so each is one transaction."""

    def __init__(self) -> None:
        super().__init__()
        self._orders: defaultdict[str, dict[str, StoredOrder]] = defaultdict(dict)
        self._of_customer: defaultdict[_Who, dict[str, Order]] = defaultdict(dict)
        self._to_customer: defaultdict[_Who, list[str]] = defaultdict(list)
        self._marks: dict[str, SourceMark] = {}
        self._quarantine: dict[tuple[str, str], Quarantined] = {}
        self._references: set[tuple[str, str]] = set()
        self._suppressed: set[tuple[str, str]] = set()
        self._meta: dict[str, str] = {}

    async def mark(self, source: str) -> SourceMark:
        return self._marks.get(source) or SourceMark(source)

    async def marks(self) -> Sequence[SourceMark]:
        return [self._marks[source] for source in sorted(self._marks)]

    async def set_mark(self, mark: SourceMark) -> None:
        self._marks[mark.source] = mark

    async def quarantined(self, source: str = "") -> Sequence[Quarantined]:
        found = sorted((bad.source, bad.order) for bad in self._quarantine.values() if source in ("", bad.source))
        return sorted((self._quarantine[key] for key in found), key=lambda bad: bad.seen, reverse=True)

    async def meta(self, name: str) -> str | None:
        return self._meta.get(name)

    async def set_meta(self, name: str, value: str) -> None:
        self._meta[name] = value

    async def digests(self, source: str, ids: Sequence[str]) -> Mapping[str, str]:
        return {id_: stored.digest for id_, stored in (await self.orders(source, ids)).items()}

    async def orders(self, source: str, ids: Sequence[str]) -> Mapping[str, StoredOrder]:
        ours = self._orders[source]
        return {id_: ours[id_] for id_ in ids if id_ in ours}

    async def orders_after(self, source: str, last: str, limit: int) -> Sequence[StoredOrder]:
        ours = self._orders[source]
        return [ours[id_] for id_ in sorted(id_ for id_ in ours if id_ > last)[:limit]]

    async def reminders(self, source: str, ids: Sequence[str]) -> Mapping[str, Sequence[Reminder]]:
        return {id_: self._rows.of_order(OrderKey(source, id_)) for id_ in ids}

    async def count_planned(self, source: str) -> int:
        return self._rows.tally[source, State.PLANNED]

    async def counts(self) -> Mapping[State, int]:
        found: dict[State, int] = {}
        for (_, state), amount in self._rows.tally.items():
            if amount:
                found[state] = found.get(state, 0) + amount
        return found

    async def next_wake(self) -> datetime | None:
        return self._rows.next_wake()

    async def apply(self, changes: Changes) -> None:
        for stored in changes.orders:
            self._save(stored)
        for plan, customer in changes.inserts:
            self._rows.insert(plan, customer, changes.now)
        for move in changes.moves:
            self._rows.move(move, changes.now)
        for cancel in changes.cancels:
            self._rows.cancel(cancel, changes.now)
        self._quarantine.update({(bad.source, bad.order): bad for bad in changes.quarantine})
        if changes.mark is not None:
            self._marks[changes.mark.source] = changes.mark

    def _save(self, stored: StoredOrder) -> None:
        order = stored.order
        old = self._orders[order.source].get(order.id)
        if old is not None:
            self._of_customer[order.source, old.order.customer.id].pop(order.id)
        self._orders[order.source][order.id] = stored
        self._of_customer[order.source, order.customer.id][order.id] = order
        self._quarantine.pop((order.source, order.id), None)

    async def claim(self, now: datetime, lease: datetime, limit: int) -> Sequence[Reminder]:
        return self._rows.claim(now, lease, limit)

    async def facts(
        self,
        source: str,
        customers: Sequence[str],
        since: Mapping[str, datetime],
        orders_of: Collection[str] | None = None,
    ) -> Mapping[str, CustomerFacts]:
        return {
            customer: CustomerFacts(
                self._latest(source, customer) if orders_of is None or customer in orders_of else [],
                {name: self._sent((source, customer), name, start) for name, start in since.items()},
            )
            for customer in customers
        }

    def _latest(self, source: str, customer: str) -> Sequence[Order]:
        if not customer:
            return []
        theirs = self._of_customer[source, customer].values()
        dated = sorted(((micros_or_none(order.placed) or 0, order.id) for order in theirs), reverse=True)
        return [self._orders[source][id_].order for _, id_ in dated[:LATEST_ORDERS]]

    def _sent(self, who: _Who, name: str, since: datetime) -> int:
        found = (self._attempts[id_] for id_ in self._to_customer.get(who, ()) if who[1] and id_ in self._attempts)
        return sum(
            row.state in LEFT and row.attempt.started >= since and name in ("any", row.attempt.purpose) for row in found
        )

    async def suppressed(self, addresses: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        return self._suppressed.intersection(addresses)

    async def settle(self, rulings: Sequence[Ruling], now: datetime) -> None:
        for ruling in rulings:
            self._rows.settle(ruling, now)

    async def intend(self, attempts: Sequence[Attempt], now: datetime, ended: Sequence[Result] = ()) -> Collection[str]:
        if ended:
            await self.record(ended, now)
        return [attempt.id for attempt in attempts if self._intend(attempt, now)]

    def _intend(self, attempt: Attempt, now: datetime) -> bool:
        rows = [self._rows.by_id.get(id_) for id_, _ in attempt.reminders]
        ours = [row for row in rows if row is not None and row.state is State.PLANNED]
        if [(row.id, row.fence) for row in ours] != [*attempt.reminders]:
            return False
        for row in ours:
            wake = self._rows.ready.pop(row.id, row.wake)
            self._rows.attempt[row.id] = attempt.id
            self._rows.put(replace(row, state=State.SENDING, wake=wake, updated=now))
        key = ours[0].key if ours else None
        job, order, source = (key.job, key.order, key.source) if key else ("", "", "")
        self._numbered[attempt.id] = next(reversed(self._numbered.values()), 0) + 1
        self._attempts[attempt.id] = AttemptRow(attempt, "", "", "", None, State.SENDING, job, order)
        self._to_customer[source, attempt.customer].append(attempt.id)
        return True

    async def record(self, results: Sequence[Result], now: datetime) -> None:
        for result in results:
            if result.suppress:
                self._suppressed.add(result.suppress)
            old = self._attempts.get(result.attempt)
            if old is None or old.state is not State.SENDING:
                continue
            reference = "" if (old.attempt.channel, result.reference) in self._references else result.reference
            self._references.add((old.attempt.channel, reference))
            self._attempts[result.attempt] = replace(
                old, state=result.state, outcome=result.outcome, reason=result.reason, reference=reference, ended=now
            )
            for id_, _ in old.attempt.reminders:
                row = self._rows.by_id[id_]
                self._rows.end(row, result, row.wake, now)

    async def recover(self, now: datetime) -> Recovered:
        doubtful = [row for row in self._attempts.values() if row.state is State.SENDING]
        again = sum(self._doubt(row, now) for row in doubtful)
        return Recovered(len(doubtful) - again, self._rows.release(), again)

    def _doubt(self, row: AttemptRow, now: datetime) -> bool:
        again = sum(self._rows.doubt(self._rows.by_id[id_], now) for id_, _ in row.attempt.reminders) > 0
        state, reason = (State.PLANNED, AGAIN_REASON) if again else (State.HELD, IN_DOUBT_REASON)
        ended = replace(row, state=state, outcome=IN_DOUBT_OUTCOME, reason=reason, ended=now)
        self._attempts[row.attempt.id] = ended
        return again

    async def list_reminders(self, selection: Selection) -> Sequence[Reminder]:
        states = chosen(selection.states) or [*State]
        found = [
            row
            for row in reversed(self._rows.by_id.values())
            if row.state in states
            and selection.order in ("", row.key.order)
            and (row.id in self._rows.attempt or not selection.attempts)
        ]
        if states == [State.PLANNED]:
            found.sort(key=lambda row: (row.wake, row.id))
        return found[: selection.limit]

    async def list_attempts(self, selection: Selection) -> Sequence[AttemptRow]:
        states = chosen(selection.states) or [*State]
        newest = reversed(self._attempts.values())
        order, rows = selection.order, self._rows
        latest = {
            rows.attempt[row.id] for row in rows.by_id.values() if order == row.key.order and row.id in rows.attempt
        }
        ours = (row for row in newest if order in ("", row.order) or row.attempt.id in latest)
        return [*islice((row for row in ours if row.state in states), selection.limit)]

    async def purge(self, before: datetime) -> int:
        over = [row for row in self._rows.by_id.values() if _is_over(row, before)]
        alerts, calls = self._forget_alerts(before)
        for row in (*over, *calls):
            self._rows.drop(row)
        gone = {row.id for row in (*over, *calls)}
        for id_, old in list(self._attempts.items()):
            if old.attempt.reminders and old.attempt.reminders[0][0] in gone:
                del self._attempts[id_], self._numbered[id_]
        emptied = sum(self._empty(row, before) for row in list(self._attempts.values()))
        return len(over) + alerts + emptied + self._forget_revisits(before)

    def _empty(self, row: AttemptRow, before: datetime) -> bool:
        if row.ended is None or row.ended >= before or not row.attempt.content:
            return False
        self._attempts[row.attempt.id] = replace(row, attempt=replace(row.attempt, content=b""))
        return True

    async def close(self) -> None:
        """Nothing to close."""


def _is_over(row: Reminder, before: datetime) -> bool:
    updated = row.updated is not None and row.updated < before
    return row.state in FINISHED and row.until < before and updated and row.alert == 0
