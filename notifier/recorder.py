"""Commits in groups what many deliveries bring one by one: their intents, and their outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Recorder(Generic[T, R]):
    """While one group is being committed, the next one gathers: a transaction each, however many come at once."""

    def __init__(self, commit: Callable[[Sequence[T]], Awaitable[R]]) -> None:
        self._commit = commit
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, item: T) -> R:
        """What committing its group gave, once it is safe. Raises what the commit raised; nothing was written then."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                try:
                    answer = await self._commit([item for item, _ in group])
                except Exception as error:  # noqa: BLE001 – handed on to everyone who waits
                    for _, done in group:
                        if not done.done():
                            done.set_exception(error)
                    continue
                for _, done in group:
                    if not done.done():
                        done.set_result(answer)
        finally:
            self._writer = None
