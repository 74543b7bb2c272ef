"""The only place that asks what time it is. Everything else is handed a time or a `Clock`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time: aware, in UTC. `speed` is how many of its seconds pass in a real one (0: it stands still)."""

    speed: float

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    speed = 1.0

    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """Starts at `start` and runs `speed` times as fast as the machine's clock: for demonstrations and trials."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = start.astimezone(UTC)
        self._origin = datetime.now(UTC)

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._origin) * self.speed


class VirtualClock:
    """Stands still until somebody moves it: for simulation and tests. It never goes back."""

    speed = 0.0

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        self._now = max(self._now, instant.astimezone(UTC))

    def advance(self, step: timedelta) -> None:
        self.move_to(self._now + step)
