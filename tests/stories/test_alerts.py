"""Alerts from end to end: a job raises one, the staff is called, and it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notifier.interfaces import AlertSelection
from notifier.model.alert import Alert, AlertState
from tests.fakes.twilio import refusal
from tests.stories.office import DUE, STAFF, late, staff
from tests.stories.stage import Stage
from tests.stories.world import parcel


async def alert_of(stage: Stage) -> Alert:
    """The only alert."""
    (found,) = await stage.ask(lambda store: store.list_alerts(AlertSelection(tuple(AlertState))))
    return found


async def listed(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    """What `notifier alerts` lists."""
    rows: list[dict[str, Any]] = json.loads(await stage.command("alerts", *arguments, "--format", "json"))
    return rows


async def ann_is_called(stage: Stage) -> None:
    """It is ten o'clock, two hours before the deadline, and Ann hears of it."""
    stage.oncall = STAFF
    stage.show(late(1001))
    await stage.open("ship-deadline", **DUE)
    await stage.fast_forward(hours=1)
    stage.expect_call("ann", "alert 1", "1001", "1a")


def ship(stage: Stage, number: int = 1001) -> None:
    """The order leaves now."""
    left = stage.clock.now().isoformat()
    stage.change(number, state="shipped", shipped=left, parcels=[parcel(number, left)])


async def test_three_silent_agents_are_called_in_order_then_the_whole_again(stage: Stage) -> None:
    await ann_is_called(stage)
    for minutes, agent in ((10, "bob"), (20, "sue"), (60, "ann"), (10, "bob"), (20, "sue")):
        await stage.fast_forward(minutes=minutes - 1, seconds=59)
        stage.expect_silence()
        await stage.fast_forward(seconds=1)
        stage.expect_call(agent, "1001")

    for _ in range(5):
        await stage.fast_forward(days=1)
    stage.expect_silence()
    (row,) = await listed(stage)
    assert (row["state"], row["order"], row["times"]) == ("open", "1001", 1)


async def test_whoever_was_called_hears_that_the_order_was_shipped_and_nobody_else(stage: Stage) -> None:
    stage.settings["sources"]["shop"]["every"] = "5m"
    await ann_is_called(stage)
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")
    ship(stage)
    await stage.fast_forward(minutes=5)
    stage.expect_call("ann", "alert 1 is over", "1001")
    stage.expect_call("bob", "alert 1 is over", "1001")
    assert await listed(stage) == []
    await stage.fast_forward(days=2)


async def test_a_call_that_is_due_asks_the_shop_first(stage: Stage) -> None:
    """The next poll is an hour away; Bob would be called before it."""
    stage.settings["sources"]["shop"]["orders_url"] = f"{stage.shop.url}/orders?ids={{ids}}"
    await ann_is_called(stage)
    ship(stage)
    await stage.fast_forward(minutes=10)
    stage.expect_call("ann", "alert 1 is over", "the order has been shipped")
    await stage.fast_forward(days=2)


async def test_an_alert_that_somebody_took_and_that_ends_by_itself_tells_whoever_was_woken(stage: Stage) -> None:
    await ann_is_called(stage)
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")
    assert "is yours, ann" in await stage.command("ack", "1", "--as", "ann")
    await stage.fast_forward(hours=3)
    stage.expect_silence()
    ship(stage)
    await stage.fast_forward(hours=1)
    stage.expect_call("ann", "alert 1 is over")
    stage.expect_call("bob", "alert 1 is over")


async def test_whoever_closes_it_is_not_told_that_it_is_over(stage: Stage) -> None:
    await ann_is_called(stage)
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")
    await stage.command("resolve", "1", "--as", "bob", "--reason", "sent by hand")
    await stage.fast_forward(seconds=1)
    stage.expect_call("ann", "alert 1 is over", "sent by hand (bob)")
    await stage.fast_forward(days=2)


async def test_a_later_step_opens_again_what_somebody_had_taken(stage: Stage) -> None:
    """24 and 6 hours before the deadline; Ann takes it the evening before, and in the morning it is still there."""
    stage.oncall = STAFF
    stage.show(late(1001, ship_by="2026-03-03T16:00:00Z"))
    await stage.open("ship-deadline", before=["24h", "6h"], after=[])
    await stage.fast_forward(hours=7)
    stage.expect_call("ann", "alert 1", "1001")
    await stage.command("ack", "1", "--as", "ann")
    await stage.fast_forward(hours=17, minutes=59)
    stage.expect_silence()
    await stage.fast_forward(minutes=1)
    stage.expect_call("ann", "alert 1", "1001")
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")
    alert = await alert_of(stage)
    assert (alert.state, alert.round, alert.times, alert.by) == (AlertState.OPEN, 2, 2, "")


async def test_a_later_step_begins_anew_while_nobody_has_it(stage: Stage) -> None:
    """The first ladder has come to Sue when the deadline is there: then it begins with Ann, and its rest is gone."""
    stage.oncall = STAFF
    stage.show(late(1001))
    await stage.open("ship-deadline", before="35m", after="0s", within="7d")
    await stage.fast_forward(hours=2, minutes=25)
    for agent, minutes in (("ann", 10), ("bob", 20)):
        stage.expect_call(agent, "Ship by")
        await stage.fast_forward(minutes=minutes)
    stage.expect_call("sue", "Ship by")
    await stage.fast_forward(minutes=5)
    stage.expect_call("ann", "LATE since")
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "LATE since")
    await stage.fast_forward(minutes=20)
    stage.expect_call("sue", "LATE since")
    await stage.fast_forward(minutes=59)


@pytest.mark.parametrize("taken", [False, True])
async def test_a_snooze_holds_until_its_time_and_then_the_ladder_begins_anew(stage: Stage, taken: bool) -> None:
    await ann_is_called(stage)
    if taken:
        await stage.command("ack", "1", "--as", "ann")
    await stage.command("snooze", "1", "2026-03-02T13:00", "--as", "bob")
    await stage.fast_forward(hours=2, minutes=59, seconds=59)
    stage.expect_silence()
    assert (await listed(stage))[0]["state"] == "open"
    await stage.fast_forward(seconds=1)
    stage.expect_call("ann", "1001")
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")


async def test_what_people_do_stands_in_the_history_with_their_names(stage: Stage) -> None:
    await ann_is_called(stage)
    await stage.command("note", "1", "the carrier calls back at four", "--as", "ann")
    await stage.command("snooze", "1", "1h", "--as", "ann")
    await stage.command("ack", "1", "--as", "bob")
    await stage.command("resolve", "1", "--as", "sue", "--reason", "sent by hand")
    await stage.fast_forward(seconds=1)
    stage.expect_call("ann", "is over")
    told = await stage.command("alert", "1")
    words = ("opened", "ann by text", "the carrier calls back at four", "until 2026-03-02 11:00", "bob", "sent by hand")
    assert [word for word in words if word not in told] == []
    assert await listed(stage) == []
    assert (await listed(stage, "--state", "resolved"))[0]["id"] == 1


async def test_a_call_that_a_channel_refuses_goes_by_the_next(stage: Stage) -> None:
    stage.oncall = staff(shipping={"steps": [{"tell": ["ann"], "by": ["sms", "email"]}], "times": 0})
    stage.twilio.numbers[stage.oncall["agents"]["ann"]["phone"]] = refusal(400, 21211)
    stage.show(late(1001))
    await stage.open("ship-deadline", **DUE)
    await stage.fast_forward(hours=1)
    await stage.fast_forward(seconds=1)
    stage.expect_call("ann", "1001")
    assert (len(stage.twilio.messages), len(stage.mail.taken)) == (0, 1)
