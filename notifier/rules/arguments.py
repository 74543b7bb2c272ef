"""The arguments of conditions, as job files write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from notifier.model.duration import Duration, parse_duration
from notifier.model.order import CaseKind, Money


def read_money(value: Any) -> Money:
    """Understand `"100 CNY"`. Raises ValueError."""
    try:
        amount, currency = str(value).split()
        money = Money(Decimal(amount), currency.upper())
    except (ValueError, InvalidOperation):
        money = None
    if money is None or not money.amount.is_finite() or money.amount < 0:
        raise ValueError(f'{value!r} is not an amount of money; write it as "100 CNY"')
    return money


def read_rating(value: Any) -> int:
    """Understand a number of stars, 1 to 5. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise ValueError(f"{value!r} is not a rating; write a number from 1 to 5")
    return value


def read_words(value: Any) -> frozenset[str]:
    """Understand a word or a list of words. Raises ValueError."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise ValueError(f"{value!r} is not a word or a list of words")
    return frozenset(words)


def read_kinds(value: Any) -> frozenset[str]:
    """Understand kinds of case. Raises ValueError."""
    kinds = read_words(value)
    if unknown := kinds - set(CaseKind):
        raise ValueError(f"there is no case kind {min(unknown)!r}; there are {', '.join(CaseKind)}")
    return kinds


def read_age(value: Any) -> Duration:
    """Understand a length of time that counts no working days. Raises ValueError."""
    duration = parse_duration(str(value))
    if duration.working_days:
        raise ValueError(f"{value!r} counts working days; write it in d, w, mo or y")
    return duration
