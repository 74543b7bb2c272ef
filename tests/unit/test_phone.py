"""What is one phone number, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from notifier.channels.phone import Country, parse_phone

TAKEN = {
    "E.164": ("+12025550123", "", "+12025550123"),
    "with spaces and brackets": (" +1 (202) 555-0123 ", "", "+12025550123"),
    "dots": ("+1.202.555.0123", "", "+12025550123"),
    "of the default country": ("138 0013 8000", "CN", "+8613800138000"),
    "with its own country code": ("+12025550123", "CN", "+12025550123"),
    "full width": ("＋８６１３８００１３８０００", "", "+8613800138000"),
    "arabic digits": ("+١٢٠٢٥٥٥٠١٢٣", "", "+12025550123"),
    "landline": ("020 7946 0958", "GB", "+442079460958"),
}
REFUSED = {
    "empty": ("", "CN"),
    "word": ("unknown", "US"),
    "no country": ("13800138000", ""),
    "list by comma": ("+12025550123,+12025550124", ""),
    "list by semicolon": ("+12025550123;+12025550124", ""),
    "list by slash": ("13800138000/13900139000", "CN"),
    "list by space": ("13800138000 13900139000", "CN"),
    "list by line": ("+12025550123\n+12025550124", ""),
    "extension": ("+12025550123 ext. 5", ""),
    "extension by x": ("+12025550123x5", ""),
    "vanity letters": ("1-800-FLOWERS", "US"),
    "pause": ("+12025550123p1", ""),
    "uri": ("tel:+12025550123", ""),
    "mail address": ("bob@example.com", "US"),
    "too short": ("+1202555", ""),
    "too long": ("+120255501234567", ""),
    "emergency": ("110", "CN"),
    "short code": ("12345", "US"),
    "does not exist": ("+10005550123", ""),
    "unknown country code": ("+9995550123", ""),
    "premium, United States": ("+1 900 555 0123", ""),
    "premium, Britain": ("+44 909 879 0123", ""),
    "toll-free": ("+1 800 555 0123", ""),
    "nul": ("+1202555\x000123", ""),
    "lone surrogate": ("+1202555\ud8000123", ""),
    "two pluses": ("++12025550123", ""),
    "megabytes": ("1" * 5_000_000, "US"),
}


@pytest.mark.parametrize(("text", "country", "number"), TAKEN.values(), ids=TAKEN.keys())
def test_takes_one_number(text: str, country: str, number: str) -> None:
    assert parse_phone(text, country) == number


@pytest.mark.parametrize(("text", "country"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_everything_else_without_quoting_it(text: str, country: str) -> None:
    with pytest.raises(ValueError, match="number") as caught:
        parse_phone(text, country)
    assert "555" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_writes_only_to_allowed_countries() -> None:
    assert parse_phone("+8613800138000", allowed=("CN", "HK")) == "+8613800138000"
    with pytest.raises(ValueError, match="countries"):
        parse_phone("+12025550123", allowed=("CN", "HK"))


@given(st.text(st.characters(codec=None), max_size=40))
def test_never_fails_otherwise(text: str) -> None:
    try:
        number = parse_phone(text, "US")
    except ValueError:
        return
    assert number.startswith("+")
    assert number[1:].isdecimal()
    assert number.isascii()


def test_countries_have_two_letters() -> None:
    countries = TypeAdapter(tuple[Country, ...])
    assert countries.validate_python(["CN", "US"]) == ("CN", "US")
    for wrong in ("China", "cn", "XX", ""):
        with pytest.raises(ValidationError):
            countries.validate_python([wrong])
