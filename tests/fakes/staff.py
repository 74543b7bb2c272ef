"""A small staff, its policy, and alerts to call it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from notifier.model.alert import Alert, AlertKey, AlertState
from notifier.model.job import Urgency
from notifier.model.oncall import Agent, OnCall, Period, Policy, PolicyStep
from notifier.model.reminder import Planned, Reminder, State

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOON = MONDAY.replace(hour=12)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EVERY_DAY = frozenset(range(7))
KEY = AlertKey("shop", "1001", "ship-deadline")


def hours(start: int, end: int, days: frozenset[int] = EVERY_DAY) -> tuple[Period, ...]:
    """One period a day; to midnight where it ends at 24."""
    return (Period(days, time(start), time(end % 24)),)


ANN = Agent("ann", "Ann", "customer service", "ann@example.com", "+12025550101", periods=hours(9, 17))
BOB = Agent("bob", "Bob", "customer service", "bob@example.com", "+12025550102", periods=hours(9, 21))
SUE = Agent("sue", "Sue", "supervisor", "sue@example.com", "+12025550103", periods=hours(8, 18))
STEPS = (
    PolicyStep(("service",), ("chat", "sms")),
    PolicyStep(("sue",), ("sms",), timedelta(minutes=15)),
    PolicyStep(("service", "sue"), ("voice",), timedelta(minutes=30)),
)
ORDERS = Policy("orders", STEPS, again=HOUR, times=1)


def staff(*agents: Agent, policy: Policy = ORDERS, **changes: Any) -> OnCall:
    """These agents (Ann, Bob and Sue), "service" being Ann and Bob."""
    known = {agent.name: agent for agent in agents or (ANN, BOB, SUE)}
    groups: Mapping[str, tuple[str, ...]] = {"service": ("ann", "bob")}
    return replace(OnCall(known, groups, policies={policy.name: policy}), **changes)


def alert(started: datetime = NOON, **changes: Any) -> Alert:
    """An open alert that begins at `started`."""
    found = Alert(7, KEY, AlertState.OPEN, "orders", Urgency.NORMAL, started, started, started)
    return replace(found, **changes)


def row(number: int, planned: Planned, state: State = State.PLANNED) -> Reminder:
    """A stored call."""
    return Reminder(number, planned.key, state, planned.due, planned.until, planned.due, alert=7)


def away(agent: Agent, first: date, days: int) -> Agent:
    """The same agent on holiday."""
    return replace(agent, days_off=frozenset(first + timedelta(days=number) for number in range(days)))
