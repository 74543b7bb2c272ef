"""Messages and attempts for tests of channels, and the surroundings a channel stands in."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from notifier.clock import VirtualClock
from notifier.interfaces import Channel, Surroundings
from notifier.model.message import Attempt, Message, Outcome
from notifier.model.shop import Shop

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TEXT = "Example Shop: order 1001 waits for its payment. 【示例店】今晚十点前付款 🎁"

_PLAIN = Message(
    id="r1001-1.unpaid-nudge@notifier.example.com",
    address="+12025550123",
    text=TEXT,
    written=NOW,
    until=NOW + timedelta(hours=2),
    name="Ada Lovelace",
    subject="Your order 1001",
)


def message(**changes: Any) -> Message:
    """A message that every channel can say, with some fields changed."""
    return replace(_PLAIN, **changes)


def attempt(channel: Channel, said: Message, number: int = 1) -> Attempt:
    """The intent to say it over this channel."""
    return Attempt(
        id=f"attempt-{number}",
        reminders=((number, 1),),
        channel=channel.name,
        address=said.address,
        content=channel.compose(said),
        message_id=said.id,
        purpose="service",
        customer="c1",
        started=NOW,
        until=said.until,
    )


async def deliver(channel: Channel, **changes: Any) -> Outcome:
    """Compose a message and deliver it once."""
    return await channel.deliver(attempt(channel, message(**changes)))


def surroundings(folder: Path = Path()) -> Surroundings:
    """A shop on a clock that stands still at NOW."""
    return Surroundings(Shop(), VirtualClock(NOW), folder)


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
