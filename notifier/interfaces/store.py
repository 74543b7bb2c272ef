"""What the pipeline needs from the place where its rows are kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from notifier.interfaces.alerts import AlertStore
from notifier.interfaces.reports import ReportStore
from notifier.interfaces.rows import (
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
from notifier.model.reminder import Reminder, State


class Store(AlertStore, ReportStore, Protocol):
    """Where orders, reminders, attempts and alerts live.

    Each method is one transaction, finished even when its caller is cancelled. A write that was given a fence or an
    attempt id changes nothing when a newer claim has taken the row: that is what makes saying it twice impossible.
    """

    async def mark(self, source: str) -> SourceMark: ...

    async def set_mark(self, mark: SourceMark) -> None: ...

    async def digests(self, source: str, ids: Sequence[str]) -> Mapping[str, str]:
        """The digests of those orders that we have."""
        ...

    async def orders(self, source: str, ids: Sequence[str]) -> Mapping[str, StoredOrder]: ...

    async def orders_after(self, source: str, last: str, limit: int) -> Sequence[StoredOrder]:
        """A page of all orders of a source, by id, after `last`."""
        ...

    async def reminders(self, source: str, ids: Sequence[str]) -> Mapping[str, Sequence[Reminder]]:
        """What was planned for these orders, whatever its state. The calls of alerts are not among it."""
        ...

    async def count_planned(self, source: str) -> int:
        """How many reminders of this source are planned. Costs the same however many exist."""
        ...

    async def apply(self, changes: Changes) -> None: ...

    async def claim(self, now: datetime, lease: datetime, limit: int) -> Sequence[Reminder]:
        """Take due reminders until `lease`: nobody else gets them before; merged ones come whole."""
        ...

    async def facts(
        self,
        source: str,
        customers: Sequence[str],
        since: Mapping[str, datetime],
        orders_of: Collection[str] | None = None,
    ) -> Mapping[str, CustomerFacts]:
        """Per customer their hundred latest orders, and under each name of `since` what was sent to them from then on.

        Orders are fetched for those in `orders_of` alone; None means all of `customers`.
        The names are "marketing" (marketing messages alone) and "any". What left, may have left or is on its way
        counts; what was surely not sent does not. An empty customer id is nobody: it has no facts.
        """
        ...

    async def suppressed(self, addresses: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Those of these (kind, address) pairs that must not be written to."""
        ...

    async def settle(self, rulings: Sequence[Ruling], now: datetime) -> None:
        """Write down what was decided instead of sending. Rows that are no longer ours stay as they are."""
        ...

    async def intend(self, attempts: Sequence[Attempt], now: datetime, ended: Sequence[Result] = ()) -> Collection[str]:
        """Commit the intent to send, durably. Returns the ids of the attempts whose reminders were all still ours.

        How other attempts have `ended` is recorded first, in the same transaction.
        """
        ...

    async def record(self, results: Sequence[Result], now: datetime) -> None:
        """Write down how attempts ended. An attempt that is no longer under way stays as it is."""
        ...

    async def next_wake(self) -> datetime | None:
        """The first instant at which a planned reminder has to be looked at, None when nothing is planned."""
        ...

    async def recover(self, now: datetime) -> Recovered:
        """After a start: what a dead process was sending is in doubt, what it had only claimed is due again.

        Those in doubt are held for a person to decide. Calls of alerts are due again instead, because for staff a
        message said twice beats silence; only one that took part in five crashes is held, since it may cause them.
        """
        ...

    async def list_reminders(self, selection: Selection) -> Sequence[Reminder]: ...

    async def list_attempts(self, selection: Selection) -> Sequence[AttemptRow]: ...

    async def marks(self) -> Sequence[SourceMark]:
        """The marks of all sources that were ever read, by name."""
        ...

    async def quarantined(self, source: str = "") -> Sequence[Quarantined]:
        """What could not be understood, of one source or (empty) of all, the latest first."""
        ...

    async def counts(self) -> Mapping[State, int]:
        """How many reminders are in each state; states without any are left out. Costs the same however many exist."""
        ...

    async def meta(self, name: str) -> str | None:
        """What was kept under this name, None if nothing was."""
        ...

    async def set_meta(self, name: str, value: str) -> None: ...

    async def purge(self, before: datetime) -> int:
        """Forget what is over: the bytes of attempts that ended before, and reminders finished and pointless before.

        A reminder that could still be planned again is kept, whatever its age: its row is what stops a second message.
        Calls go together with their alert, once it was resolved before. Results of revisits go with their reminders.
        Works in small transactions, so that nothing waits long. Returns how many rows it emptied or deleted.
        """
        ...

    async def close(self) -> None: ...
