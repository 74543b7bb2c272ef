"""What providers answer, and what becomes of the message."""

from __future__ import annotations

import pytest

from notifier.model.reminder import State
from tests.fakes.smtp_server import Act, Answer
from tests.fakes.twilio import refusal
from tests.stories.stage import Stage
from tests.stories.world import mail_of, order, phone_of


async def test_a_number_that_takes_no_sms_gets_an_email_at_once_and_is_never_called_again(stage: Stage) -> None:
    stage.twilio.numbers[phone_of(1001)] = refusal(400, 21614)
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=12)
    stage.expect_mail(1001, "waiting for payment")
    asked = stage.twilio.requests

    stage.show(order(1002, customer_phone=phone_of(1001), placed=stage.clock.now().isoformat()))
    await stage.fast_forward(hours=12)
    stage.expect_mail(1002)
    assert stage.twilio.requests == asked


async def test_who_was_refused_does_not_wait_for_messages_that_take_long(stage: Stage) -> None:
    stage.mail.will("dot", Act.SILENCE, Act.SILENCE)
    stage.twilio.numbers[phone_of(1001)] = refusal(400, 21614)
    stage.show(order(1001), order(1002, customer_phone=""))
    await stage.open("unpaid-nudge")
    stage.jump(hours=12)
    await stage.mail.ends(2, seconds=10)  # sooner than the daemon looks by itself
    stage.mail.take_it_at_last()
    await stage.settled()
    stage.expect_mail(1002)
    stage.expect_mail(1001)


async def test_a_mail_server_that_is_busy_is_tried_again_ever_later_and_gets_it_once(stage: Stage) -> None:
    stage.mail.will("RCPT", *["451 4.3.2 please try again later"] * 3)
    stage.show(order(1001))
    await stage.open("unpaid-nudge", channels=["email"])
    await stage.fast_forward(hours=12)
    for minutes in (1, 2, 5):
        stage.expect_silence()
        tries = len(stage.mail.commands)
        await stage.fast_forward(minutes=minutes, seconds=-1)
        assert len(stage.mail.commands) == tries
        await stage.forward_to((await stage.reminder(1001)).wake)
    stage.expect_mail(1001)
    await stage.fast_forward(days=1)


@pytest.mark.parametrize("end", [Act.CUT, "???"], ids=["reset", "nonsense"])
async def test_what_nobody_saw_the_end_of_is_held_and_never_said_again(stage: Stage, end: Answer) -> None:
    stage.mail.will("dot", end)
    stage.show(order(1001))
    await stage.open("unpaid-nudge", channels=["email"])
    await stage.fast_forward(hours=12)
    (row,) = await stage.messages(State.HELD)
    assert (row.order, row.attempt.address) == ("1001", mail_of(1001))
    await stage.restart()
    await stage.fast_forward(hours=13)
    assert len(stage.mail.ended) == 1
    assert [row.attempt.id for row in await stage.messages()] == [row.attempt.id]
    assert (await stage.reminder(1001)).state is State.HELD


async def test_a_refused_customer_without_another_way_is_a_failure_with_its_reason(stage: Stage) -> None:
    stage.mail.will("RCPT", "550 5.1.1 no such user here")
    stage.show(order(1001, customer_phone=""))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=12)
    reminder = await stage.reminder(1001)
    assert reminder.state is State.FAILED
    assert "no channel reaches this customer" in reminder.reason
