"""Whom a policy tells, and when: its steps laid over the hours of the staff. Pure; "now" plays no part in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.model.job import Urgency
from notifier.model.oncall import Agent, Policy, PolicyStep
from notifier.model.shop import QuietHours
from notifier.rules.duty import Roster
from notifier.rules.schedule import next_allowed

PATIENCE = timedelta(hours=12)
"""How much longer a step waits for its own people than for somebody else of the policy."""
AHEAD = timedelta(days=31)
"""How far somebody is looked for who is on duty outside the quiet hours."""
_LOOKS = 16
"""How often: a week in which every spell of duty lies in quiet hours is followed by another one."""


@dataclass(frozen=True, slots=True)
class Rung:
    """`agent` is told at `due`, by the first of the channels `by` that reaches them; `repeat` counts from 0."""

    step: int
    repeat: int
    due: datetime
    agent: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is there for alerts of one urgency: `quiet` are its hours, on the clocks of agents or else of `zone`."""

    roster: Roster
    urgency: Urgency
    quiet: QuietHours | None
    zone: str


def climb(policy: Policy, started: datetime, staff: Staff) -> list[Rung]:
    """Everything that an alert is to say from `started` on while nobody takes it.

    1. The first step is its `after` after the start, each other one its `after` after the step before it was told
       first. So a step that has to wait holds back those above it: a night does not use up the ladder, and everybody
       has the time to answer that the policy gives them. An urgent alert waits for nobody.
    2. The first step again is `again` after the last one, the others as before; `times` more times.
    3. Who is told twice at the same instant is told once, as the earlier step says.
    """
    rungs: dict[tuple[datetime, str], Rung] = {}
    at = started
    for repeat in range(policy.times + 1):
        for number, step in enumerate(policy.steps):
            at += policy.again if repeat and not number else step.after
            calls = _told(policy, number, at, staff)
            for due, agent, by in calls:
                rungs.setdefault((due, agent.name), Rung(number, repeat, due, agent.name, by))
            at = min((due for due, _, _ in calls), default=at)
    return list(rungs.values())


_Told = tuple[datetime, Agent, tuple[str, ...]]


def _told(policy: Policy, number: int, at: datetime, staff: Staff) -> list[_Told]:
    """Who hears of a step that is due at `at`, when and how; nobody only where the policy names nobody.

    1. Those of the step who are on duty, else those of the later steps, else those of the earlier ones.
    2. Nobody of them is on duty: an urgent alert wakes those of the step who come on duty next, any other waits
       until somebody does, and is asked about afresh then.
    3. Those whose quiet hours it is hear when these end, if they are still on duty; is it everybody's, it waits too.
    4. There is no good moment soon: everybody is told at once, or when their quiet hours end.
    """
    moment = at
    for _ in range(_LOOKS):
        step, agents = _on_duty(policy, number, moment, staff)
        if not agents:
            comes = None if staff.urgency is Urgency.URGENT else _comes(policy, number, moment, staff)
            if comes is None or comes > at + AHEAD:
                break
            moment = comes
            continue
        ends = [_quiet_end(agent, moment, staff) for agent in agents]
        if min(ends) > moment:
            moment = min(ends)
            continue
        return [
            (end, agent, step.by)
            for end, agent in zip(ends, agents, strict=True)
            if end == moment or agent in staff.roster.on_duty(step.tell, end)
        ]
    step, agents = _woken(policy, number, at, staff)
    return [(_quiet_end(agent, at, staff), agent, step.by) for agent in agents]


def _quiet_end(agent: Agent, at: datetime, staff: Staff) -> datetime:
    return next_allowed(at, staff.quiet, agent.zone or staff.zone)


def _on_duty(policy: Policy, number: int, at: datetime, staff: Staff) -> tuple[PolicyStep, Sequence[Agent]]:
    for step in _nearest(policy, number):
        if agents := staff.roster.on_duty(step.tell, at):
            return step, agents
    return policy.steps[number], ()


def _comes(policy: Policy, number: int, at: datetime, staff: Staff) -> datetime | None:
    """When somebody comes on duty: of the step, or else, where that takes too long, of the policy."""
    own = staff.roster.next_duty(policy.steps[number].tell, at)
    anybody = staff.roster.next_duty(_everybody(policy), at)
    if own is None or anybody is None:
        return anybody[0] if anybody else None
    return own[0] if own[0] - anybody[0] <= PATIENCE else anybody[0]


def _woken(policy: Policy, number: int, at: datetime, staff: Staff) -> tuple[PolicyStep, Sequence[Agent]]:
    """Whom to wake: those of the step who are on duty next, all of the step when that is not known, else others."""
    for step in _nearest(policy, number):
        coming = staff.roster.next_duty(step.tell, at) if staff.urgency is Urgency.URGENT else None
        if agents := coming[1] if coming else staff.roster.members(step.tell):
            return step, agents
    return policy.steps[number], ()


def _nearest(policy: Policy, number: int) -> Iterator[PolicyStep]:
    """The step itself, then those above it, then those below, the nearest first."""
    yield from policy.steps[number:]
    yield from reversed(policy.steps[:number])


def _everybody(policy: Policy) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for step in policy.steps for name in step.tell))
