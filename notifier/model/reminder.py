"""A reminder: one row that says what is to be said about an order and when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """The life of a reminder; `docs/glossary.md` defines each word.

    planned → sending → accepted → delivered | undelivered, and the ends without a message: `raised` is one of them,
    when an alert speaks instead.
    """

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    IN_DOUBT = "in_doubt"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    RAISED = "raised"


class OrderKey(NamedTuple):
    """Which order, of which source."""

    source: str
    order: str


class Key(NamedTuple):
    """What makes a reminder unique. Never a computed time: planning twice changes nothing.

    `subject` is the id of the parcel, case or review, empty for the order itself; `occurrence` tells repeats of a
    calendar job apart (a local date), and is empty otherwise.
    """

    source: str
    order: str
    job: str
    subject: str = ""
    step: int = 0
    occurrence: str = ""

    @property
    def order_key(self) -> OrderKey:
        return OrderKey(self.source, self.order)


@dataclass(frozen=True, slots=True)
class Planned:
    """A reminder that ought to exist: due at `due`, pointless after `until`."""

    key: Key
    due: datetime
    until: datetime
    merge: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """A reminder that ought not to exist, and why, in a sentence for people."""

    key: Key
    reason: str
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A stored reminder.

    `wake` is the next instant somebody has to look at it (its due time, a retry, or the end of a claim's lease).
    `fence` grows by one with each claim; what an earlier claim still wants to write is ignored. `refused` are the
    channels that refused it for good. `attempts` counts tries that a channel answered, `crashes` those that ended
    with the process. `alert` is the number of the alert that it is a call of, 0 for all others.
    """

    id: int
    key: Key
    state: State
    due: datetime
    until: datetime
    wake: datetime
    merge: bool = False
    reason: str = ""
    fence: int = 0
    attempts: int = 0
    crashes: int = 0
    refused: tuple[str, ...] = ()
    customer: str = ""
    updated: datetime | None = None
    alert: int = 0

    @property
    def for_staff(self) -> bool:
        """A call about an alert, or a digest, which is about no order: for the staff twice is better than never."""
        return self.alert != 0 or not self.key.order
