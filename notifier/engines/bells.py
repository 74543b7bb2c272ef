"""A bell between who knows that there may be something to do and the loop that does it."""

from __future__ import annotations

import asyncio


class Bell:
    """Rung by anybody, answered by the one loop it belongs to; two rings before the answer are one.

    `noticed` is set whenever the loop begins to wait: whoever wants to know when all loops rest waits for it.
    """

    def __init__(self, noticed: asyncio.Event) -> None:
        self._noticed = noticed
        self._rung = asyncio.Event()
        self._waited_for = False

    def ring(self) -> None:
        """Let the loop look what there is to do. A ring during its work is answered after it."""
        self._rung.set()

    async def answer(self) -> None:
        """Wait for the next ring."""
        self._waited_for = True
        self._noticed.set()
        await self._rung.wait()
        self._rung.clear()
        self._waited_for = False

    @property
    def quiet(self) -> bool:
        """The loop rests and nobody has rung."""
        return self._waited_for and not self._rung.is_set()
