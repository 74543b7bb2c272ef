"""Letters on their way: what may be in doubt is bounded, turns are used, and nothing is lost when things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notifier.clock import VirtualClock
from notifier.delivery import Delivery
from notifier.errors import StoreError
from notifier.interfaces import Changes, Result, Ruling, Selection
from notifier.letters import Letter
from notifier.model.message import Attempt, Outcome, Receipt, TryLater
from notifier.model.reminder import Key, Planned, Reminder, State
from notifier.outlet import Outlet
from notifier.rules.conclude import Sent
from notifier.store.memory import MemoryStore
from tests.fakes.gate import Gate, turns

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


class Counting(MemoryStore):
    """A store that knows how many intents were never recorded at once, and may refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.unrecorded = self.most = self.groups = 0
        self.refuses = ""

    async def intend(self, attempts: Sequence[Attempt], now: datetime, ended: Sequence[Result] = ()) -> Collection[str]:
        if self.refuses == "intend":
            raise StoreError("the disk is full")
        kept = await super().intend(attempts, now, ended)
        self.unrecorded += len(kept)
        self.most = max(self.most, self.unrecorded)
        return kept

    async def record(self, results: Sequence[Result], now: datetime) -> None:
        if self.refuses == "record":
            raise StoreError("the disk is full")
        await super().record(results, now)
        self.groups += 1
        self.unrecorded -= len(results)


class Scene:
    """One outlet's delivery over a store with as many claimed reminders as a test needs."""

    def __init__(self, channel: Gate) -> None:
        self.channel, self.store, self.clock = channel, Counting(), VirtualClock(NOW)
        self.outlet = Outlet(channel, self.clock)
        self.stopping, self.ended = asyncio.Event(), asyncio.Event()
        self.delivery = Delivery(self.outlet, self.store, self.clock, self.stopping, self.ended.set)

    async def letters(self, count: int) -> list[Letter]:
        planned = [(Planned(Key("shop", str(number), "job"), NOW, LATER), "") for number in range(count)]
        await self.store.apply(Changes(inserts=planned, now=NOW))
        return [self._letter(reminder) for reminder in await self.store.claim(NOW, LATER, count)]

    def _letter(self, reminder: Reminder) -> Letter:
        rows = ((reminder.id, reminder.fence),)
        attempt = Attempt(f"a{reminder.id}", rows, "texts", "+12025550100", b"x", "m", "service", "", NOW, LATER)
        return Letter(Sent(attempt, reminder, "sms"), self.outlet)

    def shared(self, letters: Sequence[Letter]) -> Letter:
        """One letter that says all of it."""
        rows = tuple(row for letter in letters for row in letter.sent.attempt.reminders)
        sent = letters[0].sent
        return replace(letters[0], sent=replace(sent, attempt=replace(sent.attempt, reminders=rows)))

    async def end(self) -> None:
        while self.delivery.under_way:
            self.ended.clear()
            await self.ended.wait()

    async def states(self) -> dict[State, int]:
        return {state: count for state, count in (await self.store.counts()).items() if count}


async def test_no_more_than_twice_the_turns_can_be_in_doubt_and_all_turns_are_used() -> None:
    scene = Scene(Gate(3))
    scene.delivery.take(await scene.letters(50))
    await turns()
    assert scene.channel.inside == 3
    assert scene.store.unrecorded == 6
    scene.channel.open.set()
    await scene.end()
    assert scene.channel.most == 3
    assert scene.store.most == 6
    assert await scene.states() == {State.ACCEPTED: 50}


async def test_a_free_turn_is_used_while_others_are_busy() -> None:
    scene = Scene(Gate(4))
    letters = await scene.letters(3)
    scene.delivery.take(letters[:1])
    await turns()
    scene.delivery.take(letters[1:])
    await turns()
    assert scene.channel.inside == 3
    scene.channel.open.set()
    await scene.end()


class Relay(Gate):
    """Each delivery ends so many turns of the loop after the one before; the first when the channel is opened."""

    def __init__(self, concurrency: int, apart: int) -> None:
        super().__init__(concurrency)
        self.apart = apart
        self.ends: list[asyncio.Event] = [self.open]

    async def deliver(self, attempt: Attempt) -> Outcome:
        mine, following = self.ends[-1], asyncio.Event()
        self.ends.append(following)
        await mine.wait()
        for _ in range(self.apart):
            await asyncio.sleep(0)
        following.set()
        self.delivered += 1
        return Receipt()


@pytest.mark.parametrize("apart", range(20))
async def test_what_ends_in_the_moment_when_a_record_is_done_is_not_forgotten(apart: int) -> None:
    scene = Scene(Relay(2, apart))
    scene.delivery.take(await scene.letters(2))
    await turns()
    scene.channel.open.set()
    for _ in range(4):
        await turns()
    assert scene.delivery.under_way == 0
    assert await scene.states() == {State.ACCEPTED: 2}


async def test_outcomes_that_follow_each_other_closely_share_a_transaction() -> None:
    scene = Scene(Relay(50, apart=3))
    scene.delivery.take(await scene.letters(50))
    await turns()
    scene.channel.open.set()
    await scene.end()
    assert scene.store.groups == 1


async def test_an_outcome_does_not_wait_for_those_that_take_longer() -> None:
    scene = Scene(Relay(2, apart=60))
    scene.delivery.take(await scene.letters(2))
    await turns()
    scene.channel.open.set()
    for _ in range(4):
        await turns()
    assert (scene.channel.delivered, scene.store.unrecorded) == (1, 1)
    await scene.end()


async def test_outcomes_of_the_same_moment_share_a_transaction() -> None:
    scene = Scene(Gate(100))
    scene.channel.open.set()
    scene.delivery.take(await scene.letters(100))
    await scene.end()
    assert scene.store.groups < 10


async def test_what_somebody_else_has_by_now_is_not_delivered() -> None:
    scene = Scene(Gate())
    scene.channel.open.set()
    letters = await scene.letters(2)
    await scene.store.claim(LATER, LATER + timedelta(hours=1), 1)
    scene.delivery.take(letters)
    await scene.end()
    assert scene.channel.delivered == 1


async def test_what_was_to_share_a_message_with_something_dropped_is_due_again_at_once() -> None:
    scene = Scene(Gate())
    scene.channel.open.set()
    letters = [scene.shared(await scene.letters(3))]
    [gone, *_] = letters[0].sent.attempt.reminders
    await scene.store.settle([Ruling(*gone, State.CANCELLED, "somebody has taken the alert")], NOW)
    scene.delivery.take(letters)
    await scene.end()
    assert scene.channel.delivered == 0
    assert await scene.states() == {State.CANCELLED: 1, State.PLANNED: 2}
    assert len(await scene.store.claim(NOW, LATER, 5)) == 2


async def test_a_stop_gives_back_what_was_not_begun() -> None:
    scene = Scene(Gate(1))
    scene.delivery.take(await scene.letters(10))
    await turns()
    scene.stopping.set()
    scene.channel.open.set()
    await scene.end()
    assert scene.channel.delivered == 1
    assert await scene.states() == {State.ACCEPTED: 1, State.PLANNED: 9}
    reasons = {one.reason for one in await scene.store.list_reminders(Selection((State.PLANNED,)))}
    assert reasons == {"the program stopped before it was sent"}


async def test_a_broken_channel_gets_nothing_more() -> None:
    scene = Scene(Gate(1, TryLater("wrong password", channel_down=True)))
    scene.channel.open.set()
    scene.delivery.take(await scene.letters(10))
    await scene.end()
    assert scene.channel.delivered == 1
    assert await scene.states() == {State.PLANNED: 10}


@pytest.mark.parametrize("step", ["intend", "record"])
async def test_a_store_that_fails_ends_it(step: str) -> None:
    scene = Scene(Gate(2))
    scene.channel.open.set()
    scene.store.refuses = step
    scene.delivery.take(await scene.letters(5))
    await scene.end()
    assert [str(error) for error in scene.delivery.failures] == ["the disk is full"]
    assert scene.channel.delivered == (0 if step == "intend" else 4)


async def test_what_is_abandoned_stays_as_it_is_stored() -> None:
    scene = Scene(Gate(2))
    scene.delivery.take(await scene.letters(5))
    await turns()
    await scene.delivery.abandon()
    assert scene.channel.delivered == 0
    assert await scene.states() == {State.SENDING: 4, State.PLANNED: 1}
