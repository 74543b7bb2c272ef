"""A thousand races of an acknowledgement against the step that is due: once it is confirmed, no call leaves any more.

Each race has its moment in the life of a call, at which the acknowledgement comes in: by the daemon itself, or by a
process beside it. Half of them hold the call at that moment until the change is in the store; the others take their
chances. So both ends are sure to be seen: calls that never leave, and acknowledgements that wait for those that have.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, auto
from itertools import count
from pathlib import Path

import pytest

from notifier.alerting import Alerting, EndedElsewhere, Raising, oncall_desk
from notifier.calling import StaffDesk
from notifier.clock import VirtualClock
from notifier.digesting import Digesting
from notifier.interfaces import AlertChange, Changes, Result, StoredOrder
from notifier.links import Links
from notifier.model.alert import Alert, AlertKey, AlertState
from notifier.model.message import Attempt, Message, Outcome, Receipt, TryLater, Unknown
from notifier.model.oncall import Agent, OnCall, Policy, PolicyStep
from notifier.model.order import Customer
from notifier.model.reminder import Reminder, State
from notifier.model.shop import SendingRules, Shop
from notifier.outlet import Outlet
from notifier.pipeline import Desk, Pipeline
from notifier.render import Texts
from notifier.render.digests import DigestTexts
from notifier.rules.plan import Planner
from notifier.shipped import shipped
from notifier.store import open_store
from notifier.store.database import Database
from notifier.store.sql import SqlStore
from tests.fakes.orders import make_job, make_order
from tests.fakes.staff import NOON

RACES, TOGETHER = 1000, 50
JOBS = [make_job(f"late-{n}", "order.ship_by", "6h before", to=f"crew-{n}", channels=()) for n in range(TOGETHER)]
STEPS = 2
_WAIT = timedelta(minutes=10)
_PATIENCE = 20


class Moment(StrEnum):
    """Where in the life of a call the acknowledgement comes in."""

    CLAIMED = auto()
    WRITTEN = auto()
    INTENDED = auto()
    LEAVING = auto()
    GONE = auto()
    RECORDED = auto()


@dataclass
class Race:
    """One alert, and when it is taken: at the `nth` time that its moment comes, some turns of the loop later.

    `calls` are the instants at which deliveries about it began and ended, by a counter that all races share.
    """

    moment: Moment
    nth: int
    turns: int
    holds: bool
    beside: bool
    began: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    stored: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    calls: list[tuple[int, int]] = field(default_factory=list)
    asked: int = 0
    confirmed: int = 0

    @property
    def lost(self) -> bool:
        """Was a call still to begin, or on its way, when the acknowledgement was confirmed?"""
        return any(end > self.confirmed for _, end in self.calls)

    @property
    def waited(self) -> bool:
        """Was a call on its way when somebody took the alert?"""
        return any(begin < self.asked < end for begin, end in self.calls)


def races(rng: random.Random) -> list[Race]:
    """One group of them."""
    return [
        Race(
            moment=rng.choice(list(Moment)),
            nth=rng.randint(1, STEPS),
            turns=rng.randrange(30),
            holds=rng.random() < 0.5,
            beside=rng.random() < 0.3,
        )
        for _ in range(TOGETHER)
    ]


class Course:
    """Knows which race each call belongs to, and tells the races that their moment has come."""

    def __init__(self, group: Sequence[Race]) -> None:
        self.races = dict(enumerate(group, 1))
        self.instants = count(1)
        self._alerts: dict[int, int] = {}
        self._attempts: dict[str, list[int]] = {}

    def learn(self, calls: Iterable[Reminder]) -> None:
        self._alerts |= {call.id: call.alert for call in calls}

    def learn_attempts(self, attempts: Iterable[Attempt]) -> None:
        self._attempts |= {attempt.id: [row for row, _ in attempt.reminders] for attempt in attempts}

    def of_rows(self, rows: Iterable[int]) -> list[Race]:
        return [self.races[alert] for alert in sorted({self._alerts[row] for row in rows})]

    def of_attempts(self, ids: Iterable[str]) -> list[Race]:
        return self.of_rows(row for id_ in ids for row in self._attempts[id_])

    async def at(self, moment: Moment, races: Iterable[Race]) -> None:
        """These calls are there now. Those of races that hold them go on when the acknowledgement is in the store."""
        mine = [race for race in races if race.moment is moment]
        for race in mine:
            race.nth -= 1
            if race.nth == 0:
                race.began.set()
        for race in mine:
            if race.holds and race.nth == 0:
                await race.stored.wait()


class WatchedStore(SqlStore):
    """A store in a file, which tells the course what becomes of calls."""

    def __init__(self, file: Path, course: Course) -> None:
        super().__init__(Database(file))
        self._course = course

    async def claim(self, now: datetime, lease: datetime, limit: int) -> Sequence[Reminder]:
        claimed = await super().claim(now, lease, limit)
        await self._course.at(Moment.CLAIMED, self._course.of_rows(row.id for row in claimed))
        return claimed

    async def intend(
        self, attempts_: Sequence[Attempt], now: datetime, ended: Sequence[Result] = ()
    ) -> Collection[str]:
        self._course.learn_attempts(attempts_)
        await self._course.at(Moment.WRITTEN, self._course.of_attempts(one.id for one in attempts_))
        kept = await super().intend(attempts_, now, ended)
        await self._course.at(Moment.RECORDED, self._course.of_attempts(result.attempt for result in ended))
        await self._course.at(Moment.INTENDED, self._course.of_attempts(kept))
        return kept

    async def record(self, results: Sequence[Result], now: datetime) -> None:
        await super().record(results, now)
        await self._course.at(Moment.RECORDED, self._course.of_attempts(result.attempt for result in results))

    async def change_alerts(self, changes: Sequence[AlertChange], now: datetime) -> Sequence[Alert | None]:
        stored = await super().change_alerts(changes, now)
        for alert in stored:
            if alert is not None and alert.state is AlertState.ACKNOWLEDGED:
                self._course.races[alert.id].stored.set()
        return stored


class Phone:
    """A channel that notes when each delivery begins and ends. It is busy at times, and at times nobody can know."""

    name, kind, concurrency = "texts", "sms", 4

    def __init__(self, course: Course, rng: random.Random) -> None:
        self._course, self._rng = course, rng

    def address_of(self, customer: Customer) -> str | None:
        return customer.phone

    def compose(self, message: Message) -> bytes:
        return message.text.encode()

    async def deliver(self, attempt: Attempt) -> Outcome:
        races, begin = self._course.of_attempts([attempt.id]), next(self._course.instants)
        await self._course.at(Moment.LEAVING, races)
        await turns(self._rng.randrange(10))
        end = next(self._course.instants)
        for race in races:
            race.calls.append((begin, end))
        await self._course.at(Moment.GONE, races)
        outcomes: list[Outcome] = [Receipt(), TryLater("busy"), Unknown("no answer")]
        return self._rng.choices(outcomes, [6, 1, 1])[0]

    async def close(self) -> None:
        return None


async def turns(number: int) -> None:
    """So many turns of the loop."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    """A text for each job, in the frames that came with the program."""
    folder = tmp_path_factory.mktemp("templates")
    for job in JOBS:
        (folder / "en" / job.name).mkdir(parents=True)
        (folder / "en" / job.name / "alert.txt").write_text("Order {{ order.id }} is late\n\nShip it.\n", "utf-8")
    return Texts([folder, shipped("templates")], Shop())


def crews(number: int) -> OnCall:
    """So many policies of two steps, each with its own two people."""
    people = [Agent(f"{name}-{crew}", phone=f"{name}{crew}") for crew in range(number) for name in ("ann", "bob")]
    steps = {
        f"crew-{crew}": (PolicyStep((f"ann-{crew}",), ("sms",)), PolicyStep((f"bob-{crew}",), ("sms",), _WAIT))
        for crew in range(number)
    }
    policies = {name: Policy(name, own, times=0) for name, own in steps.items()}
    return OnCall({agent.name: agent for agent in people}, policies=policies)


@dataclass
class Ground:
    """The pipeline of a daemon over a file, and a process beside it that can take alerts too."""

    course: Course
    store: WatchedStore
    clock: VirtualClock
    pipeline: Pipeline
    beside: Alerting

    async def drive(self) -> None:
        """Do everything that is ever due, as the daemon does; what is due in the same two minutes together."""
        while (wake := await self.store.next_wake()) is not None:
            self.clock.move_to(wake + timedelta(minutes=2))
            await self.pipeline.dispatch(await self.pipeline.claim())
            await self.pipeline.deliveries.drain()

    async def run(self, alert: int, race: Race) -> None:
        """Take it when its moment has come."""
        await race.began.wait()
        await turns(race.turns)
        race.asked = next(self.course.instants)
        await (self.beside if race.beside else self.pipeline.alerting).acknowledge(alert, "ann-0")
        race.confirmed = next(self.course.instants)

    async def run_all(self) -> None:
        """All races at once; then the time of every step that there could have been."""
        running = [asyncio.create_task(self.run(alert, race)) for alert, race in self.course.races.items()]
        async with asyncio.timeout(_PATIENCE):
            await self.drive()
            for race in self.course.races.values():
                race.began.set()  # those whose moment never came
            await asyncio.gather(*running)
            self.clock.advance(timedelta(days=2))
            await self.drive()


@asynccontextmanager
async def ground(
    folder: Path, texts: Texts, group: Sequence[Race], rng: random.Random, crowd: int = TOGETHER
) -> AsyncIterator[Ground]:
    """Alerts that are due, one for each race; `crowd` is how many crews there are to call."""
    file = folder / "notifier.db"
    await (await open_store(f"sqlite:///{file}")).close()
    course, clock, shop = Course(group), VirtualClock(NOON), Shop()
    store, other = WatchedStore(file, course), WatchedStore(file, course)
    desk = oncall_desk(crews(crowd), {job.name: job for job in JOBS[:crowd]}, "UTC")
    digesting = Digesting({}, desk.roster, shop, DigestTexts(texts.library, shop))
    staff = StaffDesk(desk, texts, Links("https://notifier.example.com", "0123456789abcdef", clock), digesting)
    phone = Outlet(Phone(course, rng), clock)
    pipeline = Pipeline(
        store, {}, {}, Desk(Planner(JOBS, shop), texts, SendingRules(), {phone.name: phone}, staff), clock
    )
    beside = Alerting(other, lambda: desk, clock, EndedElsewhere(other, every=0.001))
    try:
        await raise_all(store, pipeline.alerting, course, crowd)
        yield Ground(course, store, clock, pipeline, beside)
    finally:
        await other.close()
        await store.close()


async def raise_all(store: WatchedStore, alerting: Alerting, course: Course, crowd: int) -> None:
    """Alert n is about order n, whose ladder begins now."""
    orders = [make_order(id=str(number), ship_by=NOON.replace(hour=18)) for number in course.races]
    await store.apply(Changes([StoredOrder(order, "x", NOON) for order in orders], now=NOON))
    jobs = [JOBS[number % crowd] for number in course.races]
    raises = [Raising(job, AlertKey("shop", order.id, job.name)) for job, order in zip(jobs, orders, strict=True)]
    raised = await alerting.raise_all(raises)
    assert [alert.id for alert in raised if alert] == [*course.races]
    for calls in (await store.calls([*course.races])).values():
        course.learn(calls)


@pytest.mark.parametrize("seed", range(RACES // TOGETHER))
async def test_no_call_leaves_after_an_acknowledgement_is_confirmed(tmp_path: Path, texts: Texts, seed: int) -> None:
    """In every other group several alerts share an agent, and so a message."""
    rng = random.Random(seed)
    group = races(rng)
    async with ground(tmp_path, texts, group, rng, crowd=8 if seed % 2 else TOGETHER) as field:
        await field.run_all()
        calls = await field.store.calls([*field.course.races])
    states = Counter(call.state for own in calls.values() for call in own)
    assert [race for race in group if race.lost] == []
    assert all(race.confirmed for race in group)
    assert states.keys() <= {State.ACCEPTED, State.CANCELLED}
    assert states[State.CANCELLED]
    assert [race for race in group if race.waited]


async def test_without_waiting_races_are_lost(tmp_path: Path, texts: Texts) -> None:
    """Most groups of the same races, this one too, find it out when acknowledgements do not wait for calls."""

    async def at_once(_: int) -> None:
        """Confirm whatever is on its way."""

    rng = random.Random(8)
    group = races(rng)
    async with ground(tmp_path, texts, group, rng) as field:
        desk = field.pipeline.desk.staff
        assert desk is not None
        oncall = desk.oncall
        field.pipeline.alerting = Alerting(field.store, lambda: oncall, field.clock, at_once)
        await field.run_all()
    lost = [race for race in group if race.lost]
    assert lost
    assert not [race for race in lost if race.beside]
