"""From the tables `[shop]` and `[send]` to what the rules use: zone, working days, greetings, sending hours."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

import tzdata

from notifier import __version__
from notifier.errors import Problem
from notifier.model.job import Job, Purpose
from notifier.model.shop import LatePenalty, ReturnRight, SendingRules, Shop, WorkCalendar
from notifier.rules.workdays import holiday_dates, is_workday
from notifier.settings.tables import Greeting, LateShipping, SendTable, ShopTable
from notifier.tomlfile import Overlay

_ANY_DAY = date(2026, 1, 1)


def shop_from(
    table: ShopTable, years: Collection[int], jobs: Iterable[Job], file: Overlay, problems: list[Problem]
) -> Shop:
    """The shop, with its greetings worked out for `years`. Holidays nobody knows go to `problems`.

    The holidays of the country are looked at only when a greeting or a job needs them: that takes half a second.
    """
    calendar = WorkCalendar(table.country, frozenset(table.holidays), frozenset(table.workdays))
    greetings = list(enumerate(table.greetings))
    if table.country and (greetings or any(map(_counts_workdays, jobs))):
        try:
            is_workday(_ANY_DAY, calendar)
        except ValueError as error:
            problems.append(file.problem(("shop", "country"), str(error)))
            greetings.clear()
    days: dict[date, str] = {}
    for number, greeting in greetings:
        try:
            days |= _days(greeting, table.country, years)
        except ValueError as error:
            problems.append(file.problem(("shop", "greetings", number), str(error)))
    return Shop(
        name=table.name,
        zone=table.time_zone,
        language=table.language,
        currency=table.currency,
        public_url=table.public_url,
        contact=table.contact,
        return_address=table.return_address,
        return_carriers=table.return_carriers,
        return_right=ReturnRight(table.return_window.days, table.return_window.counted_from),
        calendar=calendar,
        greetings=dict(sorted(days.items())),
        late_penalty=_late_penalty(table.late_shipping),
    )


def sending_from(table: SendTable) -> SendingRules:
    """The rules for every message to a customer."""
    quiet = {Purpose.SERVICE: table.quiet_hours.service, Purpose.MARKETING: table.quiet_hours.marketing}
    return SendingRules(quiet, table.weekly_cap, table.daily_cap)


def planning_digest(shop: Shop, jobs: Mapping[str, Job]) -> str:
    """Equal for settings under which the same orders give the same plans.

    The program's version and that of the time zone data count too: both may plan differently.
    """
    days = (sorted(shop.calendar.holidays), sorted(shop.calendar.workdays), sorted(shop.greetings.items()))
    told = [__version__, tzdata.IANA_VERSION, shop.zone, shop.return_right, shop.calendar.country, days]
    told += (_told(job) for _, job in sorted(jobs.items()))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _told(job: Job) -> tuple[object, ...]:
    """What of a job matters for plans, and what promotions make of it."""
    conditions = [(condition.name, _stable(condition.argument)) for condition in job.only_if]
    variants = [(variant.start, variant.end, *_told(variant.job)) for variant in job.variants]
    return replace(job, about="", examples=(), file=None, goal="", only_if=(), variants=()), conditions, variants


def _stable(argument: object) -> object:
    """Sets come in another order in every process."""
    return sorted(argument) if isinstance(argument, frozenset) else argument


def _counts_workdays(job: Job) -> bool:
    return any(
        version.enabled and (version.within.working_days or any(step.offset.working_days for step in version.steps))
        for version in job.versions
    )


def _late_penalty(table: LateShipping) -> LatePenalty | None:
    return LatePenalty(table.share, table.least, table.most) if table.share else None


def _days(greeting: Greeting, country: str, years: Collection[int]) -> dict[date, str]:
    if greeting.day:
        return {greeting.day: greeting.name}
    if not country:
        raise ValueError('needs the country whose holiday it is, such as country = "CN"')
    return {day: greeting.name or name for day, name in holiday_dates(country, greeting.holiday, years).items()}
