"""A shop made of histories: at each instant it shows its orders as they stood then. For simulation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime

from notifier.clock import Clock
from notifier.interfaces import Page, Record
from notifier.model.order import Order
from notifier.rules.history import as_of, instants


class ReplaySource:
    """Replays finished or open orders on a clock. Everything a shop would show later is hidden until then."""

    def __init__(self, name: str, orders: Iterable[Order], clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._orders = {order.id: order for order in orders}
        self._instants = {id_: instants(order) for id_, order in self._orders.items()}
        changes = [(instant, id_) for id_, own in self._instants.items() for instant in own]
        changes += [
            (datetime.min.replace(tzinfo=clock.now().tzinfo), id_) for id_, own in self._instants.items() if not own
        ]
        self._changes = sorted(changes)
        self._times = [instant for instant, _ in self._changes]

    def next_change(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which an order changes."""
        position = bisect_right(self._times, now)
        return self._times[position] if position < len(self._times) else None

    async def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]:
        """One page with what has changed since the cursor (a position among all changes)."""
        start, end = int(cursor or 0), bisect_right(self._times, now)
        ids = dict.fromkeys(id_ for _, id_ in self._changes[start:end])
        yield Page(tuple(self._records(ids, now)), str(end))

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]:
        return {record.id: record for record in self._records(ids, self._clock.now())}

    def order(self, record: Record) -> Order:
        order: Order = record.fields
        return order

    async def close(self) -> None:
        """Nothing is open."""

    def _records(self, ids: Iterable[str], now: datetime) -> Iterable[Record]:
        for id_ in ids:
            order = self._orders.get(id_)
            shown = as_of(order, now) if order else None
            if shown is not None:
                yield Record(id_, str(bisect_right(self._instants[id_], now)), shown)
