"""Four hundred orders are late within a minute, and the staff hears of them by a group robot that mutes who floods."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from notifier.interfaces import AlertSelection
from notifier.model.alert import AlertState
from notifier.rules.alerts import worst_first
from tests.fakes.robots import KEY, SECRET, Robots
from tests.stories.office import late
from tests.stories.stage import Stage

ORDERS = range(1000, 1400)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STAFF: dict[str, Any] = {
    "agents": {"desk": {"called": "Desk", "chat": {"group": "@all"}}},
    "policies": {"shipping": {"steps": [{"tell": ["desk"], "by": ["group"]}], "times": 0}},
}


class Group(Robots):
    """The chat group, which knows when each thing was said."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.clock)
        self.times: list[datetime] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.times.append(self.clock.now())
        return await super().answer(request)

    @property
    def most_in_a_minute(self) -> int:
        return max(sum(start <= other < start + MINUTE for other in self.times) for start in self.times)


@pytest.fixture
async def group(stage: Stage) -> AsyncIterator[Group]:
    async with Group(stage) as group:
        (stage.folder / "robot").write_text(KEY)
        (stage.folder / "secret").write_text(SECRET)
        stage.settings["channels"]["group"] = {
            "type": "dingtalk",
            "access_token": {"file": "robot"},
            "secret": {"file": "secret"},
            "base_url": group.url,
        }
        stage.settings["shop"]["late_shipping"] = {"share": 0.05}
        stage.settings["sources"]["shop"]["pause_count"] = 1000
        stage.oncall = STAFF
        yield group


def numbered(texts: list[str]) -> list[list[int]]:
    """The alerts that each message names, in its order."""
    return [[int(number) for number in re.findall(r"^(?:Urgent alert )?(\d+): ", text, re.MULTILINE)] for text in texts]


def counted(text: str) -> int:
    """How many alerts a message is about."""
    many = re.match(r"Urgent: (\d+) alerts, worst first:", text)
    return int(many[1]) if many else 1


def left_out(text: str) -> int:
    more = re.search(r"^and (\d+) more$", text, re.MULTILINE)
    return int(more[1]) if more else 0


async def check(stage: Stage, group: Group) -> None:
    """Every alert was named or counted, in one message, the worst first; and each call was made once."""
    texts = [said.text for said in group.said]
    named = numbered(texts)
    assert [len(own) + left_out(text) for own, text in zip(named, texts, strict=True)] == [*map(counted, texts)]
    assert sum(map(counted, texts)) == len(ORDERS)
    alerts = await stage.ask(lambda store: store.list_alerts(AlertSelection(tuple(AlertState), limit=1000)))
    order = [alert.id for alert in sorted(alerts, key=worst_first)]
    assert len(order) == len(ORDERS)
    for own in named:
        assert own == sorted(own, key=order.index)
    calls = await stage.ask(lambda store: store.calls([alert.id for alert in alerts]))
    assert {call.state for own in calls.values() for call in own} == {"accepted"}
    assert all(len(own) == 1 for own in calls.values())


async def test_four_hundred_at_once_are_one_message_or_two(stage: Stage, group: Group) -> None:
    stage.show(*(late(number, total=f"{number % 97 + 10}.00") for number in ORDERS))
    await stage.open("ship-deadline", before=[], after="0s", within="7d")
    await stage.forward_to(NOON)
    assert len(group.said) <= 2
    assert numbered([group.said[0].text])[0][:1], "the worst is named"
    await check(stage, group)
    await stage.fast_forward(days=1)


async def test_four_hundred_over_a_minute_become_bundles_within_the_limit(stage: Stage, group: Group) -> None:
    """Every two seconds thirteen more: a message each for the first twenty times, then one that holds all others."""
    moments = {number: NOON + (number - 1000) * MINUTE / len(ORDERS) for number in ORDERS}
    stage.show(*(late(number, ship_by=moment.isoformat()) for number, moment in moments.items()))
    await stage.open("ship-deadline", before=[], after="0s", within="7d")
    await stage.forward_to(NOON - timedelta(seconds=1))
    for _ in range(35):
        await stage.fast_forward(seconds=2)
    assert group.most_in_a_minute == 20
    assert len(group.said) <= 22
    await check(stage, group)
