"""The calls of an alert: which ought to exist, and what to change so that the stored ones are those.

A call is a reminder of an alert: the same row, the same way. Its due time never depends on "now", so the same alert
has the same calls after a restart, a reload or a change of the clock, and reconciling heals what was missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.model.alert import Alert, AlertState
from notifier.model.job import Urgency
from notifier.model.oncall import Policy
from notifier.model.reminder import Key, Planned, Reminder, State
from notifier.model.shop import QuietHours
from notifier.rules.duty import Roster
from notifier.rules.plan import Plan
from notifier.rules.reconcile import Difference, reconcile
from notifier.rules.rungs import Staff, climb
from notifier.rules.schedule import next_allowed

RESOLVED_STEP = -1
"""The step of a call that says that an alert is over."""
CALL_LASTS = timedelta(days=30)
"""How late a call still makes sense: as long as the alert is open, and that is asked before each of them."""
NEWS_LASTS = timedelta(days=1)
"""How late it still makes sense to say that an alert is over."""
TOLD = frozenset({State.SENDING, State.ACCEPTED, State.DELIVERED, State.IN_DOUBT, State.HELD})
"""Calls that left, or may have."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that ought to exist: `agent` is told by the first of `by`, channels or their kinds, that reaches them."""

    planned: Planned
    agent: str
    by: tuple[str, ...]


def occurrence(round_: int, repeat: int, agent: str) -> str:
    """What tells an alert's calls of one step apart: the round, which repeat of the steps it is, and who is called."""
    return f"{round_}.{repeat} {agent}"


def agent_of(key: Key) -> str:
    """The name of the agent that a call is for."""
    return key.occurrence.partition(" ")[2]


def round_of(key: Key) -> int:
    """The round that a call belongs to."""
    return int(key.occurrence.partition(".")[0])


def ladder(
    alert: Alert,
    policy: Policy,
    roster: Roster,
    quiet: Mapping[Urgency, QuietHours],
    woken: Mapping[str, tuple[str, ...]],
    zone: str,
) -> list[Call]:
    """The calls that ought to exist for `alert`, past ones included: reconciling leaves those alone.

    An open alert climbs its policy from `started` on (`rules.rungs`): never without a call while the policy names
    anybody. A snoozed one is an open one that starts later. One that is acknowledged calls nobody. When it is resolved,
    those in `woken` (by the channels given there) hear that it is over, but for who closed it. `quiet` are the hours in
    which alerts of an urgency wait, on the clocks of agents, or of `zone` for those without a zone of their own.
    """
    staff = Staff(roster, alert.urgency, quiet.get(alert.urgency), zone)
    if alert.state is AlertState.OPEN:
        return [
            _call(alert, rung.step, rung.repeat, rung.agent, rung.by, rung.due)
            for rung in climb(policy, alert.started, staff)
        ]
    if alert.state is AlertState.RESOLVED:
        return _news(alert, staff, woken)
    return []


def _news(alert: Alert, staff: Staff, woken: Mapping[str, tuple[str, ...]]) -> list[Call]:
    """That it is over, said at once, or when the quiet hours end."""
    zones = {agent.name: agent.zone or staff.zone for agent in staff.roster.members(tuple(woken))}
    return [
        _call(alert, RESOLVED_STEP, 0, name, by, next_allowed(alert.changed, staff.quiet, zones[name]), NEWS_LASTS)
        for name, by in woken.items()
        if name in zones and name != alert.by
    ]


def _call(
    alert: Alert, step: int, repeat: int, agent: str, by: tuple[str, ...], due: datetime, lasts: timedelta = CALL_LASTS
) -> Call:
    key = Key(*alert.key, step=step, occurrence=occurrence(alert.round, repeat, agent))
    return Call(Planned(key, due, due + lasts), agent, by)


def woken_by(
    alert: Alert, stored: Sequence[Reminder], climbed: Sequence[Call], policy: Policy
) -> dict[str, tuple[str, ...]]:
    """Who was told of the alert since it was opened, and the channels that their calls were to go by.

    `stored` are its calls, `climbed` those that it would have if it were still open: they know the channels. For calls
    that are not among them, because duties have changed since, it is the channels of their step.
    """
    ways = {call.planned.key: call.by for call in climbed}
    found: dict[str, tuple[str, ...]] = {}
    for call in stored:
        if call.state in TOLD and call.key.step != RESOLVED_STEP and call.due >= alert.opened:
            step = min(call.key.step, len(policy.steps) - 1)
            by = ways.get(call.key) or (policy.steps[step].by if policy.steps else ())
            found[agent_of(call.key)] = by
    return found


def reconcile_calls(alert: Alert, calls: Sequence[Call], stored: Sequence[Reminder], now: datetime) -> Difference:
    """What to change so that the stored calls of an alert are the wanted ones; doing it twice changes nothing.

    A step that somebody was told of already has been said: when duties or policies change afterwards, nobody else is
    told of it after the fact.
    """
    known = {call.key: call.state for call in stored}
    said = {_rung(call.key) for call in stored if call.state in TOLD and call.key.step != RESOLVED_STEP}
    waiting = {key for key, state in known.items() if state not in (State.CANCELLED, State.EXPIRED)}
    wanted = (call.planned for call in calls)
    plan = Plan(tuple(call for call in wanted if call.key in waiting or _rung(call.key) not in said))
    return reconcile(stored, plan, lambda key: _why_not(alert, key), now)


def _rung(key: Key) -> tuple[int, str]:
    """What all calls of one step in one repeat of one round have in common."""
    return key.step, key.occurrence.partition(" ")[0]


def _why_not(alert: Alert, key: Key) -> str:
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"{alert.by or 'somebody'} has taken the alert"
    if alert.state is AlertState.RESOLVED:
        return f"the alert is over{f': {alert.reason}' if alert.reason else ''}"
    if round_of(key) == alert.round:
        return "duties or the policy have changed"
    return "the alert was put off" if alert.started > alert.changed else "the alert was raised again"
