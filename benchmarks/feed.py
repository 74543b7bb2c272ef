"""Feed: polling orders, planning and storing them, next to bare parsing and inserting.

Both read the same bytes with the same reader (msgspec, the sources' Normaliser) and write the same rows, a page in a
transaction. The bare side decides nothing: it writes three fixed reminders for each order. When the orders are stored
already and unchanged, it compares hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
from sqlalchemy import Connection, bindparam, select

from benchmarks.bare import Bare
from benchmarks.shop import NAME, START, Ready, normaliser, pages, pipeline, unpaid
from notifier.clock import ShiftedClock
from notifier.model.order import Order
from notifier.store.instants import micros
from notifier.store.sql import SqlStore
from notifier.store.tables import orders

_INSERT_ORDER = "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_REMINDER = (
    "INSERT INTO reminders (source, order_id, job, subject, step, occurrence, customer, state, due, until, wake, ready,"
    " merge, reason, fence, attempts, crashes, refused, attempt, updated)"
    " VALUES (?, ?, ?, '', ?, '', ?, 'planned', ?, ?, ?, NULL, 0, '', 0, 0, 0, '', '', ?)"
)
_SET_CURSOR = (
    "INSERT INTO sources (source, cursor, rounds, failures, trouble, paused, approved) VALUES (?, ?, 0, 0, '', '', 0)"
    " ON CONFLICT (source) DO UPDATE SET cursor = excluded.cursor"
)
_DIGESTS = select(orders.c.id, orders.c.digest).where(
    orders.c.source == NAME, orders.c.id.in_(bindparam("ids", expanding=True))
)
_HOUR = 3_600_000_000
_PLANNED = (("unpaid-nudge", 0, 12), ("unpaid-nudge", 1, 20), ("payment-deadline", 0, 28))
_NOW = micros(START)


class _OnlyId(msgspec.Struct):
    id: str


class _Answer(msgspec.Struct):
    orders: list[msgspec.Raw]


_only_id = msgspec.json.Decoder(_OnlyId).decode
_answer = msgspec.json.Decoder(_Answer).decode


def new_orders(round_: int, count: int) -> list[bytes]:
    """Orders that no other round has."""
    return [unpaid(f"N{round_:02}-{number:06}", number) for number in range(count)]


class Ours:
    """The program: `Pipeline.poll` with all shipped jobs."""

    def __init__(self, store: SqlStore, count: int, *, unchanged: bool = False) -> None:
        self._store = store
        self._count = count
        self._unchanged = unchanged
        self._source = Ready()
        self._pipeline = pipeline(store, self._source, ShiftedClock(START))

    async def prepare(self, round_: int) -> None:
        if self._unchanged and round_:
            return
        self._source.offer(new_orders(round_, self._count))
        if self._unchanged:
            await self._pipeline.poll(NAME)
        self._planned = await self._store.count_planned(NAME)

    async def run(self) -> None:
        self._round = await self._pipeline.poll(NAME)

    async def done(self) -> int:
        planned = await self._store.count_planned(NAME) - self._planned
        assert planned == self._round.planned == (0 if self._unchanged else self._count * len(_PLANNED))
        return self._round.read

    async def close(self) -> None:
        await self._store.close()


class BareInserts:
    """Decode, normalise, insert."""

    def __init__(self, file: Path, count: int) -> None:
        self._database = Bare(file)
        self._count = count
        self._normaliser = normaliser()

    async def prepare(self, round_: int) -> None:
        self._bodies = list(pages(new_orders(round_, self._count)))
        self._written = 0

    async def run(self) -> None:
        for number, body in enumerate(self._bodies):
            read = [self._normaliser.order(raw) for raw in msgspec.json.decode(body)["orders"]]
            rows, planned = _order_rows(read), _reminder_rows(read)

            def insert(connection: Connection, rows=rows, planned=planned, number=number) -> None:  # type: ignore[no-untyped-def]
                connection.exec_driver_sql(_INSERT_ORDER, rows)
                connection.exec_driver_sql(_INSERT_REMINDER, planned)
                connection.exec_driver_sql(_SET_CURSOR, (NAME, str(number)))

            self._database.run(insert)
            self._written += len(rows)

    async def done(self) -> int:
        return self._written

    async def close(self) -> None:
        self._database.close()


def _order_rows(read: Sequence[Order]) -> list[tuple[object, ...]]:
    encode = msgspec.json.Encoder().encode
    return [
        (NAME, order.id, order.state.value, order.customer.id, micros(order.placed or START), _NOW, "", encode(order))
        for order in read
    ]


def _reminder_rows(read: Sequence[Order]) -> list[tuple[object, ...]]:
    return [
        (NAME, order.id, job, step, order.customer.id, due, due + 24 * _HOUR, due, _NOW)
        for order in read
        for job, step, hours in _PLANNED
        for due in (_NOW + hours * _HOUR,)
    ]


class BareHashes:
    """Split the answers, hash each order, look its hash up."""

    def __init__(self, file: Path, count: int) -> None:
        self._database = Bare(file)
        self._count = count

    async def prepare(self, round_: int) -> None:
        if round_:
            return
        self._bodies = list(pages(new_orders(round_, self._count)))
        rows = [
            (NAME, id_, "unpaid", "", 0, 0, digest, b"{}")
            for body in self._bodies
            for id_, digest in _hashes(body).items()
        ]
        self._database.run(lambda connection: connection.exec_driver_sql(_INSERT_ORDER, rows))

    async def run(self) -> None:
        self._same = 0
        for number, body in enumerate(self._bodies):
            found = _hashes(body)

            def compare(connection: Connection, found=found, number=number) -> int:  # type: ignore[no-untyped-def]
                known = dict(connection.execute(_DIGESTS, {"ids": list(found)}).all())
                connection.exec_driver_sql(_SET_CURSOR, (NAME, str(number)))
                return sum(known.get(id_) == digest for id_, digest in found.items())

            self._same += self._database.run(compare)

    async def done(self) -> int:
        assert self._same == self._count
        return self._same

    async def close(self) -> None:
        self._database.close()


def _hashes(body: bytes) -> dict[str, str]:
    return {_only_id(raw).id: blake2b(raw, digest_size=16).hexdigest() for raw in _answer(body).orders}
