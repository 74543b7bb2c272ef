"""What the pipeline needs from the outside world: a shop to read, ways to reach people, a place to keep rows.

Each protocol is a contract: `tests/contracts/` runs one suite against every implementation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from notifier.clock import Clock
from notifier.model.message import Attempt, Message, Outcome
from notifier.model.order import Customer, Order
from notifier.model.reminder import Planned, Reminder, State
from notifier.model.shop import Shop


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is given besides its options: the shop, the clock, and the folder its relative paths start at."""

    shop: Shop
    clock: Clock
    folder: Path


@dataclass(frozen=True, slots=True)
class Record:
    """One order as the shop gave it, not yet understood. Equal `digest` means: nothing has changed."""

    id: str
    digest: str
    fields: Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the cursor to save together with them. `trouble` are records without a usable id."""

    records: tuple[Record, ...]
    cursor: str
    trouble: tuple[str, ...] = ()


class Source(Protocol):
    """A shop we read.

    `poll` goes on from a cursor that an earlier page carried (None: from the beginning) and yields pages until nothing
    newer is left; re-reading an overlap is its own affair, the same order may come again. `look` reads single orders
    afresh, right before something is said about them: what it does not return is unknown to the shop. Both raise
    SourceError when the shop cannot be read, within their time-outs; neither ever writes to the shop.
    `order` understands a record, and raises BadOrder.
    """

    name: str

    def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]: ...

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]: ...

    def order(self, record: Record) -> Order: ...

    async def close(self) -> None: ...


class Channel(Protocol):
    """A way to reach people.

    `kind` says which text it takes: "email", "sms" or "chat". `address_of` is how it would reach this customer, None
    if it cannot. `compose` makes the final bytes (the same message gives the same bytes; raises RenderError when it
    cannot be said this way, before anything is recorded). `deliver` sends exactly `attempt.content` at most once, never
    retries by itself, and turns every failure into an Outcome: it raises nothing but CancelledError.
    `concurrency` is how many deliveries it takes at a time.
    """

    name: str
    kind: str
    concurrency: int

    def address_of(self, customer: Customer) -> str | None: ...

    def compose(self, message: Message) -> bytes: ...

    async def deliver(self, attempt: Attempt) -> Outcome: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """Our copy of an order and the digest of the record it was made from; `read` is when the shop last showed it."""

    order: Order
    digest: str
    read: datetime


@dataclass(frozen=True, slots=True)
class SourceMark:
    """How far a source was read. `rounds` counts complete polls; `paused` is why a person must approve it."""

    source: str
    cursor: str | None = None
    rounds: int = 0
    read: datetime | None = None
    failures: int = 0
    trouble: str = ""
    paused: str = ""
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be understood, kept for people to look at."""

    source: str
    order: str
    seen: datetime
    reason: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A stored reminder becomes due at another time (also one that was cancelled and is wanted again)."""

    id: int
    due: datetime
    until: datetime
    reason: str
    revive: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """A stored reminder is not wanted any more."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything one page brings: applied wholly or not at all.

    An insert is a wanted reminder and the id of the customer it is about; one whose key exists already is ignored.
    A move changes when a planned row is looked at; rows on their way, in doubt or held only learn their new due time,
    and rows that are finished stay as they are. A cancel touches planned rows alone, claimed ones too: who had claimed
    it loses it. An order that is applied leaves the quarantine. `mark` None leaves the cursor alone.
    """

    orders: Sequence[StoredOrder] = ()
    inserts: Sequence[tuple[Planned, str]] = ()
    moves: Sequence[Move] = ()
    cancels: Sequence[Cancel] = ()
    quarantine: Sequence[Quarantined] = ()
    mark: SourceMark | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided about a claimed reminder instead of sending it: a state, why, and when to look again.

    `wake` None gives a planned row back as it was before the claim; no row wakes before it is due. `refused` None
    leaves the refusals alone.
    """

    id: int
    fence: int
    state: State
    reason: str
    wake: datetime | None = None
    refused: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended, and what becomes of its reminders. `counts` is False for tries that were nobody's fault.

    `suppress` is a (kind, address) pair that must not be written to any more: it is kept even when the rest comes too
    late, because it is true whoever sends. `wake` and `refused` are as in a Ruling.
    """

    attempt: str
    state: State
    reason: str
    outcome: str
    reference: str = ""
    wake: datetime | None = None
    refused: tuple[str, ...] | None = None
    suppress: tuple[str, str] | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a start found: attempts in doubt after a crash, and claims given back."""

    in_doubt: int = 0
    released: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows a list shows: some states (empty: all), one order's, at most `limit`.

    `attempts` leaves out reminders that nobody has tried to send yet. Lists of planned reminders alone begin with the
    next one due; every other list with the newest.
    """

    states: Collection[str] = ()
    order: str = ""
    limit: int = 100
    attempts: bool = False


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt as lists show it. `state` is what the attempt made of its reminders."""

    attempt: Attempt
    outcome: str
    reason: str
    reference: str
    ended: datetime | None
    state: State = State.SENDING
    job: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What the gates ask about a customer besides the order: their latest orders, and how much was sent to them."""

    orders: Sequence[Order] = ()
    sent: Mapping[str, int] = field(default_factory=dict)


class Store(Protocol):
    """Where orders, reminders and attempts live.

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
        """All reminders of these orders, whatever their state."""
        ...

    async def count_planned(self, source: str) -> int:
        """How many reminders of this source are planned. Costs the same however many exist."""
        ...

    async def apply(self, changes: Changes) -> None: ...

    async def claim(self, now: datetime, lease: datetime, limit: int) -> Sequence[Reminder]:
        """Take due reminders until `lease`: nobody else gets them before; merged ones come whole."""
        ...

    async def facts(
        self, source: str, customers: Sequence[str], since: Mapping[str, datetime]
    ) -> Mapping[str, CustomerFacts]:
        """Per customer their hundred latest orders, and under each name of `since` what was sent to them from then on.

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

    async def intend(self, attempts: Sequence[Attempt], now: datetime) -> Collection[str]:
        """Commit the intent to send, durably. Returns the ids of the attempts whose reminders were all still ours."""
        ...

    async def record(self, results: Sequence[Result], now: datetime) -> None:
        """Write down how attempts ended. An attempt that is no longer under way stays as it is."""
        ...

    async def next_wake(self) -> datetime | None:
        """The first instant at which a planned reminder has to be looked at, None when nothing is planned."""
        ...

    async def recover(self, now: datetime) -> Recovered:
        """After a start: what a dead process was sending is in doubt, what it had only claimed is due again.

        Those in doubt are held for a person to decide.
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
        Works in small transactions, so that nothing waits long. Returns how many rows it emptied or deleted.
        """
        ...

    async def close(self) -> None: ...
