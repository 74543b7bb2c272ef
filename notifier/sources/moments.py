"""Times as shops write them, turned into instants: ISO 8601, `yyyy-MM-dd HH:mm:ss`, epoch numbers, database values."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from notifier.rules.schedule import localise
from notifier.sources.values import BadValue

_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000  # as seconds that is the year 5138, as milliseconds 1973
_DAYS_KEPT = 8192
_LEAP_SECOND = re.compile(r"(\d\d:\d\d):60")
_ZERO_DATE = re.compile(r"0{4}-0{2}-0{2}([ T]0{2}:0{2}:0{2}(\.0+)?)?Z?")
_COMPACT = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}


class Moments:
    """Reads times; one without an offset is local to `zone`.

    In the hour that does not exist it is the first instant after it, in the hour that comes twice the first one. A
    date alone is its first instant. A leap second is the second before it. 0 and MySQL's zero date mean: no time.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._offsets: dict[date, timedelta | None] = {}

    def __call__(self, raw: Any) -> datetime | None:
        """The instant, in UTC. Raises BadValue for what is no time, or lies outside the years 1990 to 2100."""
        found = raw if isinstance(raw, datetime) else _read(raw)
        if found is None:
            return None
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise BadValue(f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
        return self._instant(found) if found.tzinfo is None else found.astimezone(UTC)

    def _instant(self, local: datetime) -> datetime:
        """The zone is asked once a day, and for each time only on days when its clocks are changed."""
        day = local.date()
        offset = self._offsets[day] if day in self._offsets else self._learn(day)
        return localise(local, self._zone) if offset is None else (local - offset).replace(tzinfo=UTC)

    def _learn(self, day: date) -> timedelta | None:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 – local time is what this is about
        next_midnight = midnight + timedelta(days=1)
        first = midnight - localise(midnight, self._zone).replace(tzinfo=None)
        last = next_midnight - localise(next_midnight, self._zone).replace(tzinfo=None)
        if len(self._offsets) >= _DAYS_KEPT:
            self._offsets.clear()
        self._offsets[day] = first if first == last else None
        return self._offsets[day]


def _read(raw: Any) -> datetime | None:
    if isinstance(raw, str):
        return _parse(raw.strip())
    if isinstance(raw, bool):
        raise BadValue("is not a time")
    if isinstance(raw, int | float | Decimal):
        return _from_epoch(raw)
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day)  # noqa: DTZ001 – local time, resolved by the caller
    raise BadValue("is not a time")


def _parse(text: str) -> datetime | None:
    if text[4:5] == "-" and text[10:11] in {"T", " ", ""}:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return _parse_odd(text)
    if text.isascii() and text.isdigit():
        return _parse_digits(text)
    raise BadValue("is not a time; write it as 2026-03-01T09:00:00Z")


def _parse_odd(text: str) -> datetime | None:
    """What ISO 8601 does not know: the leap second, an offset after a blank, UTC as a word, MySQL's zero date."""
    if _ZERO_DATE.fullmatch(text):
        return None
    text = _LEAP_SECOND.sub(r"\1:59", text, count=1)
    text = re.sub(r" ?(UTC|GMT)$", "Z", text)
    text = re.sub(r" (?=[+-]\d\d:?\d\d$)", "", text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadValue("is not a time; write it as 2026-03-01T09:00:00Z") from None


def _parse_digits(text: str) -> datetime | None:
    if len(text) in _COMPACT:
        try:
            return datetime.strptime(text, _COMPACT[len(text)])  # noqa: DTZ007 – local time, resolved by the caller
        except ValueError:
            raise BadValue("is not a time") from None
    if len(text) > 16:
        raise BadValue("is not a time")
    return _from_epoch(int(text))


def _from_epoch(number: float | Decimal) -> datetime | None:
    """Seconds since 1970, or milliseconds when the number is too large for seconds. 0 means never."""
    if number == 0:
        return None
    if not 0 < number < 10**16:
        raise BadValue("is not a time")
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    try:
        return _EPOCH + timedelta(seconds=float(seconds))
    except OverflowError:
        raise BadValue("is not a time") from None
