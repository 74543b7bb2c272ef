"""What the pipeline needs from a shop: orders to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from notifier.clock import Clock
from notifier.model.order import Order
from notifier.model.shop import Shop


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is given besides its options: the shop, the clock, and the folder its relative paths start at."""

    shop: Shop
    clock: Clock
    folder: Path


@dataclass(frozen=True, slots=True)
class Record:
    """One order as the shop gave it, not yet understood. Equal `digest` means: nothing has changed."""

    id: str
    digest: str
    fields: Any


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the cursor to save together with them. `trouble` are records without a usable id."""

    records: tuple[Record, ...]
    cursor: str
    trouble: tuple[str, ...] = ()


class Source(Protocol):
    """A shop we read.

    `poll` goes on from a cursor that an earlier page carried (None: from the beginning) and yields pages until nothing
    newer is left; re-reading an overlap is its own affair, the same order may come again. It is asked for the next page
    while this one is being applied: what counts is the cursor that the next `poll` is given. `look` reads single
    orders afresh, right before something is said about them: what it does not return is unknown to the shop. Both
    raise SourceError when the shop cannot be read, within their time-outs; neither ever writes to the shop. `order`
    understands a record, and raises BadOrder.
    """

    name: str

    def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]: ...

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]: ...

    def order(self, record: Record) -> Order: ...

    async def close(self) -> None: ...
