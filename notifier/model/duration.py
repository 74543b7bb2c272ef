"""Lengths of time as people write them in settings and jobs: `90s 15m 12h 3d 2w 2mo 1y 2wd`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PART = re.compile(r"(\d+)(mo|wd|[smhdwy])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOST = 20 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: exact `seconds`, or calendar `months`, or `working_days`; only one of them is not zero.

    A day is 24 hours and a week 168 wherever it stands; months are calendar months (`rules.schedule.shift`).
    """

    seconds: int = 0
    months: int = 0
    working_days: int = 0
    text: str = ""

    @property
    def exact(self) -> bool:
        """True when it needs neither a calendar nor a zone."""
        return not (self.months or self.working_days)

    @property
    def by_day(self) -> bool:
        """True when it was written in days or longer, so that `at` means a time on the day it ends."""
        return not self.exact or self.text[-1:] in {"d", "w"}

    def __str__(self) -> str:
        return self.text


def parse_duration(text: str) -> Duration:
    """Read `12h`, `1h30m`, `2mo`, `2wd`. Raises ValueError with a sentence that says what would be right."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as 90s 15m 12h 3d 2w 2mo 1y 2wd")
    months = sum(int(n) * (12 if unit == "y" else 1) for n, unit in parts if unit in {"mo", "y"})
    working_days = sum(int(n) for n, unit in parts if unit == "wd")
    seconds = sum(int(n) * _SECONDS[unit] for n, unit in parts if unit in _SECONDS)
    if sum(map(bool, (months, working_days, seconds))) > 1:
        raise ValueError(f"{text!r} mixes calendar and clock units; write it in one of them")
    if seconds > _MOST or months > 240 or working_days > 2000:
        raise ValueError(f"{text!r} is longer than twenty years")
    return Duration(seconds, months, working_days, text)
