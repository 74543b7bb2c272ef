"""The reminders of a `MemoryStore`: rows by number, by key and by order, the next wake, and counts that are kept."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from notifier.interfaces import Cancel, Move, Result, Ruling
from notifier.model.reminder import OrderKey, Planned, Reminder, State
from notifier.store.states import AGAIN_REASON, IN_DOUBT_REASON, MOST_CRASHES, MOVABLE, REVIVABLE


class Rows:
    """All reminders. `ready` holds, for claimed ones, when they would have been looked at; `attempt` the last try."""

    def __init__(self) -> None:
        self.by_id: dict[int, Reminder] = {}
        self.ready: dict[int, datetime] = {}
        self.attempt: dict[int, str] = {}
        self.tally: Counter[tuple[str, State]] = Counter()
        self._ids: dict[tuple[object, ...], int] = {}
        self._of_order: defaultdict[OrderKey, list[int]] = defaultdict(list)
        self._of_alert: defaultdict[int, list[int]] = defaultdict(list)
        self._wakes: list[tuple[datetime, int]] = []

    def insert(self, plan: Planned, customer: str, now: datetime | None, alert: int = 0) -> None:
        """A new row, unless its key exists. The calls of an alert are found by its number, not by their order."""
        if plan.key in self._ids:
            return
        id_ = next(reversed(self.by_id), 0) + 1  # as databases do it
        self._ids[plan.key] = id_
        (self._of_alert[alert] if alert else self._of_order[plan.key.order_key]).append(id_)
        self.put(
            Reminder(
                *(id_, plan.key, State.PLANNED, plan.due, plan.until, plan.due, plan.merge),
                customer=customer,
                updated=now,
                alert=alert,
            )
        )

    def put(self, row: Reminder) -> None:
        """Put a row in the place of the one with its number."""
        old = self.by_id.get(row.id)
        if old is not None:
            self.tally[old.key.source, old.state] -= 1
        self.tally[row.key.source, row.state] += 1
        self.by_id[row.id] = row
        if row.state is State.PLANNED:
            heapq.heappush(self._wakes, (row.wake, row.id))  # older entries of this row are stale from now on
        else:
            self.ready.pop(row.id, None)

    def drop(self, row: Reminder) -> None:
        """Forget a row altogether."""
        del self.by_id[row.id], self._ids[row.key]
        (self._of_alert[row.alert] if row.alert else self._of_order[row.key.order_key]).remove(row.id)
        self.attempt.pop(row.id, None)
        self.tally[row.key.source, row.state] -= 1

    def of_order(self, key: OrderKey) -> list[Reminder]:
        """The rows of an order, the oldest first."""
        return [self.by_id[id_] for id_ in self._of_order.get(key, ())]

    def of_alert(self, alert: int) -> list[Reminder]:
        """The calls of an alert, the oldest first."""
        return [self.by_id[id_] for id_ in self._of_alert.get(alert, ())]

    def settle(self, ruling: Ruling, now: datetime) -> None:
        """Write a decision into a row that is planned under this fence."""
        row = self.by_id.get(ruling.id)
        if row is not None and row.state is State.PLANNED and row.fence == ruling.fence:
            self.end(row, ruling, self.ready.pop(row.id, row.wake), now)

    def end(self, row: Reminder, decided: Ruling | Result, wake: datetime, now: datetime) -> None:
        """Write what was decided about a row, or how the attempt at it ended."""
        self.put(
            replace(
                row,
                state=decided.state,
                reason=decided.reason,
                wake=max(decided.wake or wake, row.due),
                refused=row.refused if decided.refused is None else decided.refused,
                attempts=row.attempts + (isinstance(decided, Result) and decided.counts),
                updated=now,
            )
        )

    def doubt(self, row: Reminder, now: datetime) -> bool:
        """After a crash: what is for the staff is said again, anything else is held. Whether it is said again."""
        again = row.for_staff and row.crashes + 1 < MOST_CRASHES
        state, reason = (State.PLANNED, AGAIN_REASON) if again else (State.HELD, IN_DOUBT_REASON)
        wake = max(row.wake, row.due)
        self.put(replace(row, state=state, reason=reason, wake=wake, crashes=row.crashes + 1, updated=now))
        return again

    def move(self, move: Move, now: datetime | None) -> None:
        """Give a row its new times, and plan one that was over again where the move says so."""
        row = self.by_id.get(move.id)
        if row is None:
            return
        new = replace(row, due=move.due, until=move.until, updated=now)
        if row.state in REVIVABLE and move.revive:
            self.put(replace(new, state=State.PLANNED, wake=move.due, reason=move.reason))
        elif row.state is State.PLANNED:
            claimed = row.id in self.ready
            if claimed:
                self.ready[row.id] = move.due
            self.put(replace(new, wake=row.wake if claimed else move.due, reason=move.reason))
        elif row.state in MOVABLE:
            self.put(new)

    def cancel(self, cancel: Cancel, now: datetime | None) -> None:
        """Cancel a planned row, claimed or not."""
        row = self.by_id.get(cancel.id)
        if row is not None and row.state is State.PLANNED:
            self.put(replace(row, state=State.CANCELLED, reason=cancel.reason, updated=now))

    def next_wake(self) -> datetime | None:
        """The first wake of a planned row."""
        while self._wakes:
            wake, id_ = self._wakes[0]
            if self._is_current(wake, id_):
                return wake
            heapq.heappop(self._wakes)
        return None

    def claim(self, now: datetime, lease: datetime, limit: int) -> list[Reminder]:
        """Take the first due rows and, when there may be more, the siblings of those that merge."""
        taken: list[int] = []
        while len(taken) < limit and (wake := self.next_wake()) is not None and wake <= now:
            _, id_ = heapq.heappop(self._wakes)
            taken.append(id_)
            self._lease(id_, lease)
        if len(taken) == limit:
            for row in [self.by_id[id_] for id_ in taken]:
                for id_ in list(self._siblings(row, now)):
                    taken.append(id_)
                    self._lease(id_, lease)
        return [self.by_id[id_] for id_ in sorted(taken, key=lambda id_: (self.ready[id_], id_))]

    def _siblings(self, row: Reminder, now: datetime) -> Iterator[int]:
        if row.merge:
            for other in self.of_order(row.key.order_key):
                is_due = other.state is State.PLANNED and other.wake <= now
                if other.merge and is_due and other.key.job == row.key.job:
                    yield other.id

    def _lease(self, id_: int, lease: datetime) -> None:
        row = self.by_id[id_]
        self.ready.setdefault(id_, row.wake)
        self.put(replace(row, wake=lease, fence=row.fence + 1))

    def release(self) -> int:
        """Give every claim back; returns how many there were."""
        released, self.ready = self.ready, {}
        for id_, wake in released.items():
            self.put(replace(self.by_id[id_], wake=wake))
        return len(released)

    def _is_current(self, wake: datetime, id_: int) -> bool:
        row = self.by_id.get(id_)
        return row is not None and row.state is State.PLANNED and row.wake == wake
