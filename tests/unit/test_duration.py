"""Lengths of time as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.duration import Duration, parse_duration

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
DESCENDING = "wdhms"


@pytest.mark.parametrize(
    ("text", "seconds", "months", "working_days"),
    [
        ("90s", 90, 0, 0),
        ("15m", 900, 0, 0),
        ("12h", 43_200, 0, 0),
        ("3d", 259_200, 0, 0),
        ("2w", 1_209_600, 0, 0),
        ("1h30m", 5400, 0, 0),
        ("1w2d", 777_600, 0, 0),
        ("0s", 0, 0, 0),
        ("2mo", 0, 2, 0),
        ("1y", 0, 12, 0),
        ("1y6mo", 0, 18, 0),
        ("2wd", 0, 0, 2),
        ("20y", 0, 240, 0),
    ],
)
def test_what_can_be_written(text: str, seconds: int, months: int, working_days: int) -> None:
    duration = parse_duration(text)
    assert duration == Duration(seconds, months, working_days, text)
    assert duration.exact == (not months and not working_days)
    assert str(duration) == text


@pytest.mark.parametrize(
    "text",
    ["", "12", "h", "12 h", "-3d", "+3d", "1.5h", "3D", "12h!", "!12h", "h12", "1h 30m", "two days", "2mon", "\n3d"],
)
def test_what_is_none_is_told_how_to_be_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write a number and a unit, such as 90s 15m 12h 3d"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["1mo2d", "2wd3h", "1y2wd", "1mo1s"])
def test_calendar_and_clock_do_not_mix(text: str) -> None:
    with pytest.raises(ValueError, match="mixes calendar and clock units; write it in one of them"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["21y", "241mo", "2001wd", "7321d", "999999999999999w"])
def test_nothing_is_longer_than_twenty_years(text: str) -> None:
    with pytest.raises(ValueError, match="longer than twenty years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "by_day"),
    [
        ("3d", True),
        ("2w", True),
        ("1w2d", True),
        ("0d", True),
        ("2mo", True),
        ("1y", True),
        ("2wd", True),
        ("12h", False),
        ("72h", False),
        ("1d12h", False),
        ("15m", False),
        ("90s", False),
        ("0s", False),
    ],
)
def test_by_day_is_what_was_written_in_days_or_longer(text: str, by_day: bool) -> None:
    assert parse_duration(text).by_day is by_day


@given(st.dictionaries(st.sampled_from(DESCENDING), st.integers(0, 99), min_size=1))
def test_units_add_up(parts: dict[str, int]) -> None:
    text = "".join(f"{parts[unit]}{unit}" for unit in DESCENDING if unit in parts)
    assert parse_duration(text).seconds == sum(count * SECONDS[unit] for unit, count in parts.items())


@given(st.text("0123456789smhdwyo ", max_size=10))
def test_anything_is_a_duration_or_a_sentence(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017 - both ends are right
    else:
        assert str(duration) == text
