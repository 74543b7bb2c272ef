"""Values of a shop's columns kept as text, and whether its times can be compared with ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from notifier.sources.sql_options import TimeFormat

_KEPT: dict[str, Callable[[str], Any]] = {"datetime": datetime.fromisoformat, "decimal": Decimal, "uuid": UUID}
_MILLISECONDS_FROM = 10**11


def keep(value: Any) -> Any:
    """A column's value as JSON that `kept` turns back into the very same."""
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, Decimal | UUID):
        return {type(value).__name__.lower(): str(value)}
    json.dumps(value)
    return value


def kept(value: Any) -> Any:
    """The value that `keep` was given."""
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    return _KEPT[kind](text)


def mismatch(value: Any, form: TimeFormat, zone: str) -> str:
    """Why `value`, a time of the shop's, cannot be compared with our binds; "" when it can.

    A database compares texts letter by letter and says nothing: an unlike form would hide changes for hours.
    """
    if isinstance(value, str) and form in {"iso", "datetime"}:
        return _unlike_text(value, "T" if form == "iso" else " ", zone)
    if isinstance(value, int | float | Decimal):
        if form not in {"epoch", "epoch_ms"}:
            return "is a number; set time_format to epoch or epoch_ms"
        counted = "epoch" if value < _MILLISECONDS_FROM else "epoch_ms"
        return "" if counted == form else f"is counted otherwise; set time_format to {counted}"
    return "is no number; set time_format to datetime or iso" if form in {"epoch", "epoch_ms"} else ""


def _unlike_text(value: str, separator: str, zone: str) -> str:
    if value[10:11] not in {separator, ""}:
        other = "iso" if separator == " " else "datetime"
        return f'is written in another form; set time_format = "{other}"'
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return "is not a time"
    if found.tzinfo is not None and found.utcoffset() != found.replace(tzinfo=ZoneInfo(zone)).utcoffset():
        return f"has an offset that is not that of {zone}; set zone to the zone it is written in"
    return ""
