"""Money and time as a reader writes them. Babel's only door.

Formatting with Babel takes 5 to 12 µs; a shop's days, minutes and prices repeat, so each is formatted once and kept.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import DateTimePattern, parse_pattern

from notifier.model.order import Money

_PLAIN_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " "})
"""CLDR's no-break spaces would turn a whole SMS into UCS-2 (facts: 70 characters instead of 160)."""


class Formats:
    """The words of one locale for moments in one zone. Moments go in aware, text comes out."""

    __slots__ = ("_style", "_zone")

    def __init__(self, style: _Style, zone: tzinfo) -> None:
        self._style = style
        self._zone = zone

    def money(self, money: Money) -> str:
        """`¥1,288.50`."""
        return self._style.money(money.amount, money.currency)

    def long_date(self, moment: datetime) -> str:
        """`March 2, 2026`, `2026年3月2日`."""
        return self._style.long_day(moment.astimezone(self._zone).date())

    def time(self, moment: datetime) -> str:
        """`5:00 PM`, `17:00`."""
        return self._time(moment.astimezone(self._zone))

    def date_and_time(self, moment: datetime) -> str:
        """`March 2, 2026, 5:00 PM`."""
        local = moment.astimezone(self._zone)
        return self._style.joined(self._style.long_day(local.date()), self._time(local))

    def day_and_time(self, moment: datetime) -> str:
        """`Mon, Mar 2, 5:00 PM`, `3月2日周一 17:00`."""
        return self._day_and_time(moment.astimezone(self._zone))

    def until(self, deadline: datetime) -> str:
        """Like `day_and_time`, for deadlines: midnight is shown as the last minute of the day that it ends."""
        local = deadline.astimezone(self._zone)
        return self._day_and_time(local - timedelta(minutes=1) if _is_midnight(local) else local)

    def _time(self, local: datetime) -> str:
        return self._style.clock(local.hour, local.minute)

    def _day_and_time(self, local: datetime) -> str:
        return self._style.joined(self._style.day(local.date()), self._time(local))


class _Style:
    """One locale's patterns, parsed once, and what was formatted with them lately."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self._patterns = {
            "day": _skeleton(locale, "MMMEd"),
            "long": locale.date_formats["long"],
            "clock": locale.time_formats["short"],
        }
        self._money = locale.currency_formats["standard"]
        self._join = str(locale.datetime_formats["medium"])
        self.day = lru_cache(2048)(self._day)
        self.long_day = lru_cache(2048)(self._long_day)
        self.clock = lru_cache(1440)(self._clock)
        self.money = lru_cache(8192)(self._amount)

    def joined(self, day: str, time: str) -> str:
        return self._join.replace("{1}", day).replace("{0}", time)

    def _day(self, day: date) -> str:
        return self._apply("day", datetime(day.year, day.month, day.day, tzinfo=UTC))

    def _long_day(self, day: date) -> str:
        return self._apply("long", datetime(day.year, day.month, day.day, tzinfo=UTC))

    def _clock(self, hour: int, minute: int) -> str:
        return self._apply("clock", datetime(2000, 1, 1, hour, minute, tzinfo=UTC))

    def _apply(self, pattern: str, moment: datetime) -> str:
        return str(self._patterns[pattern].apply(moment, self._locale)).translate(_PLAIN_SPACES)

    def _amount(self, amount: Decimal, currency: str) -> str:
        return str(self._money.apply(amount, self._locale, currency=currency)).translate(_PLAIN_SPACES)


def _skeleton(locale: Locale, name: str) -> DateTimePattern:
    skeletons = locale.datetime_skeletons
    return skeletons[name] if name in skeletons else parse_pattern(locale.date_formats["medium"])


def _is_midnight(local: datetime) -> bool:
    return not (local.hour or local.minute or local.second)


@lru_cache(256)
def _style(language: str) -> _Style:
    return _Style(Locale.parse(language, sep="-"))


@lru_cache(1024)
def _known(language: str) -> bool:
    try:
        Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


@lru_cache(1024)
def zone_named(name: str) -> ZoneInfo | None:
    """The zone of that name, None for a name that is empty or unknown."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(1024)
def formats_for(wanted: str, language: str, zone: str) -> Formats:
    """The formats of a text in `language` for a reader who asked for `wanted`.

    Somebody who reads en-GB gets an English text with British dates; an unknown zone is taken for UTC.
    """
    related = wanted.split("-")[0].lower() == language.split("-")[0].lower()
    best = next(name for name in (wanted if related else "", language, "en") if name and _known(name))
    return Formats(_style(best), zone_named(zone) or UTC)
