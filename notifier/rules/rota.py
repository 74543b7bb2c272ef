"""Duty laid out by days, as a rota on the wall shows it: who, from when until when, and where nobody is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from operator import attrgetter

from notifier.model.oncall import Agent
from notifier.rules.duty import Roster
from notifier.rules.schedule import at_local

_DAY = timedelta(days=1)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Stretch:
    """On local `day`, from `start` until just before `end`, `agents` of the group or shift `who` are on duty.

    Nobody is when there are none; of a shift, `absent` names whose turn it is all the same.
    """

    day: date
    who: str
    start: datetime
    end: datetime
    agents: tuple[Agent, ...]
    absent: str = ""


def rota(roster: Roster, first: date, days: int) -> Iterator[Stretch]:
    """The duty of every group and shift, day by day on the clock of `roster.zone`.

    A group is there to be asked at any time: each day's stretches leave nothing out. A shift has its hours: nobody is
    missed outside of them.
    """
    for number in range(days):
        day = first + number * _DAY
        for name in roster.oncall.groups:
            yield from _of_group(roster, name, day)
        for name in roster.oncall.shifts:
            yield from _of_shift(roster, name, day)


def _bounds(roster: Roster, day: date) -> tuple[datetime, datetime]:
    return at_local(day, _MIDNIGHT, roster.zone), at_local(day + _DAY, _MIDNIGHT, roster.zone)


def _of_group(roster: Roster, name: str, day: date) -> Iterator[Stretch]:
    """Cut where somebody comes or goes."""
    start, end = _bounds(roster, day)
    spans = roster.duty([name], start, end)
    marks = sorted({start, end, *(span.start for span in spans), *(span.end for span in spans)})
    for begins, ends in pairwise(marks):
        yield Stretch(day, name, begins, ends, roster.on_duty([name], begins))


def _of_shift(roster: Roster, name: str, day: date) -> Iterator[Stretch]:
    start, end = _bounds(roster, day)
    missed = set(roster.holes(name, start, end))
    for span in sorted([*roster.duty([name], start, end), *missed], key=attrgetter("start")):
        there = span not in missed
        agents = roster.members([span.agent]) if there else ()
        yield Stretch(day, name, span.start, span.end, agents, "" if there else span.agent)
