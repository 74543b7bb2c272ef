"""What the pipeline needs from a way to reach people."""

from __future__ import annotations

from typing import Protocol

from notifier.model.message import Attempt, Message, Outcome
from notifier.model.order import Customer


class Channel(Protocol):
    """A way to reach people.

    `kind` says which text it takes: "email", "sms", "chat", or "voice", which is for agents alone. `address_of` is how
    it would reach this customer, None if it cannot. `compose` makes the final bytes (the same message gives the same
    bytes; raises RenderError when it cannot be said this way, before anything is recorded). `deliver` sends exactly
    `attempt.content` at most once, never retries by itself, and turns every failure into an Outcome: it raises nothing
    but CancelledError.
    `concurrency` is how many deliveries it takes at a time.
    """

    name: str
    kind: str
    concurrency: int

    def address_of(self, customer: Customer) -> str | None: ...

    def compose(self, message: Message) -> bytes: ...

    async def deliver(self, attempt: Attempt) -> Outcome: ...

    async def close(self) -> None: ...
