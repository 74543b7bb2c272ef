"""A channel with its limits: how many at a time, how many a minute, and a rest when it is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from notifier.clock import Clock
from notifier.interfaces import Channel
from notifier.model.message import Attempt, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from notifier.rules.limits import Breaker, TokenBucket
from notifier.rules.recheck import Way


class Outlet:
    """Delivers through one channel, within its limits.

    The bucket is asked before the intent to send is recorded (`room`), so that what has to wait for its turn waits as
    a planned reminder, which a crash cannot put in doubt.
    """

    def __init__(self, channel: Channel, clock: Clock, bucket: TokenBucket | None = None) -> None:
        self.channel = channel
        self.name = channel.name
        self.kind = channel.kind
        self._clock = clock
        self._bucket = bucket
        self._breaker = Breaker()
        self._turns = asyncio.Semaphore(channel.concurrency)

    def way(self, customer: Customer) -> Way:
        """How this channel would reach `customer`."""
        rests = None if self._breaker.allows(self._clock.now()) else self._breaker.until
        return Way(self.name, self.kind, self.channel.address_of(customer), False, rests)

    def room(self, now: datetime) -> timedelta:
        """Take a turn: zero when it is there, else how long until there would be one (and none is taken)."""
        return self._bucket.take(now) if self._bucket else timedelta()

    async def deliver(self, attempt: Attempt, stopping: asyncio.Event) -> Outcome | None:
        """Deliver once, at most. None when the program is stopping and nothing was begun."""
        async with self._turns:
            if stopping.is_set():
                return None
            outcome = await self.channel.deliver(attempt)
        self._learn(outcome)
        return outcome

    def _learn(self, outcome: Outcome) -> None:
        """Refusals are about a message; only what says something about the channel itself moves the breaker."""
        match outcome:
            case Receipt() | Refused():
                self._breaker.succeeded()
            case TryLater(channel_down=down):
                self._breaker.failed(self._clock.now(), at_once=down)
            case Unknown():
                self._breaker.failed(self._clock.now())


def in_order(outlets: Mapping[str, Outlet], wanted: Sequence[str]) -> list[Outlet]:
    """The outlets that a job's `channels` mean: a name means itself, a kind every channel of that kind."""
    found: dict[str, Outlet] = {}
    for word in wanted:
        named = [outlets[word]] if word in outlets else [o for o in outlets.values() if o.kind == word]
        found.update((outlet.name, outlet) for outlet in named)
    return list(found.values())
