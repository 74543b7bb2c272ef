"""What may stand in a text that leaves."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.text import clean_text

CASES = {
    "plain": ("Hello", "Hello"),
    "chinese, emoji with joiners": ("您好 👩‍👧 ❤️", "您好 👩‍👧 ❤️"),
    "line ends": ("a\r\nb\rc\u2028d\u2029e\x0bf\x0cg\x85h", "a\nb\nc\nd\ne\nf\ng\nh"),
    "tab stays": ("a\tb", "a\tb"),
    "nul, escape, bell, delete": ("a\0b\x1b[31mc\x07d\x7fe", "ab[31mcde"),
    "C1": ("a\x9bb", "ab"),
    "bidi": ("pay \u202egnp.exe\u202c \u2066x\u2069", "pay gnp.exe x"),
    "lone surrogates": ("a\ud83db\udc00c", "abc"),
    "byte order mark": ("\ufeffa\uffffb", "ab"),
    "composed": ("cafe\u0301", "café"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_cleans(text: str, expected: str) -> None:
    assert clean_text(text) == expected


@given(st.text(st.characters(codec=None), max_size=60))
def test_what_is_left_can_be_sent(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode()
    assert clean_text(cleaned) == cleaned
    assert {c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")} <= {"\n", "\t"}
