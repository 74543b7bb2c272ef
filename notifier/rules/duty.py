"""Who is on duty when.

A period of work belongs to the local day on which it begins, past midnight too: a day off takes away what begins on it,
and a shift's turn changes with the day on which its period begins. Periods begin and end at the first instant at which
a clock shows their times (`rules.schedule`), so that two which abut neither overlap nor leave a gap when clocks change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from notifier.model.oncall import Agent, OnCall, Period, Shift, Span
from notifier.rules.schedule import at_local, local_date
from notifier.rules.spans import common, joined, without

AHEAD = timedelta(days=31)
"""How far `next_duty` looks."""
_DAY = timedelta(days=1)
_MIDNIGHT = time()
_ALWAYS = (Period(frozenset(range(7)), _MIDNIGHT, _MIDNIGHT),)
_CACHED = 8192


class Roster:
    """`oncall.toml`, ready to be asked who is on duty; pure, and days once worked out are kept.

    `zone` is that of agents and shifts without one. A name may be an agent's, a group's or a shift's; one that nobody
    has stands for nobody. Of an agent or a group those are on duty who are in their own periods. Of a shift it is
    whoever's turn it is, during the shift's periods, unless that agent has the day off or works other hours: that is a
    hole. Who has a shift by an override has it whatever their own hours are; of two overrides the later one wins.
    On the days of a promotion its hours stand in place of somebody's own; days off stay.
    """

    def __init__(self, oncall: OnCall, zone: str) -> None:
        self.oncall = oncall
        self.zone = zone
        self._agent_day = lru_cache(_CACHED)(self._agent_spans)
        self._shift_day = lru_cache(_CACHED)(self._shift_spans)

    def members(self, who: Sequence[str]) -> tuple[Agent, ...]:
        """Everybody that these names stand for, on duty or not, each once, in the order of the names."""
        names = dict.fromkeys(name for each in who for name in self._stands_for(each))
        return tuple(self.oncall.agents[name] for name in names if name in self.oncall.agents)

    def on_duty(self, who: Sequence[str], at: datetime) -> tuple[Agent, ...]:
        """Those of them who are on duty at that instant, in the order of the names."""
        names = dict.fromkeys(
            span.agent
            for line in self._lines(who)
            for span in self._between(line, at, at)
            if span.start <= at < span.end
        )
        return tuple(self.oncall.agents[name] for name in names)

    def next_duty(self, who: Sequence[str], after: datetime) -> tuple[datetime, tuple[Agent, ...]] | None:
        """The first instant from `after` on at which somebody of them is on duty, and who; None within 31 days."""
        starts = [start for line in self._lines(who) if (start := self._first(line, after)) is not None]
        first = min(starts, default=None)
        return None if first is None else (first, self.on_duty(who, first))

    def duty(self, who: Sequence[str], start: datetime, end: datetime) -> tuple[Span, ...]:
        """Who of them is on duty when between two instants, by start."""
        spans = (span for line in self._lines(who) for span in self._between(line, start, end))
        return joined(part for span in spans if (part := common(span, start, end)))

    def holes(self, shift: str, start: datetime, end: datetime) -> tuple[Span, ...]:
        """When a shift falls to somebody who is not there, and to whom; by start."""
        found = self.oncall.shifts[shift]
        spans = (span for day in self._days(shift, start, end) for span in self._turns(found, day)[0])
        missing = (hole for span in spans for hole in without(span, self._own(span)))
        return joined(part for hole in missing if (part := common(hole, start, end)))

    def _stands_for(self, name: str) -> Collection[str]:
        if shift := self.oncall.shifts.get(name):
            return (*shift.agents, *(override.agent for override in shift.overrides))
        return self.oncall.groups.get(name, (name,))

    def _lines(self, who: Sequence[str]) -> Iterator[str]:
        """The shifts and agents that have hours, of these names."""
        for name in who:
            if name in self.oncall.shifts:
                yield name
            else:
                yield from (agent for agent in self._stands_for(name) if agent in self.oncall.agents)

    def _zone_of(self, line: str) -> str:
        found = self.oncall.shifts.get(line) or self.oncall.agents[line]
        return found.zone or self.zone

    def _days(self, line: str, start: datetime, end: datetime) -> Iterator[date]:
        """The local days whose periods may reach into this time.

        A period lasts a day at most; where clocks go back at midnight, the next day's may have begun already.
        """
        zone = self._zone_of(line)
        day, last = local_date(start, zone) - _DAY, local_date(end, zone) + _DAY
        while day <= last:
            yield day
            day += _DAY

    def _day(self, line: str, day: date) -> tuple[Span, ...]:
        return self._shift_day(line, day) if line in self.oncall.shifts else self._agent_day(line, day)

    def _between(self, line: str, start: datetime, end: datetime) -> Iterator[Span]:
        for day in self._days(line, start, end):
            yield from self._day(line, day)

    def _first(self, line: str, after: datetime) -> datetime | None:
        """When somebody of this line is on duty next.

        The following day is looked at together with the one that has an answer: of a shift's day somebody's own hours
        may leave only the end, and the next may begin before.
        """
        for day in self._days(line, after, after + AHEAD):
            if any(span.end > after for span in self._day(line, day)):
                both = (*self._day(line, day), *self._day(line, day + _DAY))
                first = max(after, min(span.start for span in both if span.end > after))
                return first if first <= after + AHEAD else None
        return None

    def _agent_spans(self, name: str, day: date) -> tuple[Span, ...]:
        """When somebody works in the periods that begin on `day`."""
        agent = self.oncall.agents[name]
        if day in agent.days_off:
            return ()
        special = (s.periods[name] for s in self.oncall.special if s.first <= day <= s.last and name in s.periods)
        return tuple(_spans(next(special, agent.periods), day, agent.zone or self.zone, name))

    def _shift_spans(self, name: str, day: date) -> tuple[Span, ...]:
        """Who has a shift in the periods that begin on `day`."""
        turns, overrides = self._turns(self.oncall.shifts[name], day)
        own = (part for span in turns for free in self._own(span) if (part := common(span, free.start, free.end)))
        return joined((*own, *overrides))

    def _turns(self, shift: Shift, day: date) -> tuple[list[Span], list[Span]]:
        """Whose turn the periods that begin on `day` are, and what overrides take of them."""
        overridden: list[Span] = []
        left = list(_spans(shift.periods, day, shift.zone or self.zone, _turn(shift, day)))
        for override in reversed(shift.overrides):
            taken = Span(override.start, override.end, override.agent)
            overridden += (part for span in left if (part := common(taken, span.start, span.end)))
            left = [rest for span in left for rest in without(span, [taken])]
        known = self.oncall.agents
        return [span for span in left if span.agent in known], [span for span in overridden if span.agent in known]

    def _own(self, span: Span) -> list[Span]:
        """The hours around `span` in which its agent works."""
        return list(self._between(span.agent, span.start, span.end))


def _spans(periods: Sequence[Period], day: date, zone: str, agent: str) -> Iterator[Span]:
    """The periods that begin on local `day`; none of length nought, where clocks skip it whole."""
    for period in periods or _ALWAYS:
        if day.weekday() in period.days:
            last = day if period.start < period.end else day + _DAY
            start, end = at_local(day, period.start, zone), at_local(last, period.end, zone)
            if start < end:
                yield Span(start, end, agent)


def _turn(shift: Shift, day: date) -> str:
    """Whose turn it is; nobody's before the shift's first day."""
    turns = (day - shift.since).days // shift.turn
    return shift.agents[turns % len(shift.agents)] if turns >= 0 and shift.agents else ""
