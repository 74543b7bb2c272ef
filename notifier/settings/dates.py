"""Dates and times that settings write without quotes, and the instants they stand for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from notifier.rules.schedule import localise

_DAY = timedelta(days=1)


def _when(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError("must be a date or a time without quotes, such as 2026-05-01 or 2026-05-01T18:00:00")
    return value


When = Annotated[Any, BeforeValidator(_when), WithJsonSchema({"type": "string"})]
"""A date, a local time, or a time with its offset."""


def start_of(value: date, zone: str) -> datetime:
    """The instant at which it begins: of a date, midnight in `zone`."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.astimezone(UTC) if value.tzinfo else localise(value, zone)


def end_of(value: date, zone: str) -> datetime:
    """The instant until which something lasts: a date is meant as a whole day, until the next one begins."""
    return start_of(value if isinstance(value, datetime) else value + _DAY, zone)
