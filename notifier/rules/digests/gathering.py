"""Gathers what a table is made of without keeping the orders: sums, means, and the worst of many rows."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from notifier.model.digest import Amounts, Cell
from notifier.model.order import Money
from notifier.rules.masking import mask_phone, mask_recipient

MOST_ROWS = 200
"""Rows of one table: more than anybody reads, and few enough for a message."""
_NOTHING = timedelta()
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+?\d[\d -]{6,}\d")


class Tally:
    """Counts things, and adds up their money, in each currency by itself, and their lengths of time."""

    def __init__(self) -> None:
        self.count = 0
        self._money: dict[str, Decimal] = {}
        self._time = _NOTHING
        self._timed = 0

    def add(self, money: Money | None = None, time: timedelta | None = None) -> None:
        """One more. Without money or time it is only counted."""
        self.count += 1
        if money is not None:
            self._money[money.currency] = self._money.get(money.currency, Decimal()) + money.amount
        if time is not None:
            self._time += time
            self._timed += 1

    def merge(self, other: Tally) -> None:
        """Add what another one counted."""
        self.count += other.count
        for money in other.money:
            self._money[money.currency] = self._money.get(money.currency, Decimal()) + money.amount
        self._time += other._time
        self._timed += other._timed

    @property
    def money(self) -> Amounts:
        """What it comes to, by currency."""
        return tuple(Money(self._money[currency], currency) for currency in sorted(self._money))

    @property
    def mean(self) -> timedelta | None:
        """The mean length of time, None when none was told."""
        return self._time / self._timed if self._timed else None


class Worst:
    """Keeps the worst rows of however many: those with the smallest `rank`. `counts` knows them all, by their class."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self.counts: Counter[str] = Counter()
        self._most = most
        self._kept: list[tuple[_Descending, tuple[Cell, ...]]] = []
        self._numbers = count()

    def add(self, class_: str, rank: tuple[Any, ...], row: tuple[Cell, ...]) -> None:
        """A row of a class; of equal ranks the first one stays."""
        self.counts[class_] += 1
        entry = (_Descending((*rank, next(self._numbers))), row)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """What was kept, the worst first."""
        return [row for _, row in sorted(self._kept, reverse=True)]

    @property
    def more(self) -> int:
        """How many were not kept."""
        return self.counts.total() - len(self._kept)


class _Descending:
    """Turns an order round, so that the heap's smallest is what can go first. No two are equal."""

    __slots__ = ("_rank",)

    def __init__(self, rank: tuple[Any, ...]) -> None:
        self._rank = rank

    def __lt__(self, other: _Descending) -> bool:
        return bool(self._rank > other._rank)


def masked(text: str) -> str:
    """What a buyer wrote, without the addresses and phone numbers in it."""
    text = _ADDRESS.sub(lambda match: mask_recipient(match[0]), text)
    return _PHONE.sub(lambda match: mask_phone(match[0]), text)


def shortened(texts: Iterable[str], longest: int = 80) -> str:
    """Texts behind each other, cut where they become too long for a table."""
    whole = ", ".join(filter(None, texts))
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"
