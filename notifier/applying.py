"""Takes the pages of a poll into the store, in order, each while the next is being read and understood.

Both take about as long, and what is understood does not depend on the page before – but for orders that stand in both:
those wait for what the earlier page says of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from notifier.interfaces import Changes
from notifier.model.order import Order


class Applying:
    """The page of one poll that is on its way into the store; there is one at most.

    `apply` gets the changes and the orders that the page is about, changed or not. Whoever leaves the `async with` has
    seen it end, and hears of it if it failed.
    """

    def __init__(self, apply: Callable[[Changes, Sequence[Order]], Awaitable[None]]) -> None:
        self._apply = apply
        self._under_way: asyncio.Task[None] | None = None
        self._orders: frozenset[str] = frozenset()

    async def __aenter__(self) -> Applying:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.finish()

    async def clear(self, orders: Collection[str]) -> None:
        """Wait if the page under way has one of these orders."""
        if not self._orders.isdisjoint(orders):
            await self.finish()

    async def begin(self, changes: Changes, orders: Sequence[Order]) -> None:
        """Apply a page once the one before is applied."""
        await self.finish()
        self._orders = frozenset(
            (*(row.order.id for row in changes.orders), *(row.order for row in changes.quarantine))
        )
        self._under_way = asyncio.ensure_future(self._apply(changes, orders))

    async def finish(self) -> None:
        """Wait until nothing is under way. Raises what applying it raised."""
        task, self._under_way, self._orders = self._under_way, None, frozenset()
        if task is not None:
            await task
