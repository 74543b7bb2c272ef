"""Instants as the database keeps them: whole microseconds since 1970 in UTC, which every engine sorts and compares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """An aware instant as a number, exact. A naive one raises TypeError: nobody knows when it is."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(number: int) -> datetime:
    """The aware UTC instant of a number made by `micros`."""
    return _EPOCH + timedelta(microseconds=number)


def micros_or_none(value: datetime | None) -> int | None:
    """The same for an instant that may be unknown."""
    return None if value is None else micros(value)


def instant_or_none(number: int | None) -> datetime | None:
    """The same for a number that may be missing."""
    return None if number is None else instant(number)
