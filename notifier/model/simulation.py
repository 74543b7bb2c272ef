"""What a simulation found: every message that would be said, every alert raised, and what neither came of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from notifier.model.reminder import State


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the simulation; `about` are the parcels, cases or reviews it speaks of, none for the order."""

    at: datetime
    source: str
    order: str
    customer: str
    job: str
    step: int
    channel: str
    address: str
    text: str
    due: datetime
    reason: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """One reminder that alerted the staff: it opened an alert of its job and part, or raised the open one again.

    `policy` says who is told.
    """

    at: datetime
    source: str
    order: str
    customer: str
    job: str
    step: int
    policy: str
    due: datetime
    reason: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsaid:
    """One reminder that was planned and neither said nor raised, or is still to come after the end.

    `at` is when that was decided, or when it is looked at next.
    """

    at: datetime
    source: str
    order: str
    customer: str
    job: str
    step: int
    state: State
    reason: str
    due: datetime
    about: tuple[str, ...] = ()


@dataclass(slots=True)
class Simulation:
    """What would happen from `since` to `until`. `too_old` counts, by job, what a first start leaves alone."""

    since: datetime
    until: datetime
    orders: int = 0
    said: list[Said] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    unsaid: list[Unsaid] = field(default_factory=list)
    too_old: Counter[str] = field(default_factory=Counter)

    def by_job(self) -> list[JobTotals]:
        """What became of each job's reminders, by name."""
        totals = {name: JobTotals(name, too_old=count) for name, count in self.too_old.items()}
        for message in self.said:
            totals.setdefault(message.job, JobTotals(message.job)).said += 1
        for alert in self.raised:
            totals.setdefault(alert.job, JobTotals(alert.job)).raised += 1
        for reminder in self.unsaid:
            own = totals.setdefault(reminder.job, JobTotals(reminder.job))
            own.unsaid.setdefault(reminder.state, Counter())[reminder.reason] += 1
        return [totals[name] for name in sorted(totals)]


@dataclass(slots=True)
class JobTotals:
    """How many messages a job sent, how often it alerted the staff, and the reminders that came to nothing, by state
    and reason."""

    name: str
    said: int = 0
    raised: int = 0
    too_old: int = 0
    unsaid: dict[State, Counter[str]] = field(default_factory=dict)
