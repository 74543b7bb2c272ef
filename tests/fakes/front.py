"""The web application over real sockets, with real alerts in memory: what a browser, a scanner and Twilio meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import aiohttp
from yarl import URL

from notifier.alerting import Alerting, Raising, oncall_desk
from notifier.clock import VirtualClock
from notifier.errors import StoreError
from notifier.interfaces import Changes, StoredOrder
from notifier.links import Links
from notifier.model.alert import Alert, AlertKey
from notifier.model.job import Urgency
from notifier.model.oncall import Agent
from notifier.model.shop import Shop
from notifier.render import Texts
from notifier.shipped import shipped
from notifier.store.memory import MemoryStore
from notifier.web.app import create_app
from notifier.web.desk import Account, Office, Site
from notifier.web.front import FrontDesk
from notifier.web.server import WebServer
from tests.fakes.orders import make_job, make_order
from tests.fakes.staff import ANN, BOB, NOON, SUE, staff
from tests.fakes.twilio import ACCOUNT, TOKEN

PUBLIC = "https://notifier.example.com/shop"
LI = Agent("li", "小李", phone="+8613800138000", language="zh-CN", zone="Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]


@cache
def _texts() -> Texts:
    return Texts([shipped("templates")], Shop())


class Breakable(MemoryStore):
    """A store that can be out of order: `broken`."""

    broken = False

    async def alerts(self, ids: Collection[int]) -> Mapping[int, Alert]:
        if self.broken:
            raise StoreError("The disk is full.")
        return await super().alerts(ids)


class Front:
    """The application and what stands behind it.

    While `calls_end` is cleared every acknowledgement waits, as for calls that are still on their way; `waiting` is set
    once one does.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock(NOON)
        self.store = Breakable()
        self.job = make_job("ship-deadline", "order.ship_by", "6h before", to="orders", channels=())
        self.calls_end = asyncio.Event()
        self.calls_end.set()
        self.site = Site(staff(ANN, BOB, SUE, LI).agents, {ACCOUNT: Account(TOKEN, "US")})
        self.links = Links(PUBLIC, "0123456789abcdef", self.clock)
        self.jobs = {self.job.name: self.job}
        desk = oncall_desk(staff(), dict(self.jobs), "UTC")
        self.alerting = Alerting(self.store, lambda: desk, self.clock, self._ended)
        front = FrontDesk(self.alerting, self.store, _texts, lambda: self.jobs)
        self.server = WebServer(create_app(Office(front, self.links, self.clock, lambda: self.site)), "127.0.0.1", 0)
        self.waiting = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None

    async def open(self, order: str = "1001", **changes: Any) -> Alert:
        """An alert about an order that must be shipped in six hours."""
        key = AlertKey("shop" if order else "", order, self.job.name)
        if order:
            stored = make_order(id=order, ship_by=NOON.replace(hour=18))
            await self.store.apply(Changes([StoredOrder(stored, "x", NOON)], now=NOON))
        job = replace(self.job, urgency=changes.pop("urgency", Urgency.NORMAL))
        [alert] = await self.alerting.raise_all([Raising(job, key, **changes)])
        assert alert is not None
        return alert

    def real(self, address: str) -> str:
        """Where a public address is really served: the proxy takes its path off."""
        return address.replace(PUBLIC, f"http://127.0.0.1:{self.server.port}")

    async def ask(self, method: str, address: str, **details: Any) -> Answer:
        """One request to a public address, following no redirect."""
        assert self._session is not None
        url = URL(self.real(address), encoded=True)
        async with self._session.request(method, url, allow_redirects=False, **details) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def press(self, address: str, action: str, **fields: str) -> Answer:
        """A button of the page."""
        return await self.ask("POST", address, data={"action": action} | fields)

    async def _ended(self, _: int) -> None:
        self.waiting.set()
        await self.calls_end.wait()


@asynccontextmanager
async def front() -> AsyncIterator[Front]:
    """The application, listening."""
    opened = Front()
    await opened.server.start()
    async with aiohttp.ClientSession() as opened._session:
        try:
            yield opened
        finally:
            opened.calls_end.set()
            await opened.server.stop()
