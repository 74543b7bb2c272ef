"""Which days are worked, and when holidays are: the only place that knows the `holidays` library."""

from __future__ import annotations

import calendar as months
import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from notifier.model.shop import WorkCalendar

_DAY = timedelta(days=1)
_SATURDAY = 5
_INSTEAD = re.compile(r"\((observed|substitute|in lieu|additional)")
_REMARK = re.compile(r" \(.*")


def is_workday(day: date, calendar: WorkCalendar) -> bool:
    """True when `day` is worked.

    The calendar's own `workdays` win over its own `holidays`, and both over the country's days. A country's public
    holidays are off and the weekend days worked in exchange for them are on (China's 调休, once the library knows
    the year's decree); country "" works Monday to Friday. Raises ValueError for an unknown country.
    """
    if day in calendar.workdays:
        return True
    if day in calendar.holidays:
        return False
    if not calendar.country:
        return day.weekday() < _SATURDAY
    return day in _worked_days(calendar.country, day.year)


def add_workdays(day: date, n: int, calendar: WorkCalendar) -> date:
    """The worked day `n` worked days after `day`, or before it when `n` is negative.

    A day off counts as the next worked day (going back, as the one before): two working days after Saturday are
    Wednesday, and none are Monday. Raises ValueError for an unknown country.
    """
    step = -_DAY if n < 0 else _DAY
    while not is_workday(day, calendar):
        day += step
    for _ in range(abs(n)):
        day += step
        while not is_workday(day, calendar):
            day += step
    return day


def holiday_dates(country: str, name: str, years: Iterable[int]) -> dict[date, str]:
    """The first day of each holiday called `name`, lunar ones too, and its English name, in the order of time.

    Remarks in brackets are left out of names, and case does not matter. When no holiday has exactly this name, all
    whose names contain it are meant: "mid-autumn" finds the Mid-Autumn Festival, and "Chinese New Year" does not find
    Chinese New Year's Eve. Days off instead of a holiday are not the holiday. Raises ValueError for an unknown country
    and, with the names there are, when none fits.
    """
    found = sorted(_named_days(_country(country, sorted(years))))
    names = {known for _, known in found}
    wanted = {known for known in names if known.casefold() == name.casefold()}
    wanted = wanted or {known for known in names if name.casefold() in known.casefold()}
    if not wanted:
        raise ValueError(f"{country} has no holiday called {name!r}; it has {', '.join(sorted(names))}")
    days = set(found)
    return {day: known for day, known in found if known in wanted and (day - _DAY, known) not in days}


def _named_days(country: Any) -> Iterable[tuple[date, str]]:
    for day in country:
        for full in country.get_list(day):
            if not _INSTEAD.search(full):
                yield day, _REMARK.sub("", full)


@cache
def _worked_days(country: str, year: int) -> frozenset[date]:
    known = _country(country, [year])
    days = (date(year, 1, 1) + number * _DAY for number in range(365 + months.isleap(year)))
    return frozenset(day for day in days if known.is_working_day(day))


def _country(code: str, years: Iterable[int]) -> Any:
    # Imported late: it costs half a second and 45 MB, which shops without a country need not pay.
    import holidays

    try:
        if len(code) != 2:
            raise NotImplementedError
        return holidays.country_holidays(code, years=years, language="en_US", expand=False)
    except NotImplementedError:
        raise ValueError(
            f"{code!r} is not a country with known holidays; write its two capital letters, such as CN or US"
        ) from None
