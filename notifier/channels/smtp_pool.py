"""Keeps SMTP connections open between messages: opening one costs more than sending ten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from notifier.channels.smtp_dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a connection may lie idle, in seconds, and how many messages go over it before it is renewed."""

    idle: float
    messages: int


class Pool:
    """Connections that are open and idle, the one used last on top. A connection taken belongs to its taker alone."""

    def __init__(self, connect: Callable[[], Awaitable[Dialogue]], keeping: Keeping) -> None:
        self._connect = connect
        self._keeping = keeping
        self._idle: list[tuple[float, Dialogue]] = []
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def take(self) -> Dialogue:
        """An idle connection that is still good, or a new one. Raises what `connect` raises."""
        while self._idle:
            _, dialogue = self._idle.pop()
            if dialogue.usable:
                return dialogue
            dialogue.abort()
        return await self._connect()

    def give_back(self, dialogue: Dialogue) -> None:
        """Keep the connection for the next message, or close it if it is worn out."""
        if not dialogue.usable:
            dialogue.abort()
        elif self._closed or dialogue.messages >= self._keeping.messages:
            self._say_goodbye(dialogue)
        else:
            loop = asyncio.get_running_loop()
            self._idle.append((loop.time(), dialogue))
            if self._timer is None:
                self._timer = loop.call_later(self._keeping.idle, self._close_idle)

    async def close(self) -> None:
        """Close the idle connections now, and those in use when they are given back."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        while self._idle:
            self._say_goodbye(self._idle.pop()[1])
        await asyncio.gather(*self._goodbyes)

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._idle and self._idle[0][0] <= loop.time() - self._keeping.idle:
            self._say_goodbye(self._idle.pop(0)[1])
        if self._idle:
            self._timer = loop.call_at(self._idle[0][0] + self._keeping.idle, self._close_idle)

    def _say_goodbye(self, dialogue: Dialogue) -> None:
        task = asyncio.get_running_loop().create_task(dialogue.quit())
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)
