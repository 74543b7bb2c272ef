"""Who is there to be told, when they work, and who is told next when nobody answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from notifier.model.job import Urgency
from notifier.model.order import Customer
from notifier.model.shop import QuietHours


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end` local time on these days (0 is Monday); past midnight when `end` is not after `start`."""

    days: frozenset[int]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody of the staff. `name` is the key in the file, `called` how texts name them.

    No `periods` means: always on duty but for `days_off`. `zone` is empty for the shop's.
    """

    name: str
    called: str = ""
    role: str = ""
    email: str = ""
    phone: str = ""
    chat: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    zone: str = ""
    periods: tuple[Period, ...] = ()
    days_off: frozenset[date] = frozenset()

    @property
    def person(self) -> Customer:
        """The same, as channels know people."""
        return Customer(
            id=self.name,
            name=self.called or self.name,
            email=self.email,
            phone=self.phone,
            chat=self.chat,
            language=self.language,
            zone=self.zone,
        )


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until just before `end` (aware UTC) `agent` is on duty."""

    start: datetime
    end: datetime
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """From `start` until `end` (aware UTC) `agent` has a shift, whoever's turn it is."""

    start: datetime
    end: datetime
    agent: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One of `agents` at a time has it, in turn: each for `turn` days, the first from local `since` on.

    `periods` are when somebody has to be there; none means always.
    """

    name: str
    agents: tuple[str, ...]
    since: date
    turn: int = 7
    periods: tuple[Period, ...] = ()
    overrides: tuple[Override, ...] = ()
    zone: str = ""


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """`after` the step before it (the first: after the alert) those of `tell` who are on duty are told.

    `tell` holds names of agents, groups and shifts, `by` names of channels, or kinds of them, in order of preference.
    """

    tell: tuple[str, ...]
    by: tuple[str, ...]
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Policy:
    """How an alert climbs: its steps, and `times` more the whole again, each time `again` after the last step."""

    name: str
    steps: tuple[PolicyStep, ...]
    again: timedelta = timedelta(hours=1)
    times: int = 0


@dataclass(frozen=True, slots=True)
class SpecialHours:
    """From local date `first` to `last` the agents named work in these periods instead of their own; none is always."""

    first: date
    last: date
    periods: Mapping[str, tuple[Period, ...]]


@dataclass(frozen=True, slots=True)
class OnCall:
    """`oncall.toml` as a whole.

    `quiet` are hours in which alerts of that urgency wait, `special` hours of work come from promotions.
    """

    agents: Mapping[str, Agent] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    quiet: Mapping[Urgency, QuietHours] = field(default_factory=dict)
    special: tuple[SpecialHours, ...] = ()
