"""Signed links: what they say, and who cannot make or change them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.clock import VirtualClock
from notifier.links import GOOD_FOR, MOST_ALERTS, Links, call_address, link_secret
from notifier.store.memory import MemoryStore
from tests.fakes.staff import NOON

SECRET = "0123456789abcdef"
LINKS = Links("https://notifier.example.com/shop/", SECRET, VirtualClock(NOON))
URL_SAFE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


def test_a_link_leads_to_the_page_of_an_alert() -> None:
    link = LINKS.to_alert(12, "ada")
    head, _, token = link.rpartition("/")
    assert head == "https://notifier.example.com/shop/a"
    assert URL_SAFE.fullmatch(token)
    assert len(token) <= 45
    assert LINKS.read(token, NOON) == (12, "ada")
    assert LINKS.ticket(token, NOON) == ((12,), "ada")


def test_without_a_public_address_there_are_no_links() -> None:
    links = Links("", SECRET)
    assert links.to_alert(12, "ada") == ""
    assert links.to_alerts([12, 13], "ada") == ""
    assert call_address("") == ""


def test_it_is_good_for_fourteen_days() -> None:
    token = token_of(LINKS.to_alert(12, "ada"))
    assert timedelta(days=14) == GOOD_FOR
    assert LINKS.read(token, NOON + GOOD_FOR - timedelta(seconds=1)) == (12, "ada")
    assert LINKS.read(token, NOON + GOOD_FOR) is None
    assert LINKS.read(token, NOON - timedelta(days=1)) == (12, "ada")  # a clock that was put back


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40), st.text(min_size=1, max_size=30))
def test_a_bundle_says_which_and_whose(numbers: list[int], agent: str) -> None:
    token = LINKS.token(numbers, agent)
    assert URL_SAFE.fullmatch(token)
    assert LINKS.ticket(token, NOON) == (tuple(sorted(set(numbers))), agent)
    assert (LINKS.read(token, NOON) is None) == (len(set(numbers)) > 1)


def test_a_bundle_holds_the_first_of_too_many() -> None:
    ticket = LINKS.ticket(LINKS.token([*range(10_000, 11_000)], "ada"), NOON)
    assert ticket is not None
    assert ticket.numbers == tuple(range(10_000, 10_000 + MOST_ALERTS))


@given(st.data())
def test_no_changed_token_is_read(data: st.DataObject) -> None:
    token = LINKS.token([12], "ada")
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda letter: letter != token[place]))
    assert LINKS.ticket(token[:place] + letter + token[place + 1 :], NOON) is None


@pytest.mark.parametrize("tail", ["\r\n\r\n", "\n" * 8, "=", "==", "????", "::::", "@@@@", " " * 4, "A", "." * 4])
def test_nothing_is_added_to_a_token(tail: str) -> None:
    token = LINKS.token([12], "ada")
    for changed in (token + tail, tail + token, token.replace(".", f"{tail}.")):
        assert LINKS.ticket(changed, NOON) is None


@given(st.text(max_size=200))
def test_what_is_no_token_is_not_read(text: str) -> None:
    assert LINKS.ticket(text, NOON) is None


@pytest.mark.parametrize("text", ["", ".", "..", "a" * 10_000, "MTIgMTc5NTMwNTMxNCBhZGE", "🎁.x", "\ud800.x"])
def test_what_is_no_token_either(text: str) -> None:
    assert LINKS.read(text, NOON) is None


def test_another_secret_reads_nothing() -> None:
    token = LINKS.token([12], "ada")
    assert Links("https://notifier.example.com", SECRET + "x").ticket(token, NOON) is None
    assert Links("https://elsewhere.example.com", SECRET).ticket(token, NOON) == ((12,), "ada")


def test_the_address_of_a_call() -> None:
    link = LINKS.to_alert(12, "ada")
    assert call_address(link) == f"https://notifier.example.com/shop/twilio/voice/{token_of(link)}"


async def test_the_secret_is_made_once_and_kept() -> None:
    store = MemoryStore()
    made = await link_secret(store)
    assert len(made) >= 32
    assert await link_secret(store) == made
    assert await link_secret(MemoryStore()) != made


async def test_a_configured_secret_is_not_kept() -> None:
    store = MemoryStore()
    assert await link_secret(store, SECRET) == SECRET
    assert await store.meta("link secret") is None
