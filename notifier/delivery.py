"""Carries letters through one outlet: their intents committed in groups, delivered side by side, outcomes in groups."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import cast

from notifier.clock import Clock
from notifier.interfaces import Result, Ruling, Store
from notifier.letters import Letter
from notifier.model.alert import AlertEntry
from notifier.model.reminder import OrderKey, State
from notifier.outlet import RESTING_AGAIN, STOPPED, Outlet, resting
from notifier.rules.conclude import conclude

SHRUNK = "another part of its message is not to be said any more"
_CLOSELY = 8
"""Turns of the loop: so soon after another an outcome still goes into the same transaction."""


class Delivery:
    """One outlet's letters on their way.

    No more than twice what the channel takes at a time lies between a committed intent and a recorded outcome: that
    much can be in doubt after a crash, and no turn at the channel waits for the database. While a group is being
    committed, the next one gathers. A failure of the store ends it: what is on its way then stays as it is stored.

    `stopping` begins no more deliveries; `moved` is called whenever letters have ended.
    """

    def __init__(
        self, outlet: Outlet, store: Store, clock: Clock, stopping: asyncio.Event, moved: Callable[[], None]
    ) -> None:
        self.outlet = outlet
        self.failures: list[BaseException] = []
        self.doubtful = False
        self._store, self._clock, self._stopping, self._moved = store, clock, stopping, moved
        self._waiting: deque[Letter] = deque()
        self._committing: Sequence[Letter] = ()
        self._intended: deque[Letter] = deque()
        self._ended: list[tuple[Letter, Result]] = []
        self._calls: Counter[int] = Counter()
        self._unrecorded = 0
        self._broken = False
        self._coming = False
        self._clerk: asyncio.Task[None] | None = None
        self._carriers: set[asyncio.Task[None]] = set()
        self._jitter = random.Random(0)  # noqa: S311 – spreads retries, guards nothing

    @property
    def under_way(self) -> int:
        """How many letters are in here."""
        return 0 if self._broken else len(self._waiting) + self._unrecorded

    @property
    def unwritten(self) -> Sequence[Letter]:
        """Those in here whose intent is not committed yet, so that the store cannot count them."""
        return [*self._waiting, *self._committing]

    def calls(self, alert: int) -> bool:
        """Whether somebody is being called about this alert: a call that was begun may leave."""
        return not self._broken and alert in self._calls

    def take(self, letters: Sequence[Letter]) -> None:
        """Send these when their turn comes; those that cannot be begun go back to wait as reminders."""
        self._waiting.extend(letters)
        self._keep_books()

    async def abandon(self) -> None:
        """Let go of what does not end. It stays `sending`: nobody saw how it ended."""
        tasks = [*self._carriers] if self._clerk is None else [self._clerk, *self._carriers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _keep_books(self) -> None:
        """Have intents and outcomes written down, unless the clerk is at it: then what was added meanwhile is found."""
        if self._clerk is None:
            self._clerk = asyncio.create_task(self._write())
            self._clerk.add_done_callback(self._failed)

    def _carry(self) -> None:
        """A carrier more, if the channel has a turn for it. It calls the next one itself, before it has to wait."""
        if self._intended and not self._coming and len(self._carriers) < self.outlet.concurrency:
            self._coming = True
            task = asyncio.create_task(self._deliver())
            self._carriers.add(task)
            task.add_done_callback(self._failed)

    def _failed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self.failures.append(error)
            self._broken = True
            self._moved()

    async def _write(self) -> None:
        """Record what has ended and commit as many intents as that makes room for, in one transaction; then again."""
        try:
            while self._ended or (self._waiting and self._room > 0):
                await self._gather()
                if self._waiting and (self._stopping.is_set() or self.outlet.rests):
                    await self._give_back()
                    continue
                ended, self._ended = self._ended, []
                letters = [self._waiting.popleft() for _ in range(min(self._room + len(ended), len(self._waiting)))]
                self._committing = letters
                self._unrecorded += len(letters)
                self._calls.update(alert for letter in letters for alert in letter.alerts)
                now = self._clock.now()
                await self._commit(letters, ended, now)
                self._leave([letter for letter, _ in ended])
        finally:
            # A callback would come a moment late: what is added in that moment would wait for somebody who has gone.
            self._clerk = None

    async def _gather(self) -> None:
        """Wait for as long as outcomes follow each other closely: they are written in one transaction.

        A transaction costs as much as thirty outcomes in it. Nothing else is due meanwhile: it ends as soon as the
        loop has gone round `_CLOSELY` times, about as long as a server close by needs for an answer, and brought none.
        """
        seen = -1
        while len(self._ended) > seen:
            seen = len(self._ended)
            for _ in range(_CLOSELY):
                await asyncio.sleep(0)

    async def _commit(self, letters: Sequence[Letter], ended: Sequence[tuple[Letter, Result]], now: datetime) -> None:
        results = [result for _, result in ended]
        if letters:
            kept = await self._store.intend([letter.sent.attempt for letter in letters], now, results)
            self._committing = ()
            self._intended.extend(letter for letter in letters if letter.sent.attempt.id in kept)
            self._carry()
            await self._drop([letter for letter in letters if letter.sent.attempt.id not in kept])
        elif results:
            await self._store.record(results, now)
        self.doubtful |= any(result.state is State.HELD for result in results)
        if called := [entry for letter, result in ended for entry in _called(letter, result, now)]:
            await self._store.note(called)

    @property
    def _room(self) -> int:
        """How many more intents may be committed before an outcome is recorded."""
        return 2 * self.outlet.concurrency - self._unrecorded

    async def _drop(self, letters: Sequence[Letter]) -> None:
        """Letters of which something is not to be said any more. What else they say is due again, at once."""
        shared = [row for letter in letters if len(rows := letter.sent.attempt.reminders) > 1 for row in rows]
        if shared:
            await self._store.settle([Ruling(*row, State.PLANNED, SHRUNK) for row in shared], self._clock.now())
        self._leave(letters)

    async def _deliver(self) -> None:
        """One after another, as long as there are any."""
        self._coming = False
        try:
            while self._intended:
                letter = self._intended.popleft()
                self._carry()
                outcome = await self.outlet.deliver(letter.sent.attempt, self._stopping)
                self._ended.append((letter, conclude(letter.sent, outcome, self._clock.now(), self._jitter.random())))
                self._keep_books()
        finally:
            self._carriers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _give_back(self) -> None:
        """What was not begun is planned as before. If its claim was lost meanwhile, nothing changes."""
        letters, now = list(self._waiting), self._clock.now()
        if self._stopping.is_set():
            reason, wake = STOPPED, None
        else:
            reason, wake = resting(self.outlet.name), now + RESTING_AGAIN
        rulings = [Ruling(*row, State.PLANNED, reason, wake) for one in letters for row in one.sent.attempt.reminders]
        await self._store.settle(rulings, now)
        for _ in letters:
            self._waiting.popleft()
        self._moved()

    def _leave(self, letters: Sequence[Letter]) -> None:
        if letters:
            self._unrecorded -= len(letters)
            self._calls -= Counter(alert for letter in letters for alert in letter.alerts)
            self._moved()


class Deliveries:
    """The deliveries of all outlets. `moved` is called whenever letters have ended."""

    def __init__(self, store: Store, clock: Clock, stopping: asyncio.Event, moved: Callable[[], None]) -> None:
        self._store, self._clock, self._stopping, self._moved = store, clock, stopping, moved
        self._by_outlet: dict[Outlet, Delivery] = {}
        self._ended = asyncio.Event()

    @property
    def under_way(self) -> int:
        """How many messages are being sent, or wait for their turn at a channel."""
        return sum(delivery.under_way for delivery in self._by_outlet.values())

    def unwritten_to(self) -> set[OrderKey]:
        """The customers to whom something is on its way that the store does not know of yet. No id is nobody."""
        return {
            OrderKey(letter.sent.reminder.key.source, letter.sent.attempt.customer)
            for delivery in self._by_outlet.values()
            for letter in delivery.unwritten
            if letter.sent.attempt.customer and not letter.alerts
        }

    def take(self, letters: Sequence[Letter]) -> None:
        """Hand letters to their outlets. Outlets that a reload took away are forgotten when they have nothing left."""
        for letter in letters:
            if letter.outlet not in self._by_outlet:
                self._by_outlet = {outlet: one for outlet, one in self._by_outlet.items() if one.under_way}
                self._by_outlet[letter.outlet] = Delivery(
                    letter.outlet, self._store, self._clock, self._stopping, self._went_on
                )
            self._by_outlet[letter.outlet].take([letter])

    def check(self) -> None:
        """Raises what ended a delivery."""
        for delivery in self._by_outlet.values():
            if delivery.failures:
                raise delivery.failures.pop()

    @property
    def doubtful(self) -> bool:
        """Whether a message was held since this was set to False."""
        return any(delivery.doubtful for delivery in self._by_outlet.values())

    @doubtful.setter
    def doubtful(self, value: bool) -> None:
        for delivery in self._by_outlet.values():
            delivery.doubtful = value

    async def calls_ended(self, alert: int) -> None:
        """Return when nobody is being called about this alert."""
        while any(delivery.calls(alert) for delivery in self._by_outlet.values()):
            await self._change()

    async def drain(self, seconds: float | None = None) -> int:
        """Wait for what is under way, at most so long. Returns how many messages were still on their way."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.under_way:
                    await self._change()
        return self.under_way

    async def abandon(self) -> None:
        """Let go of what does not end. It stays `sending`: nobody saw how it ended."""
        await asyncio.gather(*(delivery.abandon() for delivery in self._by_outlet.values()))

    async def _change(self) -> None:
        self._ended.clear()
        await self._ended.wait()

    def _went_on(self) -> None:
        self._ended.set()
        self._moved()


def _called(letter: Letter, result: Result, now: datetime) -> list[AlertEntry]:
    """Lines for the histories of the alerts that somebody has been called about."""
    if result.state is not State.ACCEPTED:
        return []
    text = f"{letter.sent.attempt.customer} by {letter.outlet.name}"
    return [AlertEntry(alert, now, "called", text=text) for alert in sorted(letter.alerts)]
