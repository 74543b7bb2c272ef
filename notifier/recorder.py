"""Writes outcomes in groups: while one group is being committed, the next one gathers."""

from __future__ import annotations

import asyncio

from notifier.clock import Clock
from notifier.interfaces import Result, Store


class Recorder:
    """Collects results from many deliveries and commits them together; `record` returns when its own is safe."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[tuple[Result, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, result: Result) -> None:
        """Commit one result. Raises what the store raised; the row then stays `sending` and is in doubt."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((result, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                error: BaseException | None = None
                try:
                    await self._store.record([result for result, _ in group], self._clock.now())
                except Exception as caught:  # noqa: BLE001 – handed on to everyone who waits
                    error = caught
                for _, done in group:
                    if not done.done():
                        done.set_exception(error) if error else done.set_result(None)
        finally:
            self._writer = None
