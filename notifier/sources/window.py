"""The stretch of time a shop is asked for, in the form its database or interface compares times in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)
"""Where a source that was never read is read from; no order is older."""
Form = Literal["utc", "local", "blank", "epoch", "epoch_ms", "naive", "aware"]
Bound = str | int | datetime


def begin_window(read: datetime | None, now: datetime, overlap: timedelta, oldest: timedelta | None = None) -> datetime:
    """Where a round begins that follows one which read up to `read`: `overlap` before that.

    The first begins `oldest` before now. So does one whose predecessor read into the future: our clock was wrong then,
    and nobody knows which changes that round has missed. Orders that have not changed cost little.
    """
    if read is None or read - overlap > now:
        return now - oldest if oldest else BEGINNING
    return max(read - overlap, BEGINNING)


def bound_window(since: datetime, until: datetime, zone: str, form: Form) -> tuple[Bound, Bound]:
    """`since` and `until` as `form` says.

    "utc" is `yyyy-MM-ddTHH:mm:ssZ`; "local" `yyyy-MM-ddTHH:mm:ss` and "blank" `yyyy-MM-dd HH:mm:ss` on the clocks of
    `zone`; "naive" the same as a datetime; "aware" a datetime in UTC.

    Local times come twice when clocks are put back. So that nothing falls between two rounds then, the window is taken
    wider where it crosses such a change: from the earliest local time of all its instants to the latest.
    """
    if form == "aware":
        return since, until
    if form in {"epoch", "epoch_ms"}:
        factor = 1 if form == "epoch" else 1000
        return int(since.timestamp() * factor), int(until.timestamp() * factor)
    if form == "utc":
        return since.strftime("%Y-%m-%dT%H:%M:%SZ"), until.strftime("%Y-%m-%dT%H:%M:%SZ")
    offsets = [instant.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0) for instant in (since, until)]
    first, last = (since + min(offsets)).replace(tzinfo=None), (until + max(offsets)).replace(tzinfo=None)
    if form == "naive":
        return first, last
    separator = "T" if form == "local" else " "
    return first.isoformat(separator, "seconds"), last.isoformat(separator, "seconds")
