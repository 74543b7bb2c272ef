"""An order that is not paid: its customer is nudged once, and not at all when they have paid."""

from __future__ import annotations

from notifier.model.reminder import State
from tests.stories.stage import Stage
from tests.stories.world import at, order


async def test_an_unpaid_order_is_nudged_once_after_twelve_hours(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=11, minutes=59, seconds=59)
    stage.expect_silence()
    await stage.fast_forward(seconds=1)
    stage.expect_sms(1001, "Example Shop", "1001", "awaits payment")
    await stage.fast_forward(hours=12)
    await stage.restart()


async def test_who_pays_a_second_before_is_not_nudged_though_no_poll_saw_it(stage: Stage) -> None:
    stage.settings["sources"]["shop"]["every"] = "1d"
    stage.show(order(1001), order(1002))
    await stage.open("unpaid-nudge")
    polls = stage.shop.lists
    await stage.fast_forward(hours=11, minutes=59, seconds=59)
    stage.change(1001, state="paid", paid=at("20:59"))
    await stage.fast_forward(seconds=1)
    stage.expect_sms(1002)
    assert stage.shop.lists == polls
    reminder = await stage.reminder(1001)
    assert (reminder.state, reminder.reason) == (State.CANCELLED, "the order is paid")


async def test_an_unknown_state_holds_everything_and_cancels_nothing(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=1)
    stage.change(1001, state="wait_4_audit")
    await stage.fast_forward(hours=12)
    assert (await stage.reminder(1001)).state is State.PLANNED
    assert "not known here" in (await stage.reminder(1001)).reason
    stage.change(1001, state="unpaid")
    await stage.fast_forward(hours=11)
    stage.expect_sms(1001)


async def test_a_state_gets_its_meaning_by_a_reload(stage: Stage) -> None:
    stage.show(order(1001, state="wait_4_audit"))
    await stage.open("unpaid-nudge")
    assert await stage.reminders(1001) == []
    stage.settings["sources"]["shop"]["states"] = {"wait_4_audit": "unpaid"}
    await stage.reload()
    await stage.fast_forward(hours=12)
    stage.expect_sms(1001)
