"""Replies to alerts by SMS: understood exactly, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.replies import Act, Reply, parse_reply


def take(*numbers: int) -> tuple[Reply, ...]:
    return tuple(Reply(Act.TAKE, number) for number in numbers)


def close(*numbers: int) -> tuple[Reply, ...]:
    return tuple(Reply(Act.CLOSE, number) for number in numbers)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("12a", take(12)),
        ("12 A", take(12)),
        ("A12", take(12)),
        (" a 12\n", take(12)),
        ("12c", close(12)),
        ("close 12", close(12)),
        ("ACK 12", take(12)),
        ("#12a.", take(12)),
        ("１２ａ", take(12)),
        ("接12", take(12)),
        ("12 关", close(12)),
        ("12a 13c", take(12) + close(13)),
        ("a12c13", take(12) + close(13)),
        ("12a,13a; 14c", take(12, 13) + close(14)),
        ("12、13 a", take(12, 13)),
        ("a 12, 13", take(12, 13)),
        ("12a 12a", take(12)),
        ("12a 12c", take(12) + close(12)),
    ],
)
def test_what_is_meant(text: str, meant: tuple[Reply, ...]) -> None:
    assert parse_reply(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a", "12", "12 13", "12a 13", "a12 c", "12ac", "a a 12", "0a", "1234567890a", "12-14a", "12b",
        "12 is a mistake", "ok 12a", "on holiday until 12, a colleague helps", "12a" * 167, "12a\0", "١٢ a b",
    ],
)  # fmt: skip
def test_what_is_not_understood_does_nothing(text: str) -> None:
    assert parse_reply(text) == ()


@given(st.text(max_size=600))
def test_anything_may_come_in(text: str) -> None:
    replies = parse_reply(text)
    assert all(0 < reply.number < 10**9 for reply in replies)
    assert len(set(replies)) == len(replies) <= 50


wishes = st.lists(
    st.builds(Reply, st.sampled_from(Act), st.integers(1, 999_999_999)), min_size=1, max_size=12, unique=True
)


@given(wishes, st.sampled_from(["", " "]), st.sampled_from([" ", ", ", "\n", " + "]), st.booleans(), st.booleans())
def test_every_way_of_writing_says_the_same(
    meant: list[Reply], within: str, between: str, first: bool, capital: bool
) -> None:
    def written(reply: Reply) -> str:
        letter = "a" if reply.act is Act.TAKE else "c"
        parts = [letter, str(reply.number)] if first else [str(reply.number), letter]
        text = within.join(parts)
        return text.upper() if capital else text

    assert parse_reply(between.join(map(written, meant))) == tuple(meant)


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=12, unique=True), st.booleans())
def test_one_letter_for_many(numbers: list[int], first: bool) -> None:
    listed = ", ".join(map(str, numbers))
    assert parse_reply(f"a {listed}" if first else f"{listed} a") == take(*numbers)
