"""How many SMS a second our Twilio channel sends, next to the SDK alone: `python -m benchmarks.sms`.

Both speak to the same pretend Twilio in a process of its own, with the same number of callers and kept connections;
rounds alternate, and the middle one of each counts. Ours also composes, bounds the validity and judges the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from notifier.channels.twilio import Twilio, TwilioOptions
from notifier.clock import SystemClock
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Receipt
from notifier.model.shop import Shop
from tests.fakes.twilio import ACCOUNT, SENDER, TOKEN

TEXT = "Example Shop: your order {} is waiting for its payment. It is kept until tonight: https://shop.example.com/o/{}"
Send = Callable[[int], Awaitable[None]]


class _Rewritten(AsyncTwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client; only the address differs."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    async def request(self, method: str, url: str, **details: Any) -> Any:
        return await super().request(method, url.replace("https://api.twilio.com", self._base_url), **details)


def _number(number: int) -> str:
    return f"+1202555{number % 10_000:04}"


async def _run(send: Send, count: int, callers: int) -> float:
    numbers = iter(range(count))

    async def call() -> None:
        for number in numbers:
            await send(number)

    start = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return count / (time.perf_counter() - start)


def _bare(client: Any) -> Send:
    async def send(number: int) -> None:
        text = TEXT.format(number, number)
        sent = await client.messages.create_async(to=_number(number), from_=SENDER, body=text, validity_period=3600)
        assert sent.sid

    return send


def _ours(channel: Twilio) -> Send:
    async def send(number: int) -> None:
        now = datetime.now(UTC)
        until = now + timedelta(hours=1)
        message = Message(f"m{number}", _number(number), TEXT.format(number, number), now, until)
        content = channel.compose(message)
        outcome = await channel.deliver(
            Attempt(
                f"a{number}", ((number, 1),), "sms", message.address, content, message.id, "service", "", now, until
            )
        )
        assert isinstance(outcome, Receipt), outcome

    return send


@asynccontextmanager
async def _pretend_twilio() -> Any:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.twilio", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def measure(count: int, callers: int, rounds: int) -> tuple[float, float]:
    """Messages a second of the bare SDK and of the channel, the median of `rounds` each."""
    async with _pretend_twilio() as url:
        options = TwilioOptions(
            type="twilio", account_sid=ACCOUNT, token=SecretStr(TOKEN), sender=SENDER, base_url=url, concurrency=callers
        )
        channel = Twilio("sms", options, Surroundings(Shop(), SystemClock(), Path()))
        http = _Rewritten(url)
        senders = (_bare(Client(ACCOUNT, TOKEN, http_client=http)), _ours(channel))
        try:
            for send in senders:
                await _run(send, callers * 4, callers)
            speeds = [[await _run(send, count, callers) for send in senders] for _ in range(rounds)]
        finally:
            await channel.close()
            await http.close()
    bare, ours = zip(*speeds, strict=True)
    return statistics.median(bare), statistics.median(ours)


def main() -> None:
    """Measure and print one line each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sms", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="messages in a round")
    parser.add_argument("--callers", type=int, default=50, help="deliveries at a time")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own client uses aiohttp's BasicAuth
    bare, ours = asyncio.run(measure(given.count, given.callers, given.rounds))
    print(f"Twilio SDK alone   {bare:8.0f} SMS/s")
    print(f"our channel        {ours:8.0f} SMS/s   {ours / bare:.2f} of the SDK alone")


if __name__ == "__main__":
    main()
