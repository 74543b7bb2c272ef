"""When digests are due, and for whom. Pure: planning twice gives the same, and a key never holds a computed time.

A digest's reminder has no source and no order; its subject is the agent's name, its occurrence the instant it counts
from: that of the cron line, or the beginning or end of the agent's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from notifier.model.job import Days, Job
from notifier.model.oncall import Agent, OnCall, Span
from notifier.model.reminder import Key, Planned
from notifier.model.shop import Shop
from notifier.rules.cron import next_cron
from notifier.rules.duty import Roster
from notifier.rules.schedule import at_local, due_at, local_date, shift
from notifier.rules.workdays import is_workday

AHEAD = timedelta(days=2)
BREAK = timedelta(hours=2)
"""Who is back at work so soon has had a break: their shift goes on."""
_DAY = timedelta(days=1)
_AROUND = timedelta(days=2)
_MOST = 100
_NINE = time(9)


def plan_digests(
    jobs: Iterable[Job], oncall: OnCall, roster: Roster, shop: Shop, now: datetime, ahead: timedelta = AHEAD
) -> list[Planned]:
    """The digests that ought to exist: due until `ahead` from now, and earlier ones that still make sense."""
    planned: list[Planned] = []
    for job in jobs:
        if not (job.enabled and job.digest):
            continue
        since = shift(now, job.within, shop.zone, shop.calendar, back=True)
        who = recipients(job.to, oncall)
        occurrences = _by_cron if job.cron else _by_shift
        for agent, instant in occurrences(job, who, roster, shop, since, now + ahead):
            for step, due in enumerate(_dues(job, instant, shop)):
                if since <= due <= now + ahead and _on(job.on, local_date(due, shop.zone), shop):
                    key = Key("", "", job.name, agent, step, instant.isoformat())
                    planned.append(Planned(key, due, shift(due, job.within, shop.zone, shop.calendar)))
    return planned


def still_wanted(key: Key, due: datetime, job: Job, oncall: OnCall, roster: Roster, shop: Shop) -> bool:
    """Would this digest be planned again? Not when the job, the shifts or the agent have changed since."""
    return any(planned.key == key for planned in plan_digests([job], oncall, roster, shop, due, timedelta()))


def instant_on(day: date, job: Job, roster: Roster, shop: Shop) -> datetime:
    """When a digest job speaks first on a day of the shop; one that would not speak then does at nine."""
    midnight = at_local(day, time(), shop.zone)
    end = at_local(day + _DAY, time(), shop.zone)
    if job.cron:
        instant = next_cron(job.cron, midnight - timedelta(seconds=1), shop.zone)
        return instant if instant < end else at_local(day, _NINE, shop.zone)
    planned = plan_digests([replace(job, enabled=True, on=Days.ANY)], roster.oncall, roster, shop, midnight, _DAY)
    return min((p.due for p in planned if midnight <= p.due < end), default=at_local(day, _NINE, shop.zone))


def recipients(to: str, oncall: OnCall) -> tuple[str, ...]:
    """The agents, groups and shifts that `to` means: those whom the first step of a policy of that name tells."""
    policy = oncall.policies.get(to)
    return policy.steps[0].tell if policy and policy.steps else (to,)


def _dues(job: Job, instant: datetime, shop: Shop) -> Iterator[datetime]:
    for step in job.steps:
        yield instant if job.cron else due_at(instant, step, None, shop.zone, shop.calendar)


def _by_cron(
    job: Job, who: tuple[str, ...], roster: Roster, shop: Shop, since: datetime, until: datetime
) -> Iterator[tuple[str, datetime]]:
    """Everybody who works on that day, at the instants of the cron line; of a shift, whoever has it on that day."""
    instant, count = next_cron(job.cron, since - timedelta(seconds=1), shop.zone), 0
    while instant <= until and count < _MOST:
        for agent in _working_on(who, roster, instant):
            yield agent, instant
        instant, count = next_cron(job.cron, instant, shop.zone), count + 1


def _working_on(who: tuple[str, ...], roster: Roster, instant: datetime) -> list[str]:
    """Those whose work has to do with the local day of `instant`, in the order of the names."""
    on = {
        span.agent for span in roster.duty(who, instant - _AROUND, instant + _AROUND) if _touches(span, roster, instant)
    }
    return [agent.name for agent in roster.members(who) if agent.name in on]


def _touches(span: Span, roster: Roster, instant: datetime) -> bool:
    zone = _zone(roster.oncall.agents[span.agent], roster)
    midnight = at_local(local_date(instant, zone), time(), zone)
    return span.start < midnight + _DAY and span.end > midnight


def _zone(agent: Agent, roster: Roster) -> str:
    return agent.zone or roster.zone


def _by_shift(
    job: Job, who: tuple[str, ...], roster: Roster, shop: Shop, since: datetime, until: datetime
) -> Iterator[tuple[str, datetime]]:
    """The instants at which each begins or ends their work. Who is always on duty never does either."""
    starts, edge = job.moment == "start", _AROUND + _reach(job, shop, until)
    first, last = since - edge, until + edge
    for span in _shifts(roster.duty(who, first, last)):
        instant = span.start if starts else span.end
        if first < instant < last:
            yield span.agent, instant


def _reach(job: Job, shop: Shop, until: datetime) -> timedelta:
    """How far the moment may be from the time at which it is said."""
    dues = _dues(job, until, shop)
    return max(abs(due - until) for due in dues)


def _shifts(spans: Iterable[Span]) -> list[Span]:
    """Spans of duty with the breaks between them closed, those of each agent by themselves."""
    found: list[Span] = []
    last: dict[str, int] = {}
    for span in spans:
        number = last.get(span.agent)
        if number is not None and span.start - found[number].end <= BREAK:
            found[number] = Span(found[number].start, max(found[number].end, span.end), span.agent)
        else:
            last[span.agent] = len(found)
            found.append(span)
    return found


def _on(days: Days, day: date, shop: Shop) -> bool:
    """May it be sent on this day?"""
    if days is Days.ANY:
        return True
    return is_workday(day, shop.calendar) and (days is Days.WORKDAY or is_last_workday(day, shop))


def is_last_workday(day: date, shop: Shop) -> bool:
    """Is it worked, and no later day of its month?"""
    later = (day + number * _DAY for number in range(1, 31))
    rest = (other for other in later if other.month == day.month)
    return is_workday(day, shop.calendar) and not any(is_workday(other, shop.calendar) for other in rest)
