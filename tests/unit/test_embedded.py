"""The bells of the embedded engine, on a clock that jumps and on one that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from notifier.clock import Clock, ShiftedClock
from notifier.engines.bells import Bell
from notifier.engines.embedded import Embedded
from notifier.rules.cron import Cron, Interval
from tests.fakes.jumping_clock import JumpingClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@asynccontextmanager
async def running(clock: Clock) -> AsyncIterator[Embedded]:
    engine = Embedded(clock)
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


class Jumps:
    """Jumps along with a clock and tells how often a bell has rung by then."""

    def __init__(self, engine: Embedded, clock: JumpingClock) -> None:
        self._engine, self._clock = engine, clock
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1

    def after(self, step: timedelta) -> int:
        self._clock.jump(step)
        self._engine.wake()
        return self.rings


async def test_an_interval_rings_again_and_again_and_once_for_all_it_missed() -> None:
    clock = JumpingClock(NOON)
    async with running(clock) as engine:
        jumps = Jumps(engine, clock)
        engine.every("hourly", Interval(3600), "UTC", jumps.ring)
        assert [jumps.after(step) for step in (HOUR / 2, HOUR / 2, HOUR / 2, 24 * HOUR)] == [0, 1, 1, 2]


async def test_a_clock_that_was_put_back_rings_and_goes_on() -> None:
    clock = JumpingClock(NOON)
    async with running(clock) as engine:
        jumps = Jumps(engine, clock)
        engine.every("hourly", Interval(3600), "UTC", jumps.ring)
        assert [jumps.after(step) for step in (-1000 * HOUR, HOUR / 2, HOUR / 2)] == [1, 1, 2]


async def test_a_cron_line_rings_on_the_clocks_of_its_zone() -> None:
    clock = JumpingClock(NOON)
    async with running(clock) as engine:
        jumps = Jumps(engine, clock)
        engine.every("nightly", Cron("17 3 * * *"), "Asia/Shanghai", jumps.ring)
        to_the_minute = timedelta(hours=7, minutes=16)
        assert [jumps.after(step) for step in (to_the_minute, timedelta(minutes=1), 24 * HOUR)] == [0, 1, 2]


async def test_one_instant_rings_once_and_a_new_bell_of_the_name_replaces_it() -> None:
    clock = JumpingClock(NOON)
    async with running(clock) as engine:
        jumps = Jumps(engine, clock)
        engine.at("retry", NOON + HOUR, jumps.ring)
        engine.at("retry", NOON + 2 * HOUR, jumps.ring)
        assert [jumps.after(HOUR) for _ in range(4)] == [0, 1, 1, 1]


async def test_a_forgotten_bell_is_silent() -> None:
    clock = JumpingClock(NOON)
    async with running(clock) as engine:
        jumps = Jumps(engine, clock)
        engine.every("hourly", Interval(3600), "UTC", jumps.ring)
        engine.forget("hourly")
        engine.forget("hourly")
        assert jumps.after(2 * HOUR) == 0


async def test_a_clock_that_runs_rings_by_itself_in_the_loops_own_thread() -> None:
    async with running(ShiftedClock(NOON, speed=360_000)) as engine:
        rung = asyncio.Event()

        def ring() -> None:
            asyncio.get_running_loop()
            rung.set()

        engine.every("hourly", Interval(3600), "UTC", ring)
        engine.at("soon", NOON + HOUR, ring)
        engine.by("due", NOON + HOUR, ring)
        for _ in range(3):
            rung.clear()
            await asyncio.wait_for(rung.wait(), 5)


async def test_a_bell_is_quiet_while_its_loop_waits_and_nobody_rang() -> None:
    noticed = asyncio.Event()
    bell = Bell(noticed)
    quiet = [bell.quiet]
    loop = asyncio.create_task(bell.answer())
    await noticed.wait()
    quiet.append(bell.quiet)
    bell.ring()
    bell.ring()
    quiet.append(bell.quiet)
    await loop
    quiet.append(bell.quiet)
    assert quiet == [False, True, False, False]
