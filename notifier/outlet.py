"""A channel with its limits: how many at a time, how many a minute, and a rest when it is broken."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from notifier.clock import Clock
from notifier.interfaces import Channel
from notifier.model.message import Attempt, NotBegun, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from notifier.rules.limits import Breaker, TokenBucket
from notifier.rules.recheck import Way

RESTING_AGAIN = timedelta(seconds=15)
STOPPED = "the program stopped before it was sent"


def resting(name: str) -> str:
    """Why a message waits for a channel that is broken."""
    return f"{name} is not taking messages"


class Outlet:
    """Delivers through one channel, within its limits.

    The bucket is asked before the intent to send is recorded (`room`, `turn`), so that what has to wait for its turn
    waits as a planned reminder, which a crash cannot put in doubt. `concurrency` is how many deliveries it takes at a
    time.
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
        self.concurrency = channel.concurrency

    def way(self, customer: Customer) -> Way:
        """How this channel would reach `customer`."""
        rests = None if self._breaker.state == "closed" else self._breaker.rests_until(self._clock.now())
        return Way(self.name, self.kind, self.channel.address_of(customer), False, rests)

    def room(self, now: datetime) -> timedelta:
        """Take a turn: zero when there is one. Otherwise how long to wait for one; nothing is taken.

        Who is sent away is spread over the coming turns, so that they do not all come back for the same one.
        """
        wait = self.turn(now)
        if self._bucket is None or not wait:
            return timedelta()
        if self._queue is None or self._queue_until is None or now >= self._queue_until:
            self._queue = self._bucket.copy()
            self._queue_until = now + wait
        return timedelta(seconds=self._queue.take(now))

    def turn(self, now: datetime) -> timedelta:
        """Take a turn: zero when there is one. Otherwise how long until the next one is free; nothing is taken.

        For what becomes one message with everything else that waits: all of it has to come back at the same time.
        """
        wait = timedelta(seconds=self._bucket.ready_in(now)) if self._bucket else timedelta()
        if self._bucket and not wait:
            self._bucket.take(now)
        return wait

    @property
    def rests(self) -> bool:
        """Whether nothing may be begun for the moment, because the channel is broken."""
        return self._breaker.rests_until(self._clock.now()) is not None

    async def deliver(self, attempt: Attempt, stopping: asyncio.Event) -> Outcome | NotBegun:
        """Deliver once, at most. The intent is committed by now.

        `NotBegun` when the program is stopping or the channel broke in the meantime: then it has surely not left.
        """
        if stopping.is_set():
            return NotBegun(STOPPED)
        if not self._may_go():
            return NotBegun(resting(self.name), RESTING_AGAIN)
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
