"""Waiting, from outside the daemon, for the calls that it has on their way."""

from __future__ import annotations

import asyncio

from notifier.interfaces import Store
from notifier.model.reminder import State
from notifier.rules.ladder import RESOLVED_STEP


class EndedElsewhere:
    """The `ended` of a process beside the daemon: reads the store until no call of the alert is on its way any more.

    After `seconds` it gives up; `unfinished` then holds the alert's number: a message may still arrive.
    """

    def __init__(self, store: Store, seconds: float = 15, every: float = 0.2) -> None:
        self._store, self._seconds, self._every = store, seconds, every
        self.unfinished: set[int] = set()

    async def __call__(self, number: int) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    calls = (await self._store.calls([number])).get(number, ())
                    if not any(call.state is State.SENDING and call.key.step != RESOLVED_STEP for call in calls):
                        return
                    await asyncio.sleep(self._every)
        except TimeoutError:
            self.unfinished.add(number)
