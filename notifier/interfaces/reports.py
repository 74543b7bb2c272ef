"""What reports ask the store: what was said, and the revisit record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifier.model.reminder import State

REVISIT_JOBS = ("revisit", "revisit-call")
"""The jobs whose reminders open a row in the revisit record."""


@dataclass(frozen=True, slots=True)
class RevisitResult:
    """What came of visiting a customer again: `by` is the agent who asked, `result` a word or two, `note` the rest."""

    source: str
    order: str
    at: datetime
    by: str
    result: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RevisitRow:
    """A line of the revisit record: a reminder of one of the REVISIT_JOBS, and its result (`at` None: none yet)."""

    source: str
    order: str
    customer: str
    job: str
    due: datetime
    state: State
    result: str = ""
    by: str = ""
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SaidRow:
    """A message that a channel took. `job`, `order` and `step` are those of the first reminder it spoke for.

    `number` grows with each attempt. `state` may have become delivered or undelivered since. `alert` is not 0 when it
    went to staff.
    """

    number: int
    source: str
    order: str
    job: str
    step: int
    started: datetime
    state: State
    channel: str
    alert: int = 0


class ReportStore(Protocol):
    """What reports are made of. Each method is one transaction, like those of Store."""

    async def said(self, since: datetime, until: datetime, after: int, limit: int) -> Sequence[SaidRow]:
        """A page of the messages that were begun in [since, until) and accepted, by number, beyond `after`."""
        ...

    async def record_revisit(self, result: RevisitResult) -> bool:
        """Keep what came of a revisit, in the place of an earlier result.

        False, and nothing is kept, when the record has no line for this order.
        """
        ...

    async def revisits(self, since: datetime, until: datetime, limit: int) -> Sequence[RevisitRow]:
        """The lines of the revisit record that are due in [since, until), the first due first.

        A reminder opens a line as long as it waits, is under way, held or in doubt, and when it was said or raised.
        One that was called off, skipped, too late or failed has none: nobody was visited.
        """
        ...
