"""SMS that Twilio accepts, next to the bare SDK: by our channel alone, and from reminders that are due.

The SDK's own client keeps its connections and has as many callers as our channel; it sends texts that are ready, and
does nothing before or after. All speak to the same pretend Twilio in a process of its own.
"""

from __future__ import annotations

import asyncio
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from benchmarks.shop import SHOP, START
from notifier.channels.twilio import Twilio, TwilioOptions
from notifier.clock import Clock, ShiftedClock
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Receipt
from tests.fakes.twilio import ACCOUNT, SENDER, TOKEN

CALLERS = 50
TEXT = (
    "Example Shop: thank you! Order {} is paid (CN¥128.50) and ships by 22 November 2026, 13:00. "
    "https://shop.example.com/o/{}"
)


def channel(url: str, clock: Clock) -> Twilio:
    """Our channel."""
    options = TwilioOptions(
        type="twilio", account_sid=ACCOUNT, token=SecretStr(TOKEN), sender=SENDER, base_url=url, concurrency=CALLERS
    )
    return Twilio("sms", options, Surroundings(SHOP, clock, Path()))


class OurChannel:
    """Callers of our channel, with texts that are ready: what it makes of the same SDK."""

    def __init__(self, url: str, count: int) -> None:
        self._channel = channel(url, ShiftedClock(START))
        self._count = count

    async def prepare(self, round_: int) -> None:
        until = START + timedelta(hours=1)
        self._attempts = [
            self._attempt(f"{round_}-{number}", f"+86138{number:08}", TEXT.format(number, number), until)
            for number in range(self._count)
        ]
        self._sent = 0

    def _attempt(self, id_: str, number: str, text: str, until: datetime) -> Attempt:
        content = self._channel.compose(Message(id_, number, text, START, until))
        return Attempt(id_, (), "sms", number, content, id_, "service", "", START, until)

    async def run(self) -> None:
        left = iter(self._attempts)

        async def call() -> None:
            for attempt in left:
                outcome = await self._channel.deliver(attempt)
                self._sent += isinstance(outcome, Receipt)

        await asyncio.gather(*(call() for _ in range(CALLERS)))

    async def done(self) -> int:
        assert self._sent == self._count
        return self._sent

    async def close(self) -> None:
        await self._channel.close()


class _Rewritten(AsyncTwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client; only the address differs."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    async def request(self, method: str, url: str, **details: Any) -> Any:
        return await super().request(method, url.replace("https://api.twilio.com", self._base_url), **details)


class BareSdk:
    """Callers of `messages.create_async`."""

    def __init__(self, url: str, count: int) -> None:
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own client uses aiohttp's BasicAuth
        self._http = _Rewritten(url)
        self._messages = Client(ACCOUNT, TOKEN, http_client=self._http).messages
        self._count = count

    async def prepare(self, round_: int) -> None:
        self._texts = [(f"+86138{number:08}", TEXT.format(number, number)) for number in range(self._count)]
        self._sent = 0

    async def run(self) -> None:
        left = iter(self._texts)

        async def call() -> None:
            for number, text in left:
                sent = await self._messages.create_async(to=number, from_=SENDER, body=text, validity_period=3600)
                self._sent += bool(sent.sid)

        await asyncio.gather(*(call() for _ in range(CALLERS)))

    async def done(self) -> int:
        assert self._sent == self._count
        return self._sent

    async def close(self) -> None:
        await self._http.close()
