"""Messages on standard output."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from notifier.channels.console import Console, ConsoleOptions
from notifier.model.message import Receipt, TryLater
from notifier.model.order import Customer
from tests.fakes.letters import deliver, surroundings


def console(**changes: Any) -> Console:
    return Console("screen", ConsoleOptions.model_validate({"type": "console"} | changes), surroundings())


async def test_prints_a_framed_block(capsys: pytest.CaptureFixture[str]) -> None:
    channel = console()
    assert await deliver(channel, subject="", text="Hello\nBob\n") == Receipt()
    await channel.close()
    assert capsys.readouterr().out == "┌─ screen · +12025550123 · 2026-03-01 09:00:00 UTC\n│ Hello\n│ Bob\n└─\n"


async def test_the_subject_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    await deliver(console(kind="email"), subject="Your order", text="Hello")
    assert capsys.readouterr().out.splitlines()[1:-1] == ["│ Your order", "│ ", "│ Hello"]


async def test_data_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    await deliver(console(), text="\x1b[2J\x9b31m\rgone\u202e", address="+1\n\x1b]0;title\x07", subject="\x1bc")
    printed = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in printed)
    assert all(line[0] in "┌│└" for line in printed.splitlines())


async def test_a_terminal_that_knows_ascii_only(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert await deliver(console(), subject="", text="你好 Bob") == Receipt()
    stream.seek(0)
    assert "?? Bob" in stream.read()


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "none"])
async def test_without_a_standard_output(closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream if closed else None)
    outcome = await deliver(console())
    assert isinstance(outcome, TryLater)
    assert outcome.channel_down


@pytest.mark.parametrize(
    ("kind", "customer", "address"),
    [
        ("sms", Customer(phone="+12025550123", email="bob@example.org"), "+12025550123"),
        ("email", Customer(phone="+12025550123", email="bob@example.org"), "bob@example.org"),
        ("chat", Customer(chat={"screen": "@bob"}, email="bob@example.org"), "@bob"),
        ("chat", Customer(email="bob@example.org"), "bob@example.org"),
        ("sms", Customer(id="c1"), "c1"),
        ("sms", Customer(), "customer"),
    ],
)
def test_everybody_can_be_reached(kind: str, customer: Customer, address: str) -> None:
    channel = console(kind=kind)
    assert channel.kind == kind
    assert channel.address_of(customer) == address
