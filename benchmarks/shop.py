"""The shop that is measured: its settings, its orders as JSON, and a source that has them ready in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from notifier.clock import Clock
from notifier.interfaces import Channel, Page, Record, Store
from notifier.model.order import Order
from notifier.model.shop import Shop
from notifier.outlet import Outlet
from notifier.parts import build_planner, build_texts
from notifier.pipeline import Desk, Pipeline
from notifier.rules.brake import Brake
from notifier.settings import load_settings
from notifier.shipped import shipped
from notifier.sources.http_body import Body
from notifier.sources.json_records import JsonRecords, decoded
from notifier.sources.mapping import MappingOptions
from notifier.sources.normalise import Normaliser
from notifier.sources.paths import compile_path

NAME = "shop"
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday noon, far from quiet hours in the zone of all customers."""
PAGE = 250
SENT = "order-confirmation"
"""The job that is sent: due at once when an order was paid, with texts for e-mail (and HTML) and SMS."""
_OPTIONS = MappingOptions.model_validate({"type": "ready"})

SETTINGS = load_settings(
    Path(shipped("config")) / "notifier.toml",
    ['jobs.unpaid-nudge.after=["12h", "20h"]', "jobs.duplicate-order.enabled=false"],
)
"""The shipped jobs but for one, which looks at every unpaid order; with a second nudge these have three reminders."""
PLANNER = build_planner(SETTINGS)
TEXTS = build_texts(SETTINGS)
SHOP: Shop = SETTINGS.shop


def normaliser() -> Normaliser:
    """The reader that both sides use."""
    return Normaliser(NAME, _OPTIONS, SHOP, compile_path)


def unpaid(id_: str, number: int) -> bytes:
    """An order of two lines that waits for its payment: two nudges and a last call are planned."""
    return _order(id_, number, {"state": "unpaid", "pay_by": (START + timedelta(hours=30)).isoformat()})


def paid(id_: str, number: int) -> bytes:
    """An order that was just paid: its confirmation is due at once."""
    paid_at = START.isoformat()
    return _order(id_, number, {"state": "paid", "paid": paid_at, "ship_by": (START + timedelta(days=2)).isoformat()})


def _order(id_: str, number: int, extra: Mapping[str, str]) -> bytes:
    return msgspec.json.encode(
        {
            "id": id_,
            "placed": (START - timedelta(minutes=5)).isoformat(),
            **extra,
            "total": "128.50",
            "currency": "CNY",
            "payment_method": "alipay",
            "address": f"{number} West Lake Road, Hangzhou 310000",
            "link": f"https://shop.example.com/orders/{id_}",
            "customer": {
                "id": f"c-{id_}",
                "name": "Anna Smith",
                "email": f"anna.{number}@example.com",
                "phone": f"+86138{number % 100_000_000:08}",
                "language": "en",
                "zone": "Europe/Berlin",
            },
            "lines": [
                {"sku": "TEA-1", "title": "Oolong tea", "quantity": 2, "price": "44.75"},
                {"sku": "CUP-7", "title": "Porcelain cup", "quantity": 1, "price": "39.00"},
            ],
        }
    )


def pages(orders: Sequence[bytes]) -> Iterator[bytes]:
    """The orders as the answers of a shop's interface."""
    for start in range(0, len(orders), PAGE):
        yield b'{"orders":[' + b",".join(orders[start : start + PAGE]) + b"]}"


class Ready:
    """A source whose answers are there already: `bodies` for polls, `orders` for looks, which cost nothing."""

    name = NAME

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.orders: dict[str, Record] = {}
        self._normaliser = normaliser()
        self._json = JsonRecords(self._normaliser, _OPTIONS)

    def offer(self, orders: Sequence[bytes]) -> None:
        """Have these orders to poll and to look at."""
        self.bodies = list(pages(orders))
        self.orders = {record.id: record for record in map(self._json.record, orders)}

    async def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]:
        """Every body, read as the source `http` reads its answers."""
        for number, body in enumerate(self.bodies, 1):
            yield Page(tuple(map(self._json.record, Body(body).items("orders"))), f"{cursor or ''}{number}"[-20:])

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]:
        return {id_: self.orders[id_] for id_ in ids}

    def order(self, record: Record) -> Order:
        return self._normaliser.order(decoded(record.fields))

    async def close(self) -> None:
        return


def pipeline(
    store: Store, source: Ready, clock: Clock, *channels: Channel, again: Callable[[], None] = lambda: None
) -> Pipeline:
    """The program's own line, with all jobs and texts, and a brake that lets everything through."""
    outlets = {channel.name: Outlet(channel, clock) for channel in channels}
    desk = Desk(PLANNER, TEXTS, SETTINGS.sending, outlets)
    return Pipeline(store, {NAME: source}, {NAME: Brake(count=10**9)}, desk, clock, again=again)
