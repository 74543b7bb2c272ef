"""A channel with its limits: turns, a rest when it is broken, and nothing begun after the stop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from notifier.clock import VirtualClock
from notifier.model.message import Attempt, Message, NotBegun, Outcome, Receipt, TryLater
from notifier.model.order import Customer
from notifier.outlet import Outlet
from notifier.rules.limits import TokenBucket

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ATTEMPT = Attempt("a", ((1, 1),), "texts", "+12025550100", b"", "m", "service", "c", NOW, NOW + timedelta(hours=1))


class Answering:
    """A channel that gives the answers it was told to, and counts."""

    name, kind, concurrency = "texts", "sms", 2

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.delivered = 0

    def address_of(self, customer: Customer) -> str | None:
        return customer.phone or None

    def compose(self, message: Message) -> bytes:
        return b""

    async def deliver(self, attempt: Attempt) -> Outcome:
        self.delivered += 1
        return self.answers.pop(0) if self.answers else Receipt()

    async def close(self) -> None:
        return None


def outlet(channel: Answering, clock: VirtualClock, bucket: TokenBucket | None = None) -> Outlet:
    return Outlet(channel, clock, bucket)


async def test_a_stop_before_the_turn_is_surely_not_sent() -> None:
    channel, stopping = Answering(), asyncio.Event()
    stopping.set()
    outcome = await outlet(channel, VirtualClock(NOW)).deliver(ATTEMPT, stopping)
    assert outcome == NotBegun("the program stopped before it was sent")
    assert channel.delivered == 0


async def test_a_channel_that_broke_before_the_turn_is_left_alone() -> None:
    channel, stopping = Answering(TryLater("wrong password", channel_down=True)), asyncio.Event()
    out = outlet(channel, VirtualClock(NOW))
    await out.deliver(ATTEMPT, stopping)
    assert await out.deliver(ATTEMPT, stopping) == NotBegun("texts is not taking messages", timedelta(seconds=15))
    assert channel.delivered == 1


async def test_a_wrong_password_rests_the_channel_and_one_trial_wakes_it() -> None:
    clock, channel = VirtualClock(NOW), Answering(TryLater("wrong password", channel_down=True))
    out, stopping = outlet(channel, clock), asyncio.Event()
    await out.deliver(ATTEMPT, stopping)
    rests = out.way(Customer(phone="+12025550100")).rests_until
    assert rests == NOW + timedelta(seconds=30)
    assert [out.rests] == [True]
    clock.move_to(rests)
    assert [out.rests] == [False]
    assert out.way(Customer(phone="+12025550100")).rests_until is None
    assert await out.deliver(ATTEMPT, stopping) == Receipt()
    assert await out.deliver(ATTEMPT, stopping) == Receipt()


async def test_asking_for_the_way_uses_up_no_trial() -> None:
    clock, channel = VirtualClock(NOW), Answering(TryLater("wrong password", channel_down=True))
    out, stopping = outlet(channel, clock), asyncio.Event()
    await out.deliver(ATTEMPT, stopping)
    clock.advance(timedelta(seconds=30))
    for _ in range(3):
        out.way(Customer(phone="+12025550100"))
    assert await out.deliver(ATTEMPT, stopping) == Receipt()


def test_without_a_rate_there_is_always_room() -> None:
    out = outlet(Answering(), VirtualClock(NOW))
    assert {out.room(NOW) for _ in range(100)} == {timedelta()}


def test_who_has_to_wait_is_spread_over_the_coming_turns() -> None:
    out = outlet(Answering(), VirtualClock(NOW), TokenBucket(2, 60))
    waits = [out.room(NOW).total_seconds() for _ in range(7)]
    assert waits == [0, 0, 60, 60, 120, 120, 180]
    later = NOW + timedelta(seconds=60)
    assert [out.room(later).total_seconds() for _ in range(3)] == [0, 0, 60]


def test_what_becomes_one_message_waits_together_for_the_next_turn() -> None:
    out = outlet(Answering(), VirtualClock(NOW), TokenBucket(2, 60))
    assert [out.turn(NOW).total_seconds() for _ in range(5)] == [0, 0, 60, 60, 60]
    assert outlet(Answering(), VirtualClock(NOW)).turn(NOW) == timedelta()
