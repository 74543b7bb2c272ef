"""A promotion while orders come and go: the moment of an order decides, and nothing flips when the window is over."""

from __future__ import annotations

from datetime import timedelta

from tests.stories.stage import Stage
from tests.stories.world import START, at, order

HOUR = timedelta(hours=1)
SPRING = {"from": START - HOUR, "until": START + HOUR / 2}


async def test_an_order_of_the_promotion_is_treated_so_when_it_is_over(stage: Stage) -> None:
    """By e-mail after three hours instead of by SMS after twelve; both customers have both addresses."""
    changed = {"after": "3h", "channels": ["mail"]}
    stage.settings["promotions"] = {"spring": {**SPRING, "jobs": {"unpaid-nudge": changed}}}
    stage.show(order(1001))
    await stage.open("unpaid-nudge", channels=["text", "mail"])
    await stage.fast_forward(hours=1, minutes=30)
    stage.show(order(1002, placed=at("09:45")))
    await stage.restart()
    await stage.fast_forward(hours=1, minutes=29, seconds=59)
    stage.expect_silence()
    await stage.fast_forward(seconds=1)
    stage.expect_mail(1001, "1001")
    await stage.fast_forward(hours=9, minutes=45)
    stage.expect_sms(1002, "1002")


async def test_one_batch_of_both_goes_the_way_of_each(stage: Stage) -> None:
    changed = {"after": "11h", "channels": ["mail"]}
    stage.settings["promotions"] = {
        "spring": {"from": START + HOUR, "until": START + 2 * HOUR, "jobs": {"unpaid-nudge": changed}}
    }
    stage.show(order(1001), order(1002, placed=at("10:00")))
    await stage.open("unpaid-nudge", channels=["text"])
    await stage.fast_forward(hours=12)
    stage.expect_sms(1001)
    stage.expect_mail(1002)


async def test_a_promotion_that_is_added_late_moves_what_it_is_about(stage: Stage) -> None:
    stage.show(order(1001), order(1002, placed=at("09:45")))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=2)
    stage.settings["promotions"] = {"spring": {**SPRING, "jobs": {"unpaid-nudge": {"enabled": False}}}}
    await stage.reload()
    (promoted,) = await stage.reminders(1001)
    assert promoted.reason == "the job is switched off during spring"
    await stage.fast_forward(hours=10, minutes=45)
    stage.expect_sms(1002)
