"""Strategies that several properties share. Each costs as few of Hypothesis' choices as it can: they are its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import time
from math import prod
from typing import Any, TypeVar

from hypothesis import strategies as st

from notifier.model.oncall import Period

T = TypeVar("T")


def some_of(items: Sequence[T]) -> st.SearchStrategy[frozenset[T]]:
    """Any of these, all or none."""
    return st.integers(0, 2 ** len(items) - 1).map(
        lambda chosen: frozenset(item for number, item in enumerate(items) if chosen >> number & 1)
    )


def combined(build: Callable[..., T], *parts: Sequence[Any]) -> st.SearchStrategy[T]:
    """`build`, called with one of each of the parts: every combination is as likely as any other."""

    def chosen(number: int) -> T:
        picked = []
        for part in parts:
            number, place = divmod(number, len(part))
            picked.append(part[place])
        return build(*picked)

    return st.integers(0, prod(map(len, parts)) - 1).map(chosen)


def together(*parts: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple of one of each of the parts."""
    return combined(lambda *picked: picked, *parts)


WEEKDAYS = [frozenset(day for day in range(7) if chosen >> day & 1) for chosen in range(2**7)]
"""Every choice of them."""
HOURS = [time(hour) for hour in range(24)]
minutes_of_day = combined(time, range(24), range(60))
periods = st.builds(Period, st.sampled_from(WEEKDAYS), minutes_of_day, minutes_of_day)
"""Hours of duty on some weekdays."""
