"""What goes between the pipeline and the store: rows as they are kept, and changes to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from notifier.model.message import Attempt
from notifier.model.order import Order
from notifier.model.reminder import Planned, State


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
    """A stored reminder becomes due at another time, also one that was cancelled, expired or raised: wanted again."""

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
    """What a start found: attempts held after a crash, claims given back, attempts at calls to be made again."""

    in_doubt: int = 0
    released: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows a list shows: some states (empty: all), one order's, at most `limit`.

    Of attempts that speak for several orders, an order's are those that name it first and the latest for each reminder.
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
