"""When to try again after a failure that is surely not a message sent."""

from __future__ import annotations

from datetime import datetime, timedelta

_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
_SPREAD = 0.2


def next_try(attempts: int, now: datetime, until: datetime, asked: timedelta | None, jitter: float) -> datetime | None:
    """The instant of the next try, or None when that would be after `until`: then the message has become pointless.

    After the first failed try (`attempts` = 1) it is a minute, then 2, 5, 15, 30, and an hour from then on. What the
    provider `asked` for wins when it is longer. `jitter`, from 0 to 1, adds up to a fifth of our own wait to either, so
    that messages that failed together do not come back together; never is a try earlier than the provider allowed.
    """
    wait = _WAITS[min(max(attempts, 1), len(_WAITS)) - 1]
    spread = wait * _SPREAD * jitter
    longest = max(wait, asked or wait)
    # Compared as lengths: a provider may ask for more time than a datetime can hold.
    return now + longest + spread if longest <= until - now - spread else None
