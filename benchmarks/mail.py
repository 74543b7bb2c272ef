"""Mail: from a reminder that is due to mail that a server has accepted, next to a bare pool of connections.

The pool keeps as many aiosmtplib connections as our channel does and sends e-mails that are ready bytes; it reads no
database, renders nothing and remembers nothing. Both speak to the same server in a process of its own.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiosmtplib
import msgspec

from benchmarks.due import due_orders
from benchmarks.shop import PLANNER, SENT, SHOP, START, TEXTS, normaliser
from notifier.channels.smtp import Smtp, SmtpOptions
from notifier.clock import Clock
from notifier.interfaces import Surroundings
from notifier.model.message import Message

SENDER = "shop@example.com"
CONNECTIONS = 32


def channel(port: int, clock: Clock) -> Smtp:
    """Our channel. The server shows no certificate; it is on this machine."""
    options = SmtpOptions.model_validate(
        {
            "type": "smtp",
            "host": "127.0.0.1",
            "port": port,
            "tls": "none",
            "sender": f"Example Shop <{SENDER}>",
            "concurrency": CONNECTIONS,
            "messages_per_connection": 100_000,
        }
    )
    return Smtp("email", options, Surroundings(SHOP, clock, Path()))


def ready(channel: Smtp, round_: int, count: int) -> list[tuple[str, bytes]]:
    """The e-mails that the program would send in this round: address and bytes."""
    job, read = PLANNER.jobs[SENT], normaliser()
    found = []
    for number, raw in enumerate(due_orders(round_, count)):
        order = read.order(msgspec.json.decode(raw))
        text = TEXTS.render(job, order, "email")
        message = Message(
            f"{round_}-{number}", order.customer.email, text.text, START, START, subject=text.subject, html=text.html
        )
        found.append((order.customer.email, channel.compose(message)))
    return found


class BarePool:
    """Kept aiosmtplib connections, each taking the next ready mail."""

    def __init__(self, port: int, count: int, channel: Smtp) -> None:
        self._port = port
        self._count = count
        self._channel = channel
        self._clients: list[aiosmtplib.SMTP] = []

    async def prepare(self, round_: int) -> None:
        self._mails = ready(self._channel, round_, self._count)
        self._sent = 0
        if not self._clients:
            self._clients = [
                aiosmtplib.SMTP(hostname="127.0.0.1", port=self._port, start_tls=False) for _ in range(CONNECTIONS)
            ]
            for client in self._clients:
                await client.connect()

    async def run(self) -> None:
        left = iter(self._mails)

        async def send(client: aiosmtplib.SMTP) -> None:
            for address, content in left:
                await client.sendmail(SENDER, [address], content)
                self._sent += 1

        await asyncio.gather(*(send(client) for client in self._clients))

    async def done(self) -> int:
        assert self._sent == self._count
        return self._sent

    async def close(self) -> None:
        for client in self._clients:
            await client.quit()
        await self._channel.close()
