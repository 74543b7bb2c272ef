"""A channel with its limits: how many at a time, how many a minute, and a rest when it is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from notifier.clock import Clock
from notifier.interfaces import Channel
from notifier.model.message import Attempt, NotBegun, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from notifier.rules.limits import Breaker, TokenBucket
from notifier.rules.recheck import Way


class Outlet:
    """Delivers through one channel, within its limits.

    The bucket is asked before the intent to send is recorded (`room`), so that what has to wait for its turn waits as
    a planned reminder, which a crash cannot put in doubt. `unrecorded` is held from before the intent until the outcome
    is safe: no more than twice what the channel takes at a time can be in doubt after a crash.
    """

    def __init__(self, channel: Channel, clock: Clock, bucket: TokenBucket | None = None) -> None:
        self.channel = channel
        self.name = channel.name
        self.kind = channel.kind
        self._clock = clock
        self._bucket = bucket
        self._queue: TokenBucket | None = None
        self._queue_until: datetime | None = None
        self._breaker = Breaker()
        self._turns = asyncio.Semaphore(channel.concurrency)
        self.unrecorded = asyncio.Semaphore(2 * channel.concurrency)

    def way(self, customer: Customer) -> Way:
        """How this channel would reach `customer`."""
        rests = None if self._breaker.state == "closed" else self._breaker.rests_until(self._clock.now())
        return Way(self.name, self.kind, self.channel.address_of(customer), False, rests)

    def room(self, now: datetime) -> timedelta:
        """Take a turn: zero when there is one. Otherwise how long to wait for one; nothing is taken.

        Who is sent away is spread over the coming turns, so that they do not all come back for the same one.
        """
        if self._bucket is None:
            return timedelta()
        if self._bucket.ready_in(now) == 0:
            self._bucket.take(now)
            return timedelta()
        if self._queue is None or self._queue_until is None or now >= self._queue_until:
            self._queue = self._bucket.copy()
            self._queue_until = now + timedelta(seconds=self._bucket.ready_in(now))
        return timedelta(seconds=self._queue.take(now))

    async def deliver(
        self, attempt: Attempt, stopping: asyncio.Event, begin: Callable[[], Awaitable[bool]]
    ) -> Outcome | NotBegun | None:
        """Deliver once, at most, when `begin` has committed the intent and its turn has come.

        None when nothing was begun: the program is stopping, the channel just broke, or `begin` said no. When that
        happens between the intent and the turn, the message has surely not left, and `NotBegun` says so.
        """
        if stopping.is_set() or self._breaker.rests_until(self._clock.now()) or not await begin():
            return None
        async with self._turns:
            if stopping.is_set():
                return NotBegun("the program stopped before it was sent")
            if not self._may_go():
                return NotBegun(f"{self.name} is not taking messages", timedelta(seconds=15))
            outcome = await self.channel.deliver(attempt)
        self._learn(outcome)
        return outcome

    def _may_go(self) -> bool:
        return self._breaker.state == "closed" or self._breaker.allows(self._clock.now())

    def _learn(self, outcome: Outcome) -> None:
        """Refusals are about a message; only what says something about the channel itself moves the breaker."""
        match outcome:
            case Receipt() | Refused():
                self._breaker.succeeded()
            case TryLater(channel_down=down):
                self._breaker.failed(self._clock.now(), at_once=down)
            case Unknown():
                self._breaker.failed(self._clock.now())
