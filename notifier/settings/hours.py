"""Hours of work as people write them: "Mon-Fri 08:30-12:00", "Sat,Sun 20:00-04:00", "00:00-24:00"."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from notifier.model.oncall import Period

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(_DAYS)
_SPAN = rf"(?:{_DAY})(?:-(?:{_DAY}))?"
_CLOCK = r"([01]?\d|2[0-3]):([0-5]\d)"
_HOURS = re.compile(rf"(?:({_SPAN}(?:,{_SPAN})*) +)?{_CLOCK}-(?:{_CLOCK}|(24:00))", re.IGNORECASE)


def parse_hours(text: str) -> Period:
    """Read days of the week, where they are left out all of them, and two times of day.

    An end before the start is on the next day. Raises ValueError with a sentence that says what would be right.
    """
    match = _HOURS.fullmatch(re.sub(r" *([,-]) *", r"\1", text.strip()))
    if match is None:
        raise ValueError(
            f'{text!r} are no hours; write them as "Mon-Fri 08:30-12:00", "Sat 20:00-04:00" or "13:00-24:00"'
        )
    days, hour, minute, last_hour, last_minute, midnight = match.groups()
    start, end = time(int(hour), int(minute)), time(int(last_hour or 0), int(last_minute or 0))
    if start == end and not midnight:
        raise ValueError(f"{text!r} end when they begin; a whole day is 00:00-24:00")
    return Period(_weekdays(days.lower()) if days else frozenset(range(7)), start, end)


def _weekdays(text: str) -> frozenset[int]:
    """The days of "mon-fri,sun"; "sat-mon" goes over the end of the week."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        start = _DAYS.index(first)
        length = (_DAYS.index(last or first) - start) % 7
        found |= {(start + number) % 7 for number in range(length + 1)}
    return frozenset(found)


def _hours(value: Any) -> Period:
    if isinstance(value, Period):
        return value
    if not isinstance(value, str):
        raise ValueError('must be hours in quotes, such as "Mon-Fri 08:30-12:00"')
    return parse_hours(value)


Hours = Annotated[Period, BeforeValidator(_hours), WithJsonSchema({"type": "string"})]
"""Hours of work in settings."""
