"""A page is read and understood while the one before is being written, and nothing comes out differently for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.clock import VirtualClock
from notifier.errors import SourceError, StoreError
from notifier.interfaces import Changes, Page, Record, Selection
from notifier.model.order import Order, OrderState
from notifier.model.reminder import State
from notifier.model.shop import SendingRules, Shop
from notifier.pipeline import Desk, Pipeline
from notifier.render import Texts
from notifier.rules.brake import Brake
from notifier.rules.plan import Planner
from notifier.store.memory import MemoryStore
from tests.fakes.gate import turns
from tests.fakes.orders import PLACED, make_job, make_order, only_if

CLOCK = VirtualClock(PLACED)
JOBS = (make_job(only_if=only_if("unpaid")), make_job("thanks", "order.paid", "0s after", only_if=only_if("paid")))
UNPAID, PAID = OrderState.UNPAID, OrderState.PAID


class Pages:
    """A shop that shows these orders, page by page, and then breaks off if it is told to."""

    name = "shop"

    def __init__(self, *pages: Sequence[Order], breaks_off: bool = False) -> None:
        self.pages, self.breaks_off = pages, breaks_off
        self.understood: list[str] = []

    async def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]:
        for number, orders in enumerate(self.pages, 1):
            yield Page(tuple(Record(one.id, repr(one), one) for one in orders), str(number))
        if self.breaks_off:
            raise SourceError("the shop is down")

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]:
        return {}

    def order(self, record: Record) -> Order:
        self.understood.append(record.id)
        found: Order = record.fields
        return found

    async def close(self) -> None:
        return


class SlowStore(MemoryStore):
    """Writes a page only when it is let; `refuses` are the cursors of those that it cannot write at all."""

    def __init__(self, *refuses: str) -> None:
        super().__init__()
        self.open, self.refuses = asyncio.Event(), refuses

    async def apply(self, changes: Changes) -> None:
        await self.open.wait()
        await turns()
        if changes.mark and changes.mark.cursor in self.refuses:
            raise StoreError("the disk is full")
        await super().apply(changes)


def pipeline(store: MemoryStore, source: Pages) -> Pipeline:
    desk = Desk(Planner(JOBS, Shop()), Texts((), Shop()), SendingRules(), {})
    return Pipeline(store, {"shop": source}, {"shop": Brake(count=100)}, desk, CLOCK)


def order(id_: str, state: OrderState = UNPAID) -> Order:
    return make_order(id=id_, state=state, paid=PLACED + timedelta(hours=1) if state is PAID else None)


async def written(store: MemoryStore) -> dict[tuple[str, str], State]:
    return {(row.key.order, row.key.job): row.state for row in await store.list_reminders(Selection())}


async def test_a_page_is_understood_while_the_one_before_is_written() -> None:
    store, source = SlowStore(), Pages([order("1")], [order("2")], [order("3")])
    polling = asyncio.create_task(pipeline(store, source).poll("shop"))
    await turns()
    assert source.understood == ["1", "2"]
    assert await store.digests("shop", ["1"]) == {}
    store.open.set()
    assert (await polling).planned == 3
    assert (await store.mark("shop")).cursor == "3"


async def test_an_order_that_comes_again_is_compared_with_what_the_page_before_said() -> None:
    store, source = SlowStore(), Pages([order("1")], [order("1", PAID)])
    store.open.set()
    await pipeline(store, source).poll("shop")
    assert await written(store) == {("1", "unpaid-nudge"): State.CANCELLED, ("1", "thanks"): State.PLANNED}


async def test_what_was_read_is_written_even_if_the_shop_breaks_off() -> None:
    store, source = SlowStore(), Pages([order("1")], [order("2")], breaks_off=True)
    polling = asyncio.create_task(pipeline(store, source).poll("shop"))
    await turns()
    store.open.set()
    with pytest.raises(SourceError):
        await polling
    assert len(await written(store)) == 2
    assert (await store.mark("shop")).cursor == "2"


async def test_a_page_that_cannot_be_written_ends_the_poll() -> None:
    store, source = SlowStore("2"), Pages([order("1")], [order("2")], [order("3")], [order("4")])
    store.open.set()
    with pytest.raises(StoreError):
        await pipeline(store, source).poll("shop")
    assert set(await store.digests("shop", ["1", "2", "3", "4"])) == {"1"}
    assert (await store.mark("shop")).cursor == "1"


@given(st.lists(st.dictionaries(st.sampled_from("123"), st.sampled_from([UNPAID, PAID]), max_size=3), max_size=5))
async def test_pages_together_and_one_by_one_come_to_the_same(pages: list[dict[str, OrderState]]) -> None:
    shown = [[order(id_, state) for id_, state in page.items()] for page in pages]

    async def together() -> dict[tuple[str, str], State]:
        store = SlowStore()
        store.open.set()
        await pipeline(store, Pages(*shown)).poll("shop")
        return await written(store)

    async def one_by_one() -> dict[tuple[str, str], State]:
        store = MemoryStore()
        for page in shown:
            await pipeline(store, Pages(page)).poll("shop")
        return await written(store)

    assert await together() == await one_by_one()
