"""Due: from a reminder that is due to one that is done, next to a bare loop that claims, renders and marks.

The channel does nothing: it takes the text for its bytes and has delivered at once. The program asks the shop again
(which answers from memory), asks every gate, commits intent and bytes before it delivers, and the outcome after it.
The bare loop has the orders in memory; it claims batches of the same size, renders the same e-mails (text and HTML)
with the same `Texts`, and marks each batch as done, all at `synchronous=FULL`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.bare import Bare
from benchmarks.shop import NAME, PLANNER, SENT, START, TEXTS, Ready, paid, pipeline
from notifier.asking import Claims
from notifier.clock import Clock, ShiftedClock
from notifier.interfaces import Channel
from notifier.loops import advance
from notifier.model.message import Attempt, Message, Outcome, Receipt
from notifier.model.order import Customer, Order
from notifier.model.reminder import State
from notifier.store import open_store
from notifier.store.instants import micros
from notifier.store.sql import SqlStore

BATCH = 500
_CLAIM = (
    "WITH first AS (SELECT id FROM reminders WHERE state = 'planned' AND wake <= ? ORDER BY wake, id LIMIT ?)"
    " UPDATE reminders SET fence = fence + 1, wake = ? WHERE id IN (SELECT id FROM first)"
    " RETURNING id, order_id, step, occurrence"
)
_DONE = "UPDATE reminders SET state = 'accepted', attempts = attempts + 1, updated = ? WHERE id = ?"
_LEASE = 300_000_000


class Nothing:
    """A channel that has always delivered already."""

    concurrency = 1000

    def __init__(self, name: str = "email") -> None:
        self.name = self.kind = name

    def address_of(self, customer: Customer) -> str | None:
        return customer.email or None

    def compose(self, message: Message) -> bytes:
        return composed(message.text, message.html)

    async def deliver(self, attempt: Attempt) -> Outcome:
        return Receipt()

    async def close(self) -> None:
        return


def composed(text: str, html: str) -> bytes:
    """What both sides take for the bytes to send."""
    return f"{text}\n{html}".encode()


def due_orders(round_: int, count: int) -> list[bytes]:
    """Orders that no other round has, each with one reminder that is due at once."""
    return [paid(f"P{round_:02}-{number:06}", round_ * 1_000_000 + number) for number in range(count)]


class Ours:
    """The program, from claiming to recorded outcomes, as its daemon runs it: batch after batch, deliveries beside."""

    def __init__(self, store: SqlStore, count: int, *channels: Channel, clock: Clock | None = None) -> None:
        self._store = store
        self._count = count
        self._channels = channels
        self._source = Ready()
        self._again = asyncio.Event()
        clock = clock or ShiftedClock(START)
        self._pipeline = pipeline(store, self._source, clock, *channels, again=self._again.set)

    async def prepare(self, round_: int) -> None:
        self._source.offer(due_orders(round_, self._count))
        await self._pipeline.poll(NAME)
        self._before = await self._accepted()

    async def run(self) -> None:
        claims: Claims | None = None
        while True:
            batch, claims = await advance(self._pipeline, claims, BATCH)
            if batch is None:
                self._again.clear()
                await self._again.wait()
            elif not batch.claimed:
                break
        await self._pipeline.deliveries.drain()

    async def done(self) -> int:
        done = await self._accepted() - self._before
        assert done == self._count, f"{done} of {self._count} were accepted: {await self._store.counts()}"
        return done

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()
        await self._store.close()

    async def _accepted(self) -> int:
        return (await self._store.counts()).get(State.ACCEPTED, 0)


class BareLoop:
    """Claim, render, mark."""

    def __init__(self, file: Path, count: int) -> None:
        self._file = file
        self._database = Bare(file)
        self._count = count
        self._orders: dict[str, Order] = {}

    async def prepare(self, round_: int) -> None:
        """The same rows as the program has, planned by the program."""
        source, store = Ready(), await open_store(f"sqlite:///{self._file}")
        source.offer(due_orders(round_, self._count))
        await pipeline(store, source, ShiftedClock(START)).poll(NAME)
        await store.close()
        self._orders = {id_: source.order(record) for id_, record in source.orders.items()}
        self._done = 0

    async def run(self) -> None:
        job, now = PLANNER.jobs[SENT], micros(START)

        def claim(connection: Connection) -> list[tuple[int, str, int, str]]:
            return connection.exec_driver_sql(_CLAIM, (now, BATCH, now + _LEASE)).all()  # type: ignore[return-value]

        while rows := self._database.run(claim):
            done = []
            for id_, order, step, occurrence in rows:
                text = TEXTS.render(job, self._orders[order], "email", (), step, occurrence)
                assert composed(text.text, text.html)
                done.append((now, id_))
            self._database.run(lambda connection, done=done: connection.exec_driver_sql(_DONE, done))  # type: ignore[misc]
            self._done += len(done)

    async def done(self) -> int:
        assert self._done == self._count
        return self._done

    async def close(self) -> None:
        self._database.close()
