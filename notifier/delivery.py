"""Carries letters through one outlet: their intents committed in groups, delivered side by side, outcomes in groups."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from notifier.clock import Clock
from notifier.interfaces import Result, Ruling, Store
from notifier.letters import Letter
from notifier.model.reminder import State
from notifier.outlet import RESTING_AGAIN, STOPPED, Outlet, resting
from notifier.rules.conclude import conclude


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
        self._store, self._clock, self._stopping, self._moved = store, clock, stopping, moved
        self._waiting: deque[Letter] = deque()
        self._intended: deque[Letter] = deque()
        self._ended: list[Result] = []
        self._unrecorded = 0
        self._broken = False
        self._clerks: dict[str, asyncio.Task[None]] = {}
        self._carriers: set[asyncio.Task[None]] = set()
        self._jitter = random.Random(0)  # noqa: S311 – spreads retries, guards nothing

    @property
    def under_way(self) -> int:
        """How many letters are in here."""
        return 0 if self._broken else len(self._waiting) + self._unrecorded

    def take(self, letters: list[Letter]) -> None:
        """Send these when their turn comes; those that cannot be begun go back to wait as reminders."""
        self._waiting.extend(letters)
        self._go("intend", self._intend)

    async def abandon(self) -> None:
        """Let go of what does not end. It stays `sending`: nobody saw how it ended."""
        tasks = [*self._clerks.values(), *self._carriers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _go(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have this done, unless somebody is at it: who is finds what was added meanwhile."""
        if name not in self._clerks:
            self._clerks[name] = task = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._clerks.pop(name))
            task.add_done_callback(self._failed)

    def _carry(self) -> None:
        """As many carriers as the channel takes, or as there is to carry."""
        for _ in range(min(len(self._intended), self.outlet.concurrency - len(self._carriers))):
            task = asyncio.create_task(self._deliver())
            self._carriers.add(task)
            task.add_done_callback(self._carriers.discard)
            task.add_done_callback(self._failed)

    def _failed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self.failures.append(error)
            self._broken = True
            self._moved()

    async def _intend(self) -> None:
        """Commit intents as there is room for them, and have them delivered."""
        while self._waiting and (room := 2 * self.outlet.concurrency - self._unrecorded) > 0:
            if self._stopping.is_set() or self.outlet.rests:
                await self._give_back()
                return
            group = [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
            self._unrecorded += len(group)
            kept = await self._store.intend([letter.sent.attempt for letter in group], self._clock.now())
            ours = [letter for letter in group if letter.sent.attempt.id in kept]
            self._intended.extend(ours)
            self._leave(len(group) - len(ours))
            self._carry()

    async def _deliver(self) -> None:
        """One after another, as long as there are any."""
        while self._intended:
            sent = self._intended.popleft().sent
            outcome = await self.outlet.deliver(sent.attempt, self._stopping)
            self._ended.append(conclude(sent, outcome, self._clock.now(), self._jitter.random()))
            self._go("record", self._record)

    async def _record(self) -> None:
        while self._ended:
            group, self._ended = self._ended, []
            await self._store.record(group, self._clock.now())
            self._leave(len(group))
            self._go("intend", self._intend)

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

    def _leave(self, count: int) -> None:
        if count:
            self._unrecorded -= count
            self._moved()
