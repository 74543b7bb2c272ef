"""The keys of a job file, and what each of them may be."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from notifier.mistakes import did_you_mean
from notifier.model.duration import Duration
from notifier.model.job import CUSTOMER, Condition, Days, Purpose, Subject, Urgency
from notifier.model.order import DEADLINES, MOMENTS, AftersalesCase, Parcel, Review
from notifier.options import CalendarDuration, ClockTime, Options, Zone
from notifier.rules.conditions import CONDITIONS, parse_condition
from notifier.rules.cron import parse_cron
from notifier.rules.digests import DIGESTS

PARTS = {Subject.PARCEL: Parcel, Subject.CASE: AftersalesCase, Subject.REVIEW: Review}


def moments(part: type) -> tuple[str, ...]:
    """The names of the moments that a part of an order has."""
    return tuple(field.name for field in fields(part) if "datetime" in str(field.type))


NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
"""Names of jobs, policies, groups and agents."""

SHIFTS = ("shift.start", "shift.end")
"""When somebody's work begins and ends: for digests."""
SILENCE = "system.source_silent"
"""The only trouble of the program that has steps: for how long."""

EVENTS: tuple[str, ...] = (
    *(f"order.{name}" for name in MOMENTS + DEADLINES),
    *(f"{subject}.{name}" for subject, part in PARTS.items() for name in moments(part)),
    "calendar.greetings",
    *(f"system.{name}" for name in ("undeliverable", "in_doubt", "source_silent", "source_paused", "clock_wrong")),
    *SHIFTS,
)
"""Every moment a job may count from. Those of the system are the program's own troubles."""
FORESEEN = frozenset(
    {*(f"order.{name}" for name in DEADLINES), "case.closes_by", "case.evidence_by", "calendar.greetings", *SHIFTS}
)
"""Those known before they come, so that a job may speak `before` them."""


def _event(value: Any) -> Any:
    if isinstance(value, str) and value and value not in EVENTS:
        raise ValueError(f'there is no moment "{value}"{did_you_mean(value, EVENTS)}')
    return value


def _digest(value: Any) -> Any:
    if isinstance(value, str) and value and value not in DIGESTS:
        raise ValueError(f'there is no digest "{value}"{did_you_mean(value, DIGESTS)}')
    return value


def _cron(value: Any) -> Any:
    if isinstance(value, str) and value:
        parse_cron(value)
    return value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _condition(value: Any) -> Condition:
    if isinstance(value, Condition):
        return value
    name = next(iter(value), None) if isinstance(value, dict) else value
    if isinstance(name, str) and name not in CONDITIONS:
        raise ValueError(f'there is no condition "{name}"{did_you_mean(name, CONDITIONS)}')
    return parse_condition(value)


def _to(value: Any) -> Any:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError('must be "customer" or the name of a policy in oncall.toml')
    return value


def _sends(value: Any) -> Any:
    if value == "nothing":
        return ()
    instants = _listed(value)
    if not instants or not all(isinstance(instant, datetime) for instant in instants):
        raise ValueError('must be "nothing", an instant without quotes (2026-03-01T21:00:00Z) or a list of instants')
    return instants


def _exact(value: Duration) -> Duration:
    if not value.exact:
        raise ValueError("needs an exact length of time; write it in s, m, h, d or w")
    return value


def _one_or_many(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item}]})


_ONE_NAME = {"type": "object", "minProperties": 1, "maxProperties": 1}
_CONDITION_SCHEMA = {
    "anyOf": [
        {"enum": sorted(name for name, rule in CONDITIONS.items() if rule.read is None)},
        {
            **_ONE_NAME,
            "properties": {name: {} for name, rule in sorted(CONDITIONS.items()) if rule.read is not None},
            "additionalProperties": False,
        },
    ]
}
Durations = Annotated[tuple[CalendarDuration, ...], BeforeValidator(_listed), _one_or_many({"type": "string"})]
Sends = Annotated[tuple[datetime, ...], BeforeValidator(_sends), _one_or_many({"type": "string"})]
OneCondition = Annotated[Condition, BeforeValidator(_condition), WithJsonSchema(_CONDITION_SCHEMA)]


class ExampleTable(Options):
    """An order and when the job speaks about it, run by `notifier check`. Times without a zone are those of `zone`."""

    order: dict[str, Any]
    sends: Sends
    zone: Zone = "UTC"
    others: tuple[dict[str, Any], ...] = ()


class JobFile(Options):
    """A job file, key by key. What they mean together is checked by `jobfiles`."""

    about: str = Field(
        default="", description="What the job does, in a sentence; without it the file's first comment says so."
    )
    event: Annotated[str, BeforeValidator(_event), WithJsonSchema({"enum": list(EVENTS)})] = Field(
        default="", description="The moment the clock starts."
    )
    every: Annotated[str, BeforeValidator(_cron)] = Field(
        default="", description="Instead of an event: a cron line of five fields, days of the week by name."
    )
    after: Durations = Field(default=(), description="How long after the event; a list makes several steps.")
    before: Durations = Field(default=(), description="How long before a deadline; a list makes several steps.")
    at: ClockTime | None = Field(
        default=None, description="The local time of day, on the day that after or before names."
    )
    only_if: tuple[OneCondition, ...] = Field(
        default=(), description="Asked when planning and again right before sending."
    )
    within: CalendarDuration = Field(
        description='How much later than planned a message still makes sense, such as "24h"; it also keeps the first '
        "look at a shop with years of orders from writing to everybody."
    )
    to: Annotated[str, BeforeValidator(_to)] = Field(
        default=CUSTOMER, description='"customer", or a policy of oncall.toml: then it raises an alert for the staff.'
    )
    urgency: Urgency = Field(
        default=Urgency.NORMAL, description="How much an alert may disturb: urgent ones keep no quiet hours."
    )
    channels: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        default=(),
        validate_default=False,
        description='"sms", "email", "chat" or a channel of the settings; the first that reaches the customer. '
        "Alerts go the ways of their policy.",
    )
    purpose: Purpose = Field(
        default=Purpose.SERVICE, description="Marketing needs consent, keeps quiet hours and counts for the weekly cap."
    )
    goal: str = Field(default="", description="The moment that means success, for reports.")
    merge: Annotated[CalendarDuration, AfterValidator(_exact)] | None = Field(
        default=None, description="Wait so long for more of the same, and say it in one message."
    )
    digest: Annotated[str, BeforeValidator(_digest), WithJsonSchema({"enum": sorted(DIGESTS)})] = Field(
        default="", description="Instead of messages about single orders: the table that the staff gets."
    )
    on: Days = Field(default=Days.ANY, description="On which days a digest is sent.")
    silent: bool = Field(default=True, description="With nothing to say a digest stays away; false: it says so.")
    limits: dict[str, float] = Field(default={}, description="The digest's own numbers, such as { rate = 0.05 }.")
    any_hour: bool = Field(default=False, description="May leave in quiet hours.")
    enabled: bool = Field(default=True, description="False switches the job off.")
    example: tuple[ExampleTable, ...] = Field(default=(), description="Orders, and when the job speaks about them.")
