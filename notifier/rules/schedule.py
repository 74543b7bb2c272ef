"""Time arithmetic: when something is due, when a right ends, when people may be written to.

Instants go in and come out as aware UTC datetimes, zones are IANA names. Two rules hold for every local time: one that
a change of the clocks skips stands for the first instant after the gap, and one that happens twice for its first
occurrence. So a local date and time always name one instant, and later ones never name an earlier instant.

Unknown zones raise ValueError. Results outside the years 1 to 9999 raise OverflowError or ValueError.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

from whenever import Instant, PlainDateTime, ZonedDateTime

from notifier.model.duration import Duration
from notifier.model.job import Step
from notifier.model.shop import QuietHours, ReturnRight, WorkCalendar
from notifier.rules.workdays import add_workdays

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MIDNIGHT = time()


def shift(instant: datetime, duration: Duration, zone: str, calendar: WorkCalendar, *, back: bool = False) -> datetime:
    """Move `instant` on by `duration`, or back.

    Exact durations are elapsed time: a day is 24 hours, whatever the clocks do. Months are calendar months of the local
    date, clamped to the month's end (31 December + 2mo is 28 or 29 February); several steps count from the same anchor,
    never from each other. Working days are those of `calendar`; from a day off the count starts at the next worked
    day (going back, at the one before). Months and working days keep the local time of day.
    """
    if duration.exact:
        # Addition to a datetime of another zone would move its wall clock, not the instant.
        anchor = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
        length = duration.seconds * _SECOND
        return anchor - length if back else anchor + length
    sign = -1 if back else 1
    local = Instant(instant).to_tz(zone)
    if duration.months:
        day = local.date().add(months=sign * duration.months).to_stdlib()
    else:
        day = add_workdays(local.date().to_stdlib(), sign * duration.working_days, calendar)
    return localise(datetime.combine(day, local.time().to_stdlib()), zone)


def due_at(moment: datetime, step: Step, at: time | None, zone: str, calendar: WorkCalendar) -> datetime:
    """When `step` of a job is due that counts from `moment`; `at` pins the local time of day.

    Written by day or longer, the step is due at `at` on the local date it leads to, even where that is a little earlier
    than the plain result: three days after, at ten, means ten o'clock on the third day. Shorter ones are due at the
    first `at` that is not before the plain result; those before a deadline at the last that is not after it.
    """
    plain = shift(moment, step.offset, zone, calendar, back=step.before)
    if at is None:
        return plain
    day = local_date(plain, zone)
    if step.offset.by_day:
        return at_local(day, at, zone)
    if step.before:
        while (pinned := at_local(day, at, zone)) > plain:
            day -= _DAY
    else:
        while (pinned := at_local(day, at, zone)) < plain:
            day += _DAY
    return pinned


def return_deadline(delivered: datetime, right: ReturnRight, zone: str) -> datetime:
    """The instant from which goods can no longer be sent back.

    Counted from midnight, it is 00:00 of the local day after delivery and `days` times 24 hours
    (《网络购买商品七日无理由退货暂行办法》); counted from delivery, it is the moment of delivery and as many hours.
    """
    start = delivered
    if right.counted_from == "midnight":
        start = at_local(local_date(delivered, zone) + _DAY, _MIDNIGHT, zone)
    return start + right.days * _DAY


def next_allowed(instant: datetime, quiet: QuietHours | None, zone: str) -> datetime:
    """The first instant from `instant` on at which `quiet` lets us speak: itself, or the end of the quiet period.

    Never quiet, never earlier than given. A quiet period goes from the first occurrence of its start to the last of its
    end: in an hour that the clocks repeat, nothing is said while they show a quiet time.
    """
    if quiet is None or quiet.start == quiet.end:
        return instant
    today = local_date(instant, zone)
    # Yesterday's period may last until now. Tomorrow's matters where today's ends in a gap that reaches into it.
    for day in (today - _DAY, today, today + _DAY):
        begins, ends = _quiet_period(day, quiet.start, quiet.end, zone)
        if begins <= instant < ends:
            instant = ends
    return instant


def local_date(instant: datetime, zone: str) -> date:
    """The date on the calendar of `zone` at `instant`."""
    return Instant(instant).to_tz(zone).date().to_stdlib()


def at_local(day: date, at: time, zone: str) -> datetime:
    """The instant at which clocks of `zone` show `at` on `day`."""
    return localise(datetime.combine(day, at), zone)


def localise(local: datetime, zone: str) -> datetime:
    """The instant at which clocks of `zone` show `local`. Raises ValueError if `local` has a zone already."""
    return _instant(local, zone, "earlier")


@lru_cache(maxsize=4096)
def _quiet_period(day: date, start: time, end: time, zone: str) -> tuple[datetime, datetime]:
    """The quiet period that begins on local `day`."""
    last = day if start < end else day + _DAY
    return at_local(day, start, zone), _instant(datetime.combine(last, end), zone, "later")


# Plans ask for the same few midnights and pinned times over and over; a hit costs a fifth of the calculation.
@lru_cache(maxsize=16_384)
def _instant(local: datetime, zone: str, occurrence: Literal["earlier", "later"]) -> datetime:
    plain = PlainDateTime(local)
    found = plain.assume_tz(zone, disambiguation=occurrence)
    if found.to_plain() != plain:
        found = _after_gap(plain, zone)
    return found.to_instant().to_stdlib()


def _after_gap(skipped: PlainDateTime, zone: str) -> ZonedDateTime:
    """The first instant after the gap in which `skipped` lies."""
    # "earlier" means before the gap, by less than the gap is long.
    transition = skipped.assume_tz(zone, disambiguation="earlier").next_transition()
    assert transition is not None
    return transition
