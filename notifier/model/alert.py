"""An alert: something that needs a person, and stays until somebody took it or it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from notifier.model.job import Urgency
from notifier.model.order import Money
from notifier.model.reminder import Key, OrderKey


class AlertState(StrEnum):
    """Open until somebody takes it (acknowledged), and resolved when there is nothing left to do."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class AlertKey(NamedTuple):
    """What makes an alert unique: one per job and subject. Without an order it is about the source or the program."""

    source: str
    order: str
    job: str
    subject: str = ""

    @property
    def order_key(self) -> OrderKey:
        return OrderKey(self.source, self.order)


@dataclass(frozen=True, slots=True)
class Alert:
    """A stored alert.

    `id` is the number people call it by (0 before it is stored). `step` is the job's step that raised it last.
    `round` counts how often its ladder began, from 1, over its whole life: calls of an earlier round are never made
    again. `started` is when the present ladder begins, in the future while it is snoozed. `times` counts how often it
    was raised since it was opened. `by` is who took or closed it, `reason` why it ended. `what` says what is wrong
    where no order does (a source that is silent), without personal data. `version` grows with each change.
    """

    id: int
    key: AlertKey
    state: AlertState
    policy: str
    urgency: Urgency
    opened: datetime
    started: datetime
    changed: datetime
    step: int = 0
    round: int = 1
    times: int = 1
    by: str = ""
    reason: str = ""
    what: str = ""
    risk: Money | None = None
    version: int = 0

    @property
    def raised_by(self) -> Key:
        """The reminder of its job that raised it last: what is asked again before each call."""
        return Key(*self.key, step=self.step)


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """A line of an alert's history: at `at`, `by` (an agent's name, or empty for the program) did `what`.

    `what` is "opened", "raised", "called", "acknowledged", "snoozed", "note", "resolved"; `text` says more.
    """

    alert: int
    at: datetime
    what: str
    by: str = ""
    text: str = ""
