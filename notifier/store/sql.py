"""`SqlStore`: the one door to the database. Each method is one unit of work; the SQL is in the nouns' own files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from notifier.interfaces import (
    AlertChange,
    AlertSelection,
    AttemptRow,
    Changes,
    CustomerFacts,
    Quarantined,
    Recovered,
    Result,
    RevisitResult,
    RevisitRow,
    Ruling,
    SaidRow,
    Selection,
    SourceMark,
    StoredOrder,
)
from notifier.model.alert import Alert, AlertEntry, AlertKey
from notifier.model.message import Attempt
from notifier.model.reminder import Reminder, State
from notifier.store import (
    alerts,
    attempts,
    claims,
    housekeeping,
    marks,
    orders,
    recovery,
    reminders,
    reports,
    suppressions,
    tallies,
)
from notifier.store.database import Database


class SqlStore:
    """A `Store` in a database. `notifier.store.open_store` makes one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark(self, source: str) -> SourceMark:
        return await self._database.read(lambda connection: marks.mark(connection, source))

    async def marks(self) -> Sequence[SourceMark]:
        return await self._database.read(marks.marks)

    async def set_mark(self, mark: SourceMark) -> None:
        await self._database.write(lambda connection: marks.set_mark(connection, mark))

    async def quarantined(self, source: str = "") -> Sequence[Quarantined]:
        return await self._database.read(lambda connection: marks.quarantined(connection, source))

    async def meta(self, name: str) -> str | None:
        return await self._database.read(lambda connection: marks.remembered(connection, name))

    async def set_meta(self, name: str, value: str) -> None:
        await self._database.write(lambda connection: marks.remember(connection, name, value))

    async def digests(self, source: str, ids: Sequence[str]) -> Mapping[str, str]:
        return await self._database.read(lambda connection: orders.digests(connection, source, ids))

    async def orders(self, source: str, ids: Sequence[str]) -> Mapping[str, StoredOrder]:
        return await self._database.read(lambda connection: orders.by_id(connection, source, ids))

    async def orders_after(self, source: str, last: str, limit: int) -> Sequence[StoredOrder]:
        return await self._database.read(lambda connection: orders.after(connection, source, last, limit))

    async def reminders(self, source: str, ids: Sequence[str]) -> Mapping[str, Sequence[Reminder]]:
        return await self._database.read(lambda connection: reminders.of_orders(connection, source, ids))

    async def list_reminders(self, selection: Selection) -> Sequence[Reminder]:
        return await self._database.read(lambda connection: reminders.listed(connection, selection))

    async def list_attempts(self, selection: Selection) -> Sequence[AttemptRow]:
        return await self._database.read(lambda connection: attempts.listed(connection, selection))

    async def counts(self) -> Mapping[State, int]:
        return await self._database.read(tallies.counts)

    async def count_planned(self, source: str) -> int:
        return await self._database.read(lambda connection: tallies.planned(connection, source))

    async def next_wake(self) -> datetime | None:
        return await self._database.read(reminders.next_wake)

    async def suppressed(self, addresses: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        return await self._database.read(lambda connection: suppressions.suppressed(connection, addresses))

    async def facts(
        self,
        source: str,
        customers: Sequence[str],
        since: Mapping[str, datetime],
        orders_of: Collection[str] | None = None,
    ) -> Mapping[str, CustomerFacts]:
        return await self._database.read(lambda connection: _facts(connection, source, customers, since, orders_of))

    async def apply(self, changes: Changes) -> None:
        await self._database.write(lambda connection: _apply(connection, changes))

    async def claim(self, now: datetime, lease: datetime, limit: int) -> Sequence[Reminder]:
        return await self._database.write(lambda connection: claims.claim(connection, now, lease, limit))

    async def settle(self, rulings: Sequence[Ruling], now: datetime) -> None:
        await self._database.write(lambda connection: claims.settle(connection, rulings, now))

    async def intend(
        self, attempts_: Sequence[Attempt], now: datetime, ended: Sequence[Result] = ()
    ) -> Collection[str]:
        return await self._database.write(lambda connection: _intend(connection, attempts_, ended, now))

    async def record(self, results: Sequence[Result], now: datetime) -> None:
        await self._database.write(lambda connection: attempts.record(connection, results, now))

    async def recover(self, now: datetime) -> Recovered:
        return await self._database.write(lambda connection: recovery.recover(connection, now))

    async def purge(self, before: datetime) -> int:
        return await housekeeping.purge(self._database, before)

    async def alerts(self, ids: Collection[int]) -> Mapping[int, Alert]:
        return await self._database.read(lambda connection: alerts.by_id(connection, ids))

    async def alerts_by_key(self, keys: Collection[AlertKey]) -> Mapping[AlertKey, Alert]:
        return await self._database.read(lambda connection: alerts.by_key(connection, keys))

    async def unresolved(self, source: str, orders: Collection[str] | None = None) -> Sequence[Alert]:
        return await self._database.read(lambda connection: alerts.unresolved(connection, source, orders))

    async def calls(self, ids: Collection[int]) -> Mapping[int, Sequence[Reminder]]:
        return await self._database.read(lambda connection: reminders.of_alerts(connection, ids))

    async def change_alerts(self, changes: Sequence[AlertChange], now: datetime) -> Sequence[Alert | None]:
        return await self._database.write(lambda connection: alerts.change(connection, changes, now))

    async def list_alerts(self, selection: AlertSelection) -> Sequence[Alert]:
        return await self._database.read(lambda connection: alerts.listed(connection, selection))

    async def history(self, alert: int) -> Sequence[AlertEntry]:
        return await self._database.read(lambda connection: alerts.history(connection, alert))

    async def note(self, entries: Sequence[AlertEntry]) -> None:
        await self._database.write(lambda connection: alerts.note(connection, entries))

    async def said(self, since: datetime, until: datetime, after: int, limit: int) -> Sequence[SaidRow]:
        return await self._database.read(lambda connection: reports.said(connection, since, until, after, limit))

    async def record_revisit(self, result: RevisitResult) -> bool:
        return await self._database.write(lambda connection: reports.record_revisit(connection, result))

    async def revisits(self, since: datetime, until: datetime, limit: int) -> Sequence[RevisitRow]:
        return await self._database.read(lambda connection: reports.revisited(connection, since, until, limit))

    async def close(self) -> None:
        await self._database.close()


def _apply(connection: Connection, changes: Changes) -> None:
    """Write a page: 1. orders, which leave the quarantine; 2. reminders; 3. what was not understood; 4. the mark."""
    orders.save(connection, changes.orders)
    marks.understood(connection, changes.orders)
    reminders.insert(connection, changes.inserts, changes.now)
    reminders.move(connection, changes.moves, changes.now)
    reminders.cancel(connection, changes.cancels, changes.now)
    marks.set_aside(connection, changes.quarantine)
    if changes.mark is not None:
        marks.set_mark(connection, changes.mark)


def _intend(
    connection: Connection, wanted: Sequence[Attempt], ended: Sequence[Result], now: datetime
) -> Collection[str]:
    if ended:
        attempts.record(connection, ended, now)
    return attempts.intend(connection, wanted, now)


def _facts(
    connection: Connection,
    source: str,
    customers: Sequence[str],
    since: Mapping[str, datetime],
    orders_of: Collection[str] | None,
) -> dict[str, CustomerFacts]:
    known = sorted({customer for customer in customers if customer})
    buyers = known if orders_of is None else [customer for customer in known if customer in orders_of]
    theirs = orders.of_customers(connection, source, buyers)
    sent = {name: suppressions.sent(connection, source, known, name, start) for name, start in since.items()}
    return {
        customer: CustomerFacts(theirs.get(customer, []), {name: sent[name].get(customer, 0) for name in since})
        for customer in customers
    }
