"""How often something happens: an interval, or a cron line of five fields with day names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from notifier.model.duration import parse_duration

_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, as many as the month has, L or LW",
    "month": "1 to 12 or JAN to DEC",
    "day-of-week": "SUN to SAT; a range must not go past SAT, so write FRI,SAT,SUN",
}
NIGHTLY = "17 3 * * *"
"""When everything is planned again: days of the calendar come nearer without any order changing."""

_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Interval:
    """Again `seconds` after the last time."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Cron:
    """At the local times of a cron `line`."""

    line: str


def every(text: str) -> Interval | Cron:
    """Read `30s`, `5m` or a cron line. Raises ValueError with a sentence that says what would be right."""
    if len(text.split()) == len(_FIELDS):
        return parse_cron(text)
    try:
        duration = parse_duration(text)
    except ValueError:
        duration = None
    if duration is None or not duration.exact:
        raise ValueError(f"{text!r} is neither an interval such as 30s or 5m nor a cron line of five fields")
    if not duration.seconds:
        raise ValueError(f"{text!r} would never wait; write at least 1s")
    return Interval(duration.seconds)


def parse_cron(line: str) -> Cron:
    """Check a cron line. Raises ValueError with a sentence that says what would be right.

    Days of the week have to be names: cron counts them from Sunday, APScheduler from Monday. A digit may only follow
    "#" (MON#2 is the second Monday). Also refused are lines that never come true, such as 30 February.
    """
    fields = line.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"{line!r} is not a cron line; write five fields: minute, hour, day of month, month, day of week"
        )
    if re.search(r"(?<!#)\d", fields[4]):
        raise ValueError(
            f"{line!r} counts the days of the week, and programs disagree about which one is 0; "
            "write their names, such as MON-FRI"
        )
    try:
        next(CronSim(line, _ANY_DAY))
    except CronSimError as error:
        name = str(error).removeprefix("Bad ")
        raise ValueError(f"{line!r} has a mistake in {name}, which takes {_FIELDS[name]}") from None
    except StopIteration:
        raise ValueError(f"{line!r} never comes: no date fits its day, month and day of week") from None
    return Cron(" ".join(fields))


def next_cron(line: str, after: datetime, zone: str) -> datetime:
    """The first instant after `after`, in UTC, at which `line` comes true on the clocks of `zone`.

    A time that a change of the clocks skips comes at the first minute after the gap, and one that happens twice at its
    first occurrence only: a daily line fires once per local date. Lines whose minute or hour begins with a star
    follow elapsed time instead. Raises ValueError as `parse_cron` does, and for an unknown zone.
    """
    line = _parsed(line).line
    # In a repeated hour the iterator starts again from its first occurrence, which has been.
    found = (moment.astimezone(UTC) for moment in CronSim(line, after.astimezone(_zone(zone))))
    return next(moment for moment in found if moment > after)


_parsed = lru_cache(maxsize=256)(parse_cron)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; use a name such as Asia/Shanghai") from None
