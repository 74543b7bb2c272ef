"""When a failed send is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.retry import next_try

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATE = NOW + timedelta(days=2)
lengths = st.timedeltas(timedelta(0), timedelta(days=3))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("attempts", "wait"), [(0, 1), (1, 1), (2, 2), (3, 5), (4, 15), (5, 30), (6, 60), (7, 60), (1000, 60)]
)
def test_waits_grow_to_an_hour(attempts: int, wait: int) -> None:
    assert next_try(attempts, NOW, LATE, None, 0.0) == NOW + minutes(wait)
    assert next_try(attempts, NOW, LATE, None, 1.0) == NOW + minutes(wait * 1.2)


def test_a_longer_wait_that_the_provider_asked_for_wins() -> None:
    assert next_try(1, NOW, LATE, minutes(10), 0.0) == NOW + minutes(10)
    assert next_try(1, NOW, LATE, minutes(10), 0.5) == NOW + minutes(10.1)


def test_a_shorter_one_does_not() -> None:
    assert next_try(3, NOW, LATE, minutes(1), 0.0) == NOW + minutes(5)
    assert next_try(3, NOW, LATE, timedelta(0), 0.0) == NOW + minutes(5)


def test_none_after_the_message_has_become_pointless() -> None:
    assert next_try(6, NOW, NOW + minutes(60), None, 0.0) == NOW + minutes(60)
    assert next_try(6, NOW, NOW + minutes(60), None, 0.001) is None
    assert next_try(1, NOW, NOW + minutes(60), minutes(61), 0.0) is None
    assert next_try(1, NOW, NOW - minutes(60), None, 0.0) is None


def test_an_absurd_request_is_only_too_late() -> None:
    assert next_try(1, NOW, LATE, timedelta.max, 1.0) is None


@given(st.integers(0, 50), lengths, st.none() | lengths, st.floats(0, 1))
def test_never_earlier_than_asked_never_after_the_end(
    attempts: int, left: timedelta, asked: timedelta | None, jitter: float
) -> None:
    until = NOW + left
    found = next_try(attempts, NOW, until, asked, jitter)
    steady = next_try(attempts, NOW, NOW + timedelta(days=9), asked, 0.0)
    assert steady is not None
    if found is None:
        assert steady + minutes(60) * 0.2 > until
    else:
        assert NOW + (asked or minutes(1)) <= found <= until
        assert steady <= found <= steady + minutes(60) * 0.2


@given(st.integers(1, 50), st.none() | lengths, st.floats(0, 1))
def test_later_tries_never_wait_less(attempts: int, asked: timedelta | None, jitter: float) -> None:
    end = NOW + timedelta(days=9)
    first, second = (next_try(count, NOW, end, asked, jitter) for count in (attempts, attempts + 1))
    assert first is not None
    assert second is not None
    assert first <= second
