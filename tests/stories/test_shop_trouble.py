"""A shop that is down, full of old orders, out of its mind, or wrong about one order."""

from __future__ import annotations

from datetime import timedelta

from notifier.model.reminder import State
from tests.stories.stage import Stage
from tests.stories.world import START, mail_of, order, phone_of


async def test_while_the_shop_is_down_nothing_is_said_and_afterwards_it_is(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    await stage.shop.close()
    await stage.fast_forward(hours=12)
    assert (await stage.reminder(1001)).reason.startswith("the shop cannot be read")
    assert (await stage.mark()).failures == 1
    await stage.fast_forward(minutes=3)
    stage.expect_silence()
    await stage.shop.open(stage.shop.port)
    await stage.fast_forward(minutes=3)
    stage.expect_sms(1001)


async def test_after_too_long_an_outage_it_is_too_late(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    await stage.shop.close()
    await stage.fast_forward(hours=37)
    await stage.shop.open(stage.shop.port)
    await stage.fast_forward(hours=1)
    reminder = await stage.reminder(1001)
    assert (reminder.state, reminder.reason) == (State.EXPIRED, "it is too late for it to make sense")


async def test_a_shop_that_is_down_is_asked_less_and_less_often(stage: Stage) -> None:
    await stage.open("unpaid-nudge")
    await stage.shop.close()
    await stage.fast_forward(hours=1)
    for seconds in (5, 10, 30, 60):
        failures = (await stage.mark()).failures
        await stage.fast_forward(seconds=seconds / 2 - 1)
        assert (await stage.mark()).failures == failures
        await stage.fast_forward(seconds=seconds / 2 + 1)
        assert (await stage.mark()).failures == failures + 1


async def test_a_first_start_on_two_thousand_old_orders_says_nothing_about_them(stage: Stage) -> None:
    def old(number: int) -> None:
        placed = START - timedelta(days=90 + number % 300)
        fields = {"placed": placed.isoformat(), "updated": placed.isoformat()}
        if number % 2:
            paid, shipped, delivered = ((placed + timedelta(days=days)).isoformat() for days in (0.1, 1, 3))
            package = {"id": "p1", "number": f"SF{number}", "carrier": "SF", "shipped": shipped, "delivered": delivered}
            fields |= {"state": "delivered", "paid": paid, "shipped": shipped, "delivered": delivered}
            stage.show({**order(number), **fields, "parcels": [package]})
        else:
            stage.show({**order(number), **fields})

    for number in range(10_000, 12_000):
        old(number)
    stage.settings["jobs"] = {}
    await stage.open()
    await stage.fast_forward(minutes=29)
    assert await stage.messages() == []
    await stage.fast_forward(days=2)
    (line,) = stage.logged("reminders left alone: they are too old to make sense")
    assert line["by_job"]["unpaid-nudge"] == line["by_job"]["shipment-notice"] == 1000
    assert line["count"] == sum(line["by_job"].values())
    said = [(message.job, message.order) for message in await stage.messages()]
    assert said == [("morning-list", "")], "the morning's digest, the day after tomorrow"
    stage.all_messages()


async def test_a_poll_that_would_change_too_much_pauses_the_source_until_a_person_approves(stage: Stage) -> None:
    stage.settings["sources"]["shop"]["pause_count"] = 3
    stage.show(*(order(number) for number in range(1001, 1006)))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=1)
    for number in range(1001, 1006):
        stage.change(number, state="cancelled", cancelled=stage.clock.now().isoformat())
    await stage.fast_forward(hours=1)
    assert "notifier approve" in (await stage.mark()).paused
    assert [(await stage.reminder(number)).state for number in range(1001, 1006)] == [State.PLANNED] * 5
    await stage.fast_forward(hours=1)
    assert len(stage.logged("a source is paused")) == 2

    await stage.command("approve", "shop")
    await stage.fast_forward(hours=1)
    assert (await stage.mark()).paused == ""
    assert [(await stage.reminder(number)).state for number in range(1001, 1006)] == [State.CANCELLED] * 5


async def test_one_bad_order_is_put_aside_and_the_others_go_on(stage: Stage) -> None:
    stage.show(order(1001), order(1002, placed="the day before yesterday"), order(1003))
    await stage.open("unpaid-nudge")
    (aside,) = await stage.quarantined()
    assert (aside.order, "placed" in aside.reason) == ("1002", True)
    await stage.fast_forward(hours=12)
    assert {message["to"] for message in stage.twilio.messages} == {phone_of(1001), phone_of(1003)}
    stage.expect_sms(1001)
    stage.expect_sms(1003)

    stage.change(1002, placed=stage.clock.now().isoformat())
    await stage.fast_forward(hours=1)
    assert await stage.quarantined() == []
    await stage.fast_forward(hours=11)
    stage.expect_sms(1002)


async def test_an_order_that_is_gone_from_the_shop_is_not_cancelled_but_waits(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    gone = stage.shop.orders.pop("1001")
    await stage.fast_forward(hours=12)
    reminder = await stage.reminder(1001)
    assert (reminder.state, reminder.reason) == (State.PLANNED, "the shop does not show this order at the moment")
    stage.shop.put({**gone, "customer_phone": ""})
    await stage.fast_forward(minutes=15)
    assert stage.expect_mail(1001)["To"].addresses[0].addr_spec == mail_of(1001)
