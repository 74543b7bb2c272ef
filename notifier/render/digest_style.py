"""How a reader's language and zone write what stands in a digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.model.digest import Cell, Digest, Kind
from notifier.render.context import one_line
from notifier.render.digest_words import Words
from notifier.render.fitting import cut
from notifier.render.formats import Formats

_LONGEST_CELL = 60
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads it: empty means the shop's language and zone."""

    language: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Style:
    """How a reader's language and zone write things."""

    words: Words
    formats: Formats
    zone: str

    def cell(self, value: Cell, kind: Kind) -> str:
        """A value as people write it; empty where there is nothing to say."""
        if value is None or value == "" or value == ():
            return ""
        if isinstance(value, str):
            return cut(one_line(self.words.of("words", value) if kind is Kind.WORD else value), _LONGEST_CELL)
        if isinstance(value, float):
            return f"{value:.1%}".replace(".0%", "%")
        if isinstance(value, tuple):
            return " + ".join(map(self.formats.money, value))
        return f"{value:,}" if isinstance(value, int) else self._time(value)

    def _time(self, value: date | datetime | timedelta) -> str:
        if isinstance(value, datetime):
            return self.formats.day_and_time(value)
        if isinstance(value, timedelta):
            return self._length(value)
        return self.formats.long_date(datetime(value.year, value.month, value.day, 12, tzinfo=ZoneInfo(self.zone)))

    def _length(self, value: timedelta) -> str:
        """In the largest unit that keeps two figures: 90 minutes, 36 hours, 3.5 days."""
        if value < 2 * _HOUR:
            unit, amount = "minutes", f"{value / timedelta(minutes=1):.0f}"
        elif value < 2 * _DAY:
            unit, amount = "hours", f"{value / _HOUR:.0f}"
        else:
            unit, amount = "days", f"{value / _DAY:.1f}".removesuffix(".0")
        return self.words.sentence("units", unit, {"count": amount})

    def sentence(self, digest: Digest, name: str) -> str:
        """A sentence of the digest: its title, its introduction, or that there is nothing to say."""
        values = {key: self.cell(value, Kind.TEXT) or "0" for key, value in digest.values.items()}
        count = digest.values.get("count")
        return self.words.sentence(digest.name, name, values, count if isinstance(count, int) else None)
