"""How many e-mails a second our SMTP channel hands over, next to aiosmtplib alone: `python -m benchmarks.mail`.

Both send the same ready bytes to the same sink in a process of its own, over the same number of kept connections;
rounds alternate, and the middle one of each counts. Ours also checks the address and the bytes, tells "not sent" from
"in doubt", judges the answer, and opens each connection anew after a hundred messages.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosmtplib

from benchmarks.sinks import mail_sink
from notifier.channels.smtp import Smtp, SmtpOptions
from notifier.clock import SystemClock
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Receipt
from notifier.model.shop import Shop

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TEXT = "Hello Bob,\n\nyour order 1001 has been waiting for its payment. It is kept for you until tonight.\n\n" * 7
HTML = (
    '<p>Your order <b>1001</b> waits for its payment: <a href="https://shop.example.com/o/1001">pay now</a></p>\n' * 18
)
MESSAGE = Message("m1", "bob@example.org", TEXT, NOW, NOW + timedelta(hours=2), "Bob", "Your order 1001", HTML)
Send = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result: what was measured, e-mails a second, and the share of the bare library's speed."""

    name: str
    per_second: float
    ratio: float


async def _round(sends: list[Send], count: int) -> float:
    left = iter(range(count))

    async def worker(send: Send) -> None:
        for _ in left:
            await send()

    start = time.perf_counter()
    await asyncio.gather(*map(worker, sends))
    return count / (time.perf_counter() - start)


async def _bare(stack: AsyncExitStack, port: int, content: bytes) -> Send:
    client = await stack.enter_async_context(
        aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="localhost")
    )

    async def send() -> None:
        await client.sendmail("shop@example.com", [MESSAGE.address], content)

    return send


def _ours(channel: Smtp, content: bytes) -> Send:
    ids = ((1, 1),)
    attempt = Attempt("a1", ids, "email", MESSAGE.address, content, "m1", "service", "", NOW, MESSAGE.until)

    async def send() -> None:
        outcome = await channel.deliver(attempt)
        assert isinstance(outcome, Receipt), outcome

    return send


async def _measure(pipelining: bool, count: int, callers: int, rounds: int) -> tuple[str, float, float]:
    """The sink's name, and e-mails a second of the bare library and of the channel: the median of `rounds` each."""
    async with AsyncExitStack() as stack:
        sink, port = stack.enter_context(mail_sink(pipelining=pipelining))
        options = SmtpOptions.model_validate(
            {"type": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "sender": "Shop <shop@example.com>"}
            | {"helo": "localhost", "concurrency": callers}
        )
        channel = Smtp("email", options, Surroundings(Shop(), SystemClock(), Path()))
        stack.push_async_callback(channel.close)
        content = channel.compose(MESSAGE)
        contestants = [
            [await _bare(stack, port, content) for _ in range(callers)],
            [_ours(channel, content)] * callers,
        ]
        for sends in contestants:
            await _round(sends, callers * 4)
        speeds = [[await _round(sends, count) for sends in contestants] for _ in range(rounds)]
    bare, ours = zip(*speeds, strict=True)
    return sink, statistics.median(bare), statistics.median(ours)


async def run(count: int = 5000, callers: int = 16, rounds: int = 5) -> list[Row]:
    """Measure with and without PIPELINING offered by the server."""
    rows = []
    for pipelining in (True, False):
        sink, bare, ours = await _measure(pipelining, count, callers, rounds)
        offer = f"{sink}, {'with' if pipelining else 'without'} PIPELINING, {callers} at a time"
        rows += [Row(f"aiosmtplib alone ({offer})", bare, 1.0), Row(f"our channel ({offer})", ours, ours / bare)]
    return rows


def main() -> None:
    """Measure and print one line each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mail", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="messages in a round")
    parser.add_argument("--callers", type=int, default=16, help="deliveries at a time")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for row in asyncio.run(run(given.count, given.callers, given.rounds)):
        print(f"{row.name:65} {row.per_second:8.0f} e-mails/s   {row.ratio:5.2f}")


if __name__ == "__main__":
    main()
