"""Prints every message to the terminal: to see what would be said before anything is connected."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import Literal

from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome, Receipt, TryLater
from notifier.model.order import Customer
from notifier.options import ChannelOptions
from notifier.rules.text import clean_text


class ConsoleOptions(ChannelOptions):
    """`kind` says which text is printed. Names and numbers of customers are printed too: that is what it is for."""

    kind: Literal["email", "sms", "chat"] = "sms"


class Console:
    """One framed block a message on standard output. Every customer can be reached this way."""

    Options = ConsoleOptions

    def __init__(self, name: str, options: ConsoleOptions, around: Surroundings) -> None:
        self.name = name
        self.kind: str = options.kind
        self.concurrency = options.concurrency

    def address_of(self, customer: Customer) -> str | None:
        """What there is of the customer: the address that fits the kind first, in the end the word "customer"."""
        first = {"email": customer.email, "sms": customer.phone, "chat": customer.chat.get(self.name, "")}[self.kind]
        return first or customer.phone or customer.email or customer.id or "customer"

    def compose(self, message: Message) -> bytes:
        """The subject, if there is one, and the text."""
        return "\n\n".join(filter(None, (clean_text(message.subject), clean_text(message.text)))).encode()

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Print it. Without a standard output it is TryLater; characters it cannot show become question marks."""
        head = clean_text(f"{self.name} · {attempt.address} · {attempt.started.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
        lines = attempt.content.decode("utf-8", "replace").rstrip().split("\n")
        block = "\n".join([f"┌─ {' '.join(head.split())}", *(f"│ {line}" for line in lines), "└─\n"])
        try:
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(block.encode(encoding, "replace").decode(encoding))
            sys.stdout.flush()
        except (AttributeError, OSError, ValueError) as error:  # None, a broken pipe, closed
            return TryLater(f"standard output cannot be written to: {type(error).__name__}", channel_down=True)
        return Receipt()

    async def close(self) -> None:
        """Nothing is kept open."""
