"""The pretend shop: a real web server on loopback that shows its orders as they stand on the fast clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from notifier.clock import Clock
from notifier.model.order import Order
from notifier.rules.history import as_of


class PretendShop:
    """Serves `/orders` and `/orders/{id}` as JSON in our own words."""

    def __init__(self, histories: Iterable[Order], clock: Clock) -> None:
        self._orders = {order.id: order for order in histories}
        self._clock = clock

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Listen on a free port of loopback; gives the base URL."""
        app = web.Application()
        app.router.add_get("/orders", self._list)
        app.router.add_get("/orders/{id}", self._one)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()

    def shown(self) -> list[Order]:
        """The orders as they stand now."""
        now = self._clock.now()
        return [order for history in self._orders.values() if (order := as_of(history, now)) is not None]

    async def _list(self, request: web.Request) -> web.Response:
        return _json(self.shown())

    async def _one(self, request: web.Request) -> web.Response:
        history = self._orders.get(request.match_info["id"])
        order = as_of(history, self._clock.now()) if history else None
        return _json(order) if order else web.Response(status=404, text="no such order")


def _json(what: Order | list[Order]) -> web.Response:
    return web.Response(body=msgspec.json.encode(what), content_type="application/json")
