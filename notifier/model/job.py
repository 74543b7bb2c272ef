"""What to remind of, and when: a job file after reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any

from notifier.model.duration import Duration


class Purpose(StrEnum):
    """Service messages belong to an order under way; marketing needs consent, keeps quiet hours and a weekly cap."""

    SERVICE = "service"
    MARKETING = "marketing"


class Urgency(StrEnum):
    """How much an alert may disturb: `urgent` wakes people, the others keep the quiet hours of their kind."""

    LOW = "low"
    NORMAL = "normal"
    URGENT = "urgent"


CUSTOMER = "customer"


class Subject(StrEnum):
    """What a reminder is about, and with it what makes it unique within its order."""

    ORDER = "order"
    PARCEL = "parcel"
    CASE = "case"
    REVIEW = "review"
    CALENDAR = "calendar"
    SYSTEM = "system"
    """The program itself: what it says about its own trouble, and no order does."""
    SHIFT = "shift"
    """When somebody of the staff begins or ends their work: only for digests."""


class Days(StrEnum):
    """The days on which a digest is sent, by the shop's calendar."""

    ANY = "any"
    WORKDAY = "workday"
    LAST_WORKDAY = "last-workday"
    """The last working day of a month."""


@dataclass(frozen=True, slots=True)
class Step:
    """One reminder of a job: `offset` after its moment, or before it when `before` is set."""

    offset: Duration
    before: bool = False

    def __str__(self) -> str:
        return f"{self.offset} before" if self.before else f"{self.offset} after"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition's name and its argument, as `rules.conditions` knows them."""

    name: str
    argument: Any = None

    def __str__(self) -> str:
        return self.name if self.argument is None else f"{self.name} {self.argument}"


@dataclass(frozen=True, slots=True)
class Example:
    """An order and what the job does with it: `sends` instants, none when it says nothing.

    `others` are further orders of the same customer, for jobs that compare them.
    """

    order: dict[str, Any]
    sends: tuple[datetime, ...]
    zone: str = "UTC"
    line: int = 0
    others: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """A job file, checked, with the settings' changes applied.

    `event` is a subject and one of its moments ("parcel.shipped"), or "calendar.greetings"; `cron` stands instead of
    it in jobs with `every`. `within` is how much later than planned a message still makes sense; `at` pins the local
    time of day; `merge` holds a reminder back so long and says what came meanwhile in the same message; `any_hour`
    lets it leave in quiet hours. `to` is "customer" or an escalation policy: then a due reminder raises an alert, which
    disturbs as much as its `urgency` says and speaks through the policy's channels.

    With `digest` it is about no single order: it sends everybody that `to` stands for (a policy, group, shift or agent)
    that digest by `channels`, on the days `on`; with nothing to say it is `silent`, or says so in a line. `limits` are
    the digest's own numbers.

    `variants` stand in its place for moments in a promotion. The moment decides, whatever day it is when something is
    planned or sent: a plan does not flip when a promotion begins or ends.
    """

    name: str
    event: str
    steps: tuple[Step, ...]
    within: Duration
    channels: tuple[str, ...]
    about: str = ""
    cron: str = ""
    only_if: tuple[Condition, ...] = ()
    to: str = CUSTOMER
    urgency: Urgency = Urgency.NORMAL
    purpose: Purpose = Purpose.SERVICE
    goal: str = ""
    at: time | None = None
    merge: Duration | None = None
    any_hour: bool = False
    enabled: bool = True
    examples: tuple[Example, ...] = ()
    file: Path | None = None
    digest: str = ""
    on: Days = Days.ANY
    silent: bool = True
    limits: Mapping[str, float] = field(default_factory=dict, hash=False)
    variants: tuple[Variant, ...] = ()

    @property
    def versions(self) -> tuple[Job, ...]:
        """The job itself, and what promotions make of it."""
        return (self, *(variant.job for variant in self.variants))

    @property
    def for_staff(self) -> bool:
        return self.to != CUSTOMER

    @property
    def subject(self) -> Subject:
        return Subject(self.event.partition(".")[0]) if self.event else Subject.CALENDAR

    @property
    def moment(self) -> str:
        return self.event.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Variant:
    """What a promotion makes of a job: `job` stands for moments from `start` until just before `end` (aware UTC)."""

    promotion: str
    start: datetime
    end: datetime
    job: Job
