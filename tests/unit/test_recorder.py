"""Grouped commits: everything once, in few groups, and a failure reaches everyone it concerns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from notifier.recorder import Recorder


async def test_while_one_group_is_committed_the_next_gathers() -> None:
    groups: list[list[int]] = []
    go_on = asyncio.Event()

    async def commit(group: Sequence[int]) -> int:
        groups.append(list(group))
        await go_on.wait()
        return sum(group)

    recorder = Recorder(commit)
    first = asyncio.create_task(recorder.record(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(recorder.record(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(first, *others) == [1, 9, 9, 9]
    assert groups == [[1], [2, 3, 4]]


async def test_a_failure_reaches_its_own_group_alone() -> None:
    async def commit(group: Sequence[str]) -> str:
        if "bad" in group:
            raise OSError("disk full")
        return "safe"

    recorder = Recorder(commit)
    with pytest.raises(OSError, match="disk full"):
        await recorder.record("bad")
    assert await recorder.record("good") == "safe"


async def test_who_no_longer_waits_does_no_harm() -> None:
    async def commit(group: Sequence[int]) -> int:
        await asyncio.sleep(0)
        return len(group)

    recorder = Recorder(commit)
    leaving = asyncio.create_task(recorder.record(1))
    staying = asyncio.create_task(recorder.record(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 2
