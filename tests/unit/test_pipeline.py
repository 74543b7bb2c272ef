"""Batch after batch along the line: what is on its way counts, and nothing is decided about twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from notifier.asking import Claims
from notifier.clock import VirtualClock
from notifier.interfaces import Record, Result, Selection
from notifier.loops import advance
from notifier.model.job import Job
from notifier.model.order import Customer, Order
from notifier.model.reminder import State
from notifier.model.shop import SendingRules, Shop
from notifier.outlet import Outlet
from notifier.pipeline import Desk, Pipeline
from notifier.render import Rendered
from notifier.rules.brake import Brake
from notifier.rules.plan import Planner
from notifier.sources.replay import ReplaySource
from notifier.store.memory import MemoryStore
from tests.fakes.gate import Gate, turns
from tests.fakes.orders import PLACED, make_customer, make_job, make_order

DUE = PLACED + timedelta(hours=12)
JOB = make_job(channels=("texts", "mail"), any_hour=True)


class Silent:
    """It does not matter here what is said."""

    def render(
        self, job: Job, order: Order, kind: str, subjects: Sequence[str] = (), step: int = 0, occurrence: str = ""
    ) -> Rendered:
        return Rendered("", job.name)


class Letterbox(Gate):
    """The second channel of the job."""

    name, kind = "mail", "email"

    def address_of(self, customer: Customer) -> str | None:
        return customer.email or None


class Scene:
    """Orders, one for each of these customers, each with a nudge that is due at the same instant."""

    def __init__(self, *customers: str, concurrency: int = 1, daily_cap: int = 10) -> None:
        self.clock, self.store = VirtualClock(PLACED), MemoryStore()
        self.gate, self.second = Gate(concurrency), Letterbox(concurrency)
        orders = [
            make_order(id=str(number), customer=make_customer(id=customer))
            for number, customer in enumerate(customers, 1)
        ]
        desk = Desk(
            Planner([JOB], Shop()),
            Silent(),
            SendingRules(daily_cap=daily_cap),
            {"texts": Outlet(self.gate, self.clock), "mail": Outlet(self.second, self.clock)},
        )
        sources = {"shop": ReplaySource("shop", orders, self.clock)}
        self.pipeline = Pipeline(self.store, sources, {"shop": Brake(count=100)}, desk, self.clock)

    async def be(self, instant: datetime) -> None:
        """Read the orders, and go to this instant."""
        await self.pipeline.poll("shop")
        self.clock.move_to(instant)

    async def swap(self, planner: Planner) -> None:
        line = self.pipeline
        await line.swap(replace(line.desk, planner=planner), line.sources, line.brakes)

    async def dispatch(self, limit: int) -> None:
        await self.pipeline.dispatch(await self.pipeline.claim(limit))

    async def states(self) -> dict[str, State]:
        return {row.key.order: row.state for row in await self.store.list_reminders(Selection())}


async def test_what_waits_for_its_turn_counts_for_the_cap() -> None:
    """Two others come first, and as much as the channel may have at once. Ann's first has to wait, unwritten."""
    scene = Scene("ben", "cleo", "ann", "ann", daily_cap=1)
    await scene.be(DUE)
    for _ in range(4):
        await scene.dispatch(1)
        await turns()
    assert (await scene.states())["4"] is State.PLANNED
    scene.gate.open.set()
    await scene.pipeline.deliveries.drain()
    scene.clock.advance(timedelta(minutes=1))
    await scene.dispatch(1)
    ended = [State.ACCEPTED, State.ACCEPTED, State.ACCEPTED, State.SKIPPED]
    assert await scene.states() == dict(zip("1234", ended, strict=True))


async def test_customers_whom_the_shop_does_not_name_do_not_wait_for_each_other() -> None:
    scene = Scene("", "", "", "")
    await scene.be(DUE)
    for _ in range(4):
        await scene.dispatch(1)
        await turns()
    scene.gate.open.set()
    await scene.pipeline.deliveries.drain()
    assert set((await scene.states()).values()) == {State.ACCEPTED}


async def test_batch_after_batch_everything_is_dispatched_once() -> None:
    scene = Scene(*map(str, range(11)), concurrency=20)
    scene.gate.open.set()
    await scene.be(DUE)
    claims: Claims | None = None
    claimed = []
    for _ in range(5):
        batch, claims = await advance(scene.pipeline, claims, 3)
        assert batch is not None
        claimed.append(batch.claimed)
    await scene.pipeline.deliveries.drain()
    assert claimed == [3, 3, 3, 2, 0]
    assert scene.gate.delivered == 11
    assert set((await scene.states()).values()) == {State.ACCEPTED}


@pytest.mark.parametrize(
    ("closed", "state", "by"),
    [
        ([], State.ACCEPTED, ["texts"]),
        ([("sms", "+8613800138000")], State.ACCEPTED, ["mail"]),
        ([("email", "anna@example.com")], State.ACCEPTED, ["texts"]),
        ([("sms", "+8613800138000"), ("email", "anna@example.com")], State.SKIPPED, []),
    ],
)
async def test_a_suppressed_address_leaves_the_next_channel(
    closed: list[tuple[str, str]], state: State, by: list[str]
) -> None:
    scene = Scene("ann")
    scene.gate.open.set()
    scene.second.open.set()
    await scene.store.record([Result("", State.FAILED, "", "", suppress=one) for one in closed], PLACED)
    await scene.be(DUE)
    await scene.dispatch(1)
    await scene.pipeline.deliveries.drain()
    (row,) = await scene.store.list_reminders(Selection())
    assert row.state is state
    assert [one.attempt.channel for one in await scene.store.list_attempts(Selection())] == by
    if not by:
        assert row.reason.count("the address is suppressed") == 2


async def test_what_was_claimed_before_a_swap_is_decided_after_it_by_the_new_jobs() -> None:
    scene = Scene("ann")
    await scene.be(DUE)
    claims = await scene.pipeline.claim(1)
    await scene.swap(Planner([], Shop()))
    await scene.pipeline.dispatch(claims)
    assert await scene.states() == {"1": State.CANCELLED}


class Slow(ReplaySource):
    """A shop that answers when a test likes."""

    def __init__(self, name: str, orders: Sequence[Order], clock: VirtualClock) -> None:
        super().__init__(name, orders, clock)
        self.answers = asyncio.Event()

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]:
        await self.answers.wait()
        return await super().look(ids)


async def test_a_swap_waits_for_who_is_asking_a_shop() -> None:
    """After it the old source is closed."""
    scene = Scene("ann")
    source = Slow("shop", [make_order(id="1")], scene.clock)
    await scene.be(DUE)
    scene.pipeline.sources = {"shop": source}
    claiming = asyncio.create_task(scene.pipeline.claim(1))
    swapping = asyncio.create_task(scene.swap(Planner([], Shop())))
    await turns()
    assert not swapping.done()
    source.answers.set()
    await asyncio.gather(claiming, swapping)
    assert scene.pipeline.desk.planner.jobs == {}
