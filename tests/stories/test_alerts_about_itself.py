"""What the program tells the staff about its own troubles."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

from notifier.interfaces import AlertSelection
from notifier.model.alert import Alert, AlertState
from tests.fakes.loopback import Trouble
from tests.fakes.smtp_server import Act
from tests.fakes.twilio import refusal
from tests.stories.office import staff
from tests.stories.stage import Stage
from tests.stories.world import order, phone_of

POLICIES: dict[str, Any] = {
    "admins": {
        "steps": [{"tell": ["ann"], "by": ["sms"]}, {"tell": ["bob"], "by": ["sms"], "after": "30m"}],
        "times": 0,
    },
    "customer-service": {"steps": [{"tell": ["sue"], "by": ["email"]}], "times": 0},
}
ADMINS = staff(**POLICIES)
"""Ann and then Bob look after the machine, Sue after the customers."""


async def open_alerts(stage: Stage) -> list[Alert]:
    unresolved = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
    return list(await stage.ask(lambda store: store.list_alerts(AlertSelection(unresolved))))


# Messages


async def test_a_message_that_no_channel_delivers_is_told_to_customer_service(stage: Stage) -> None:
    stage.oncall = ADMINS
    stage.twilio.numbers[phone_of(1001)] = refusal(400, 21211)
    stage.mail.will("RCPT", "550 5.1.1 no such user")
    stage.show(order(1001))
    await stage.open("unpaid-nudge", "message-undeliverable")
    await stage.fast_forward(hours=12)
    await stage.fast_forward(seconds=1)
    stage.expect_call("sue", "order 1001", "could not be delivered", "notifier explain 1001")
    await stage.command("resolve", "1", "--as", "sue", "--reason", "called them")
    await stage.fast_forward(days=2)
    assert await open_alerts(stage) == []


async def test_a_message_in_doubt_waits_for_a_person_and_what_they_closed_stays_closed(stage: Stage) -> None:
    """Twilio takes the SMS and hangs up before it answers: nobody here can know that."""
    stage.oncall = ADMINS
    stage.twilio.troubles.append(Trouble(kept=True, reset=True))
    stage.show(order(1001))
    await stage.open("unpaid-nudge", "message-in-doubt")
    await stage.fast_forward(hours=12)
    stage.expect_sms(1001, "awaits payment")
    stage.expect_call("sue", "order 1001", "notifier messages --state held")
    assert "1001" in await stage.command("messages", "--state", "held")

    await stage.command("resolve", "1", "--as", "sue", "--reason", "it arrived")
    await stage.restart()
    stage.twilio.troubles.append(Trouble(kept=True, reset=True))
    stage.show(order(1002, placed=stage.clock.now().isoformat()))
    await stage.fast_forward(hours=1)
    await stage.fast_forward(hours=11)
    stage.expect_sms(1002, "awaits payment")
    stage.expect_call("sue", "order 1002")
    assert [alert.key.order for alert in await open_alerts(stage)] == ["1002"]


async def test_a_message_that_a_crash_left_in_doubt_is_told_at_the_next_start(stage: Stage) -> None:
    stage.oncall = ADMINS
    stage.mail.will("dot", Act.SILENCE)
    stage.show(order(1001, customer_phone=""))
    stage.use("unpaid-nudge", "message-in-doubt")
    stage.clock.jump(timedelta(hours=12))
    async with stage.program("run", doomed=True) as program:
        await stage.mail.ends(1)
        program.signal(signal.SIGKILL)
        assert await program.ended() == -signal.SIGKILL
    stage.clock.jump(timedelta(minutes=1))
    await stage.open()
    stage.expect_call("sue", "order 1001")
    assert [alert.key.order for alert in await open_alerts(stage)] == ["1001"]


# Sources


async def test_a_shop_that_is_silent_for_ten_minutes_is_told_and_so_is_that_it_answers_again(stage: Stage) -> None:
    stage.oncall = ADMINS
    stage.settings["sources"]["shop"]["every"] = "1m"
    await stage.open("source-silent")
    await stage.shop.close()
    for _ in range(10):
        await stage.fast_forward(minutes=1)
        stage.expect_silence()
    await stage.fast_forward(minutes=1)
    stage.expect_call("ann", 'The shop "shop" cannot be read')
    await stage.fast_forward(minutes=29)
    stage.expect_silence()
    await stage.fast_forward(minutes=1)
    stage.expect_call("bob", 'The shop "shop" cannot be read')
    await stage.shop.open(stage.shop.port)
    await stage.fast_forward(minutes=1)
    stage.expect_call("ann", "alert 1 is over", "can be read")
    stage.expect_call("bob", "alert 1 is over")

    await stage.shop.close()
    for _ in range(12):
        await stage.fast_forward(minutes=1)
    stage.expect_call("ann", "alert 1", 'The shop "shop" cannot be read')
    await stage.shop.open(stage.shop.port)


async def test_a_short_silence_is_nobodys_business(stage: Stage) -> None:
    stage.oncall = ADMINS
    stage.settings["sources"]["shop"]["every"] = "1m"
    await stage.open("source-silent")
    for _ in range(3):
        await stage.shop.close()
        for _ in range(8):
            await stage.fast_forward(minutes=1)
        await stage.shop.open(stage.shop.port)
        await stage.fast_forward(minutes=1)


async def test_a_paused_shop_is_told_until_somebody_approves(stage: Stage) -> None:
    stage.oncall = ADMINS
    stage.settings["sources"]["shop"]["pause_count"] = 3
    await stage.open("unpaid-nudge", "source-paused")
    stage.show(*(order(number) for number in range(1001, 1006)))
    await stage.fast_forward(hours=1)
    stage.expect_call("ann", "is paused")
    await stage.fast_forward(minutes=30)
    stage.expect_call("bob", "is paused")
    await stage.command("approve", "shop")
    await stage.fast_forward(hours=1)
    stage.expect_call("ann", "alert 1 is over")
    stage.expect_call("bob", "alert 1 is over")
    assert await open_alerts(stage) == []


# The clock


async def test_a_clock_that_was_put_far_back_silences_all_but_the_staff_until_it_is_right(stage: Stage) -> None:
    stage.oncall = ADMINS
    stage.settings["sources"]["shop"]["every"] = "5m"
    stage.show(order(1001))
    await stage.open("unpaid-nudge", "clock-wrong")
    await stage.fast_forward(hours=11, minutes=59)
    await stage.fast_forward(days=-30)
    stage.expect_call("ann", "clock of the machine is wrong")
    stage.show(order(1002, placed=(stage.clock.now() - timedelta(hours=13)).isoformat()))
    await stage.fast_forward(minutes=10)
    stage.expect_silence()
    assert (await stage.reminder(1002)).reason.startswith("it shows 2026-01-31")
    await stage.fast_forward(minutes=20)
    stage.expect_call("bob", "clock of the machine is wrong")

    await stage.fast_forward(days=30)
    stage.expect_call("ann", "alert 1 is over", "right again")
    stage.expect_call("bob", "alert 1 is over")
    stage.expect_sms(1001, "awaits payment")


async def test_whoever_closes_the_alert_says_that_the_clock_is_right_and_things_go_on(stage: Stage) -> None:
    """It was wrong before, thirty days ahead, and has been corrected."""
    stage.oncall = ADMINS
    await stage.open("unpaid-nudge", "clock-wrong")
    await stage.fast_forward(days=-30)
    stage.expect_call("ann", "clock of the machine is wrong")
    stage.show(order(1001, placed=stage.clock.now().isoformat()))
    await stage.fast_forward(minutes=10)
    await stage.restart()
    await stage.command("resolve", "1", "--as", "ann", "--reason", "it was ahead")
    await stage.fast_forward(hours=11, minutes=49)
    stage.expect_silence()
    await stage.fast_forward(minutes=1)
    stage.expect_sms(1001, "awaits payment")
    await stage.restart()
    await stage.fast_forward(days=2)

    await stage.fast_forward(hours=-6)
    stage.expect_call("ann", "alert 1", "clock of the machine is wrong")


async def test_without_anybody_to_tell_the_clock_is_believed(stage: Stage) -> None:
    await stage.open("unpaid-nudge")
    await stage.fast_forward(days=-30)
    stage.show(order(1001, placed=stage.clock.now().isoformat()))
    await stage.fast_forward(hours=1)
    await stage.fast_forward(hours=11)
    stage.expect_sms(1001)
