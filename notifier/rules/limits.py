"""How fast we may go, and when to leave somebody alone: two small objects that change as they are used.

Each belongs to one channel or source and to one event loop; neither is kept over a restart. Time is passed in as aware
datetimes of the wall clock, and both put up with a clock that is set back: no wait grows by the step.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Literal


class TokenBucket:
    """`count` tokens; each comes back `seconds` after the instant it was reserved for.

    So no stretch of `seconds` ever sees more than `count` uses. A bucket that refills evenly would let twice as many
    through in its first stretch, and a DingTalk robot is muted for ten minutes at its 21st message in a minute.
    """

    def __init__(self, count: int, seconds: float) -> None:
        if count < 1 or seconds <= 0:
            raise ValueError(f"{count} in {seconds} s is not a rate; both numbers must be above zero")
        self._period = timedelta(seconds=seconds)
        self._reserved: deque[datetime] = deque(maxlen=count)
        self._last: datetime | None = None

    def take(self, now: datetime, n: int = 1) -> float:
        """Reserve `n` tokens and return how many seconds to wait before using them, 0.0 for not at all.

        The reservation holds: who takes next waits behind it, in the order of taking. More than `count` may be taken
        at once; the wait is then until the last of them is free.
        """
        self._notice_step_back(now)
        turn = now
        for _ in range(n):
            if len(self._reserved) == self._reserved.maxlen:
                turn = max(turn, self._reserved[0] + self._period)
            self._reserved.append(turn)
        return (turn - now).total_seconds()

    def ready_in(self, now: datetime) -> float:
        """How many seconds until a token is free; nothing is reserved."""
        self._notice_step_back(now)
        full = len(self._reserved) == self._reserved.maxlen
        turn = max(now, self._reserved[0] + self._period) if full else now
        return (turn - now).total_seconds()

    def copy(self) -> TokenBucket:
        """One that goes on from the same reservations: to try out what taking would do."""
        other = TokenBucket(self._reserved.maxlen or 1, self._period.total_seconds())
        other._reserved, other._last = self._reserved.copy(), self._last
        return other

    def _notice_step_back(self, now: datetime) -> None:
        """Move all reservations back with the clock: how much time really passed is unknown, so none did."""
        if self._last is not None and now < self._last:
            step = self._last - now
            self._reserved = deque((turn - step for turn in self._reserved), self._reserved.maxlen)
        self._last = now


class Breaker:
    """Keeps us from calling somebody who is down.

    Closed, everything may go. After `failures` in a row, or one that says so, it opens: nothing goes until `until`.
    Then it is half-open: one trial may go. Its success closes the breaker; its failure opens it again for twice as
    long, up to `longest`. `until` is when to ask again, None while closed.
    """

    def __init__(
        self,
        failures: int = 5,
        shortest: timedelta = timedelta(seconds=30),
        longest: timedelta = timedelta(minutes=5),
    ) -> None:
        self.state: Literal["closed", "open", "half-open"] = "closed"
        self.until: datetime | None = None
        self._limit = failures
        self._shortest, self._longest = shortest, longest
        self._failures = 0
        self._wait = shortest

    def allows(self, now: datetime) -> bool:
        """True when a call may go now. In an open breaker whose time has come this hands out the trial: make the call.

        A trial that reports nothing (it was cancelled) is given out again after the same wait.
        """
        if self.until is None:
            return True
        if now < self.until:
            # After a step back of the clock `until` is further away than any wait.
            self.until = min(self.until, now + self._wait)
            return False
        self.state, self.until = "half-open", now + self._wait
        return True

    def rests_until(self, now: datetime) -> datetime | None:
        """Until when nothing may go, None when something may; unlike `allows` it hands out no trial."""
        return self.until if self.state == "open" and self.until is not None and now < self.until else None

    def succeeded(self) -> None:
        """A call went through: the other side is there, whatever was believed."""
        self.state, self.until = "closed", None
        self._failures, self._wait = 0, self._shortest

    def failed(self, now: datetime, at_once: bool = False) -> None:
        """A call failed. `at_once` means that the next one surely would too, such as after a wrong password.

        While open it changes nothing: those are calls that left before it opened.
        """
        self._failures += 1
        if self.state == "half-open":
            self._wait = min(self._wait * 2, self._longest)
        elif self.state == "open" or not (at_once or self._failures >= self._limit):
            return
        self.state, self.until = "open", now + self._wait
