"""How the program is timed beside its bare parts: in turns, in one process, the middle of several rounds."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Pace:
    """What a second brings: of ours, of the bare parts, and the middle of each round's own ratio."""

    ours: float
    bare: float
    ratio: float


class Side(Protocol):
    """One of the two, on files of its own. Only `run` is timed."""

    async def prepare(self, round_: int) -> None:
        """Lay out the work of a round."""
        ...

    async def run(self) -> None:
        """Do it."""
        ...

    async def done(self) -> int:
        """How many pieces were really done; AssertionError when that is not all of them."""
        ...

    async def close(self) -> None: ...


async def compare(pairs: list[tuple[Side, Side]], rounds: int, tell: Callable[[str], None]) -> list[Pace]:
    """Time (ours, bare) of each pair in `rounds` rounds, after one that does not count.

    The pairs take turns too, so that a noisy minute of the machine falls on all of them. Garbage is collected before
    each run; during it the collector works as it does in the program.
    """
    speeds: list[list[tuple[float, float]]] = [[] for _ in pairs]
    for round_ in range(rounds + 1):
        tell(f"round {round_} of {rounds}")
        for number, (ours, bare) in enumerate(pairs):
            first, second = (ours, bare) if round_ % 2 else (bare, ours)
            one, two = await _time(first, round_), await _time(second, round_)
            if round_:
                speeds[number].append((one, two) if round_ % 2 else (two, one))
    return [_middle(pair) for pair in speeds]


def _middle(speeds: list[tuple[float, float]]) -> Pace:
    ours, bare = zip(*speeds, strict=True)
    return Pace(statistics.median(ours), statistics.median(bare), statistics.median(a / b for a, b in speeds))


async def _time(side: Side, round_: int) -> float:
    await side.prepare(round_)
    gc.collect()
    start = time.perf_counter()
    await side.run()
    seconds = time.perf_counter() - start
    return await side.done() / seconds
