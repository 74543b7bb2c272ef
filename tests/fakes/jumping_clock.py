"""A clock that stands still until a test moves it, forwards or back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class JumpingClock:
    """Tells the time a test has set."""

    speed = 0.0

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def jump(self, step: timedelta) -> None:
        """Go on, or back when `step` is negative, without the time between."""
        self._now += step
