"""Promotions: dated windows in the settings in which chosen jobs, and the hours of the staff, are different."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from notifier.errors import Problem
from notifier.jobfiles import load_variant
from notifier.mistakes import did_you_mean, validate
from notifier.model.job import Job, Variant
from notifier.model.oncall import OnCall, Period, SpecialHours
from notifier.rules.schedule import local_date
from notifier.settings.dates import end_of, start_of
from notifier.settings.oncall import OnCallReading
from notifier.settings.tables import PromotionTable
from notifier.tomlfile import Overlay

_TICK = timedelta(microseconds=1)
Jobs = Mapping[str, tuple[Job, Overlay]]
"""Jobs by name, each with the tables it was made of."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """From `start` until just before `end` (aware UTC) `jobs` stand in place of the ordinary ones.

    `hours` are those that agents and groups work on these days instead of their own.
    """

    name: str
    start: datetime
    end: datetime
    jobs: Jobs
    hours: Mapping[str, tuple[Period, ...]]


def load_promotions(
    table: Overlay, jobs: Jobs, known: Collection[str], zone: str, problems: list[Problem]
) -> list[Promotion]:
    """Every `[promotions.NAME]` that makes sense, by its start; mistakes in what they change go to `problems`.

    `jobs` are the ordinary ones, to which the changes are made; `known` are the names of all job files, also of those
    with mistakes of their own. Dates are days on the clock of `zone`.
    """
    given = table.data.get("promotions")
    found: list[Promotion] = []
    for name in given if isinstance(given, dict) else ():
        path = ("promotions", name)
        checked = validate(PromotionTable, table.under(path), [])
        if checked is None:
            continue  # which SettingsFile reports
        start, end = start_of(checked.start, zone), end_of(checked.end, zone)
        if end <= start:
            problems.append(table.problem((*path, "until"), "is not after from"))
        changed = dict(_changed(table.under((*path, "jobs")), jobs, known, problems))
        found.append(Promotion(name, start, end, changed, checked.hours))
    found.sort(key=attrgetter("start"))
    problems += (table.problem(("promotions", name, "from"), message) for name, message in _overlaps(found))
    return found


def _changed(
    changes: Overlay, jobs: Jobs, known: Collection[str], problems: list[Problem]
) -> Iterator[tuple[str, tuple[Job, Overlay]]]:
    for name in changes.data:
        if name not in known:
            problems.append(changes.problem((name,), f"there is no such job{did_you_mean(name, known)}"))
        elif name in jobs:
            job, table = jobs[name]
            if variant := load_variant(job, changes.under((name,), *table.layers), changes, problems):
                yield name, variant


def _overlaps(promotions: list[Promotion]) -> Iterator[tuple[str, str]]:
    """One at a time, so that it is clear what holds."""
    last: Promotion | None = None
    for each in promotions:
        if last is not None and each.start < last.end:
            yield each.name, f'begins before "{last.name}" ends; only one promotion may hold at a time'
        last = each if last is None or each.end > last.end else last


def with_variants(job: Job, promotions: Iterable[Promotion]) -> Job:
    """The job with what promotions make of it."""
    variants = (Variant(p.name, p.start, p.end, p.jobs[job.name][0]) for p in promotions if job.name in p.jobs)
    return replace(job, variants=tuple(variants))


def with_special_hours(
    reading: OnCallReading, promotions: Iterable[Promotion], zone: str, table: Overlay, problems: list[Problem]
) -> OnCall:
    """Who is on call, with the hours of promotions: they hold on every day of `zone` that a promotion touches.

    An agent's own entry counts more than that of a group. Names that nobody has go to `problems`.
    """
    oncall, special = reading.oncall, []
    known = {*oncall.agents, *oncall.groups}
    for each in promotions:
        for name in each.hours:
            if reading.sound and name not in known:
                message = f'there is no agent or group "{name}"{did_you_mean(name, known)}'
                problems.append(table.problem(("promotions", each.name, "hours", name), message))
        by_group = {agent: periods for name, periods in each.hours.items() for agent in oncall.groups.get(name, ())}
        own = {name: periods for name, periods in each.hours.items() if name in oncall.agents}
        if each.hours:
            last = local_date(each.end - _TICK, zone)
            special.append(SpecialHours(local_date(each.start, zone), last, by_group | own))
    return replace(oncall, special=tuple(special))
