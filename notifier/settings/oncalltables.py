"""The tables of `oncall.toml`, key by key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from notifier.model.shop import QuietHours
from notifier.options import Length, Options, Zone
from notifier.settings.dates import When
from notifier.settings.hours import Hours
from notifier.settings.tables import Language, Quiet

_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_PHONE = re.compile(r"\+?[\d ().-]{5,32}")
_LONGEST = 366
_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
_MINUTE = timedelta(minutes=1)


def _email(value: str) -> str:
    if value and not _EMAIL.fullmatch(value):
        raise ValueError('must be one e-mail address, such as "amy@example.com"')
    return value


def _phone(value: str) -> str:
    if value and not _PHONE.fullmatch(value):
        raise ValueError('must be a phone number, best with its country code, such as "+12025550123"')
    return value


def _some(value: tuple[StepTable, ...]) -> tuple[StepTable, ...]:
    # With min_length, pydantic would call a list empty all of whose entries have mistakes.
    if not value:
        raise ValueError("must not be empty")
    return value


def _whole_days(value: timedelta) -> timedelta:
    if value < _DAY or value % _DAY:
        raise ValueError('must be whole days, such as "1d" or "7d"')
    return value


def _not_negative(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("-"):
        raise ValueError("must not be negative: a step comes after the one before it")
    return value


def _week_at_most(value: timedelta) -> timedelta:
    if value > _WEEK:
        raise ValueError("must be at most 7d: who is told after that is told too late")
    return value


def _minute_at_least(value: timedelta) -> timedelta:
    if value < _MINUTE:
        raise ValueError("must be at least 1m: people need time to answer")
    return _week_at_most(value)


def _days_off(value: Any) -> Any:
    """Dates, and stretches of them written as { from = DATE, until = DATE }, as single dates."""
    return [day for entry in value for day in _stretch(entry)] if isinstance(value, list) else value


def _stretch(entry: Any) -> Iterator[Any]:
    if not isinstance(entry, dict):
        yield entry
        return
    first, last = entry.get("from"), entry.get("until")
    if entry.keys() != {"from", "until"} or type(first) is not date or type(last) is not date:
        raise ValueError("must be dates, or { from = 2026-07-01, until = 2026-07-14 }")
    if not first <= last < first + _LONGEST * _DAY:
        raise ValueError(f"until must be on or after from, at most {_LONGEST} days in all")
    for number in range((last - first).days + 1):
        yield first + number * _DAY


DaysOff = Annotated[tuple[date, ...], BeforeValidator(_days_off), WithJsonSchema({"type": "array"})]


class AgentTable(Options):
    """`[agents.NAME]`: somebody of the staff."""

    called: str = Field(default="", max_length=60)
    role: str = Field(default="", max_length=60)
    email: Annotated[str, AfterValidator(_email)] = ""
    phone: Annotated[str, AfterValidator(_phone)] = ""
    chat: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default={}, description="The address in each chat channel, under the channel's name."
    )
    language: Language | None = None
    time_zone: Zone | None = None
    hours: tuple[Hours, ...] = ()
    days_off: DaysOff = ()


class OverrideTable(Options):
    """One of a shift's `overrides`: who has it for a while, whoever's turn it is."""

    start: When = Field(alias="from", description="When it begins, such as 2026-05-01T18:00:00.")
    end: When = Field(alias="until", description="When it ends; a date is a whole day.")
    agent: str = Field(description="Who has the shift in that time.")


class ShiftTable(Options):
    """`[shifts.NAME]`: what one agent at a time has, in turn."""

    agents: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="Who takes turns, in this order.")
    since: date = Field(description="The day on which the first of them begins, such as 2026-03-02.")
    turn: Annotated[Length, AfterValidator(_whole_days)] = timedelta(days=7)
    hours: tuple[Hours, ...] = ()
    time_zone: Zone | None = None
    overrides: tuple[OverrideTable, ...] = ()


class StepTable(Options):
    """One of a policy's `steps`."""

    tell: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="Names of agents, groups and shifts.")
    by: Annotated[tuple[str, ...], Field(min_length=1)] = ("chat", "sms", "email")
    after: Annotated[Length, AfterValidator(_week_at_most), BeforeValidator(_not_negative)] = timedelta()


class PolicyTable(Options):
    """`[policies.NAME]`: who is told next while nobody answers."""

    steps: Annotated[tuple[StepTable, ...], AfterValidator(_some)] = Field(
        description="Who is told first, and who next."
    )
    again: Annotated[Length, AfterValidator(_minute_at_least)] = timedelta(hours=1)
    times: int = Field(default=3, ge=0, le=20)


class AlertQuietTable(Options):
    """`[quiet]`: when alerts of each urgency wait, on the agent's clock."""

    low: Quiet = QuietHours(time(20), time(8))
    normal: Quiet = QuietHours(time(22), time(7))
    urgent: Quiet = QuietHours(time(0), time(0))


class OnCallFile(Options):
    """`oncall.toml` as a whole."""

    agents: dict[str, AgentTable] = Field(default={}, description="The staff, each under a name of their own.")
    groups: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default={}, description="Names for several agents at once."
    )
    shifts: dict[str, ShiftTable] = Field(default={}, description="What agents have in turn.")
    policies: dict[str, PolicyTable] = Field(default={}, description="How alerts climb, under the names jobs give.")
    quiet: AlertQuietTable = AlertQuietTable()
