"""The program beside the bare parts it is made of, in one table: `make bench`, or `python -m benchmarks`.

Every scenario runs with nothing pending and with a million reminders pending, ours and bare in turns, several rounds;
the figures are the middle ones. What each side does is written at the top of its own file.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import due, feed, files, mail, sms
from benchmarks.pace import Pace, Side, compare
from benchmarks.processes import mail_server, pretend_twilio
from benchmarks.shop import START
from notifier.clock import ShiftedClock
from notifier.collector import look_seldom
from notifier.store.sql import SqlStore

MILLION = 1_000_000
WORST_FALL = 0.1
"""How much of the ratio a million pending reminders may cost."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What the scenarios are made of: the pieces of a round, and what is closed after the last."""

    count: int
    stack: AsyncExitStack

    async def copies(self, template: Path) -> tuple[SqlStore, Path]:
        """A store for us and a file for the bare side, with the same rows."""
        store = await files.open_copy(template, "ours")
        return store, files.copy(template, "bare")


@dataclass(frozen=True, slots=True)
class Scenario:
    """`goal` is how much of the bare speed is asked for, None for what is only shown; `count` the pieces of a round."""

    name: str
    ours: str
    bare: str
    unit: str
    goal: float | None
    count: int
    pairs: Callable[[Bench, Sequence[Path]], Awaitable[list[tuple[Side, Side]]]]


async def _feed(bench: Bench, templates: Sequence[Path]) -> list[tuple[Side, Side]]:
    copies = [await bench.copies(template) for template in templates]
    return [(feed.Ours(store, bench.count), feed.BareInserts(file, bench.count)) for store, file in copies]


async def _unchanged(bench: Bench, templates: Sequence[Path]) -> list[tuple[Side, Side]]:
    copies = [await bench.copies(template) for template in templates]
    return [
        (feed.Ours(store, bench.count, unchanged=True), feed.BareHashes(file, bench.count)) for store, file in copies
    ]


async def _due(bench: Bench, templates: Sequence[Path]) -> list[tuple[Side, Side]]:
    copies = [await bench.copies(template) for template in templates]
    return [(due.Ours(store, bench.count, due.Nothing()), due.BareLoop(file, bench.count)) for store, file in copies]


async def _mail(bench: Bench, templates: Sequence[Path]) -> list[tuple[Side, Side]]:
    port = await bench.stack.enter_async_context(mail_server())
    found: list[tuple[Side, Side]] = []
    for template in templates:
        store, _ = await bench.copies(template)
        clock = ShiftedClock(START)
        # A shop has both channels; the second is asked how it would reach each customer.
        channels = mail.channel(port, clock), sms.channel("http://127.0.0.1:9", clock)
        bare = mail.BarePool(port, bench.count, mail.channel(port, clock))
        found.append((due.Ours(store, bench.count, *channels, clock=clock), bare))
    return found


async def _sms(bench: Bench, templates: Sequence[Path]) -> list[tuple[Side, Side]]:
    url = await bench.stack.enter_async_context(pretend_twilio())
    found: list[tuple[Side, Side]] = []
    for template in templates:
        store, _ = await bench.copies(template)
        clock = ShiftedClock(START)
        ours = due.Ours(store, bench.count, sms.channel(url, clock), clock=clock)
        found.append((ours, sms.BareSdk(url, bench.count)))
    return found


async def _channel(bench: Bench, templates: Sequence[Path]) -> list[tuple[Side, Side]]:
    url = await bench.stack.enter_async_context(pretend_twilio())
    return [(sms.OurChannel(url, bench.count), sms.BareSdk(url, bench.count)) for _ in templates]


SCENARIOS = (
    Scenario("feed", "poll, plan, store", "parse, insert", "orders/s", 0.4, 5_000, _feed),
    Scenario("unchanged", "poll again", "hash, compare", "orders/s", 0.4, 20_000, _unchanged),
    Scenario("due", "due to done", "claim, render, mark", "messages/s", 0.5, 4_000, _due),
    Scenario("mail", "due to accepted", "aiosmtplib pool", "e-mails/s", 0.5, 3_000, _mail),
    Scenario("sms", "the channel", "Twilio SDK", "SMS/s", 0.7, 1_500, _channel),
    Scenario("due-sms", "due to accepted", "Twilio SDK", "SMS/s", None, 1_500, _sms),
)


async def measure(
    scenario: Scenario, templates: Sequence[Path], rounds: int, scale: float, tell: Callable[[str], None]
) -> list[Pace]:
    """One scenario at each number of pending reminders, in turns."""
    async with AsyncExitStack() as stack:
        pairs = await scenario.pairs(Bench(int(scenario.count * scale), stack), templates)
        try:
            return await compare(pairs, rounds, lambda text: tell(f"{scenario.name}: {text}"))
        finally:
            for side in (side for pair in pairs for side in pair):
                await side.close()


async def run(given: argparse.Namespace, console: Console) -> list[tuple[Scenario, list[Pace]]]:
    """All scenarios that were asked for."""
    chosen = [scenario for scenario in SCENARIOS if not given.only or scenario.name in given.only]
    with (
        tempfile.TemporaryDirectory(prefix="notifier-bench-", dir=given.folder) as folder,
        console.status("making the files") as status,
    ):
        templates = [await files.make(Path(folder), pending) for pending in (0, given.pending)]
        return [
            (scenario, await measure(scenario, templates, given.rounds, given.scale, status.update))
            for scenario in chosen
        ]


def table(found: Sequence[tuple[Scenario, list[Pace]]], pending: int) -> Table:
    """A row for each scenario and number of pending reminders."""
    shown = Table(title="The program beside its bare parts")
    for heading in ("", "ours", "bare", "pending", "ours", "bare", "", "ratio", "goal", ""):
        shown.add_column(
            heading, justify="right" if heading in {"pending", "ours", "bare", "ratio", "goal"} else "left"
        )
    for scenario, paces in found:
        for number, (amount, pace) in enumerate(zip((0, pending), paces, strict=True)):
            names = (scenario.name, scenario.ours, scenario.bare) if number == 0 else ("", "", "")
            speeds = (f"{pace.ours:,.0f}", f"{pace.bare:,.0f}", scenario.unit)
            goal = "–" if scenario.goal is None else f"{scenario.goal:.1f}"
            verdict = _verdict(scenario, paces[0], pace)
            shown.add_row(*names, f"{amount:,}", *speeds, f"{pace.ratio:.2f}", goal, verdict)
    return shown


def _verdict(scenario: Scenario, without: Pace, pace: Pace) -> str:
    fall = 1 - pace.ratio / without.ratio
    if scenario.goal is not None and pace.ratio < scenario.goal:
        return "below the goal"
    return f"falls by {fall:.0%}" if fall >= WORST_FALL else "fine"


def main() -> None:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="SCENARIO", help=", ".join(one.name for one in SCENARIOS))
    parser.add_argument("--quick", action="store_true", help="a fifth of it: to see that it runs, not how fast")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--scale", type=float, default=1.0, help="pieces of a round, times this")
    parser.add_argument("--pending", type=int, default=MILLION, help="reminders that wait, beside none")
    parser.add_argument("--folder", type=Path, help="where the database files are made; a disk, not memory")
    given = parser.parse_args()
    if unknown := set(given.only) - {scenario.name for scenario in SCENARIOS}:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    if given.quick:
        given.rounds, given.scale, given.pending = 3, given.scale / 5, given.pending // 5
    console = Console(stderr=not sys.stdout.isatty(), log_path=False)
    look_seldom()  # for both sides, as the daemon does
    start = time.perf_counter()
    found = asyncio.run(run(given, console))
    Console(width=None if sys.stdout.isatty() else 140).print(table(found, given.pending))
    load = os.getloadavg()[0]
    print(
        f"{os.cpu_count()} cores, load {load:.1f}, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, "
        f"synchronous=FULL; the middle of {given.rounds} rounds; {time.perf_counter() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
