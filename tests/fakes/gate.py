"""A channel that a test opens when it likes."""

from __future__ import annotations

import asyncio

from notifier.model.message import Attempt, Message, Outcome, Receipt
from notifier.model.order import Customer


class Gate:
    """A channel that keeps every message until it is let through, and knows how many it had at once."""

    name, kind = "texts", "sms"

    def __init__(self, concurrency: int = 2, *answers: Outcome) -> None:
        self.concurrency = concurrency
        self.answers = list(answers)
        self.open = asyncio.Event()
        self.inside = self.most = self.delivered = 0

    def address_of(self, customer: Customer) -> str | None:
        return customer.phone or None

    def compose(self, message: Message) -> bytes:
        return b""

    async def deliver(self, attempt: Attempt) -> Outcome:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.open.wait()
        self.inside -= 1
        self.delivered += 1
        return self.answers.pop(0) if self.answers else Receipt()

    async def close(self) -> None:
        return None


async def turns() -> None:
    """Let everything go on that can."""
    for _ in range(20):
        await asyncio.sleep(0)
