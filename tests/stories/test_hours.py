"""Quiet hours on the reader's clock, nights in which the clocks change, and a clock that jumps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifier.model.reminder import State
from tests.stories.stage import Stage
from tests.stories.world import START, order

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("placed", "said"),
    [
        pytest.param(datetime(2026, 3, 2, 20, tzinfo=UTC), datetime(2026, 3, 3, 13, tzinfo=UTC), id="winter"),
        pytest.param(datetime(2026, 3, 7, 20, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC), id="clocks-forward"),
        pytest.param(datetime(2026, 10, 31, 20, tzinfo=UTC), datetime(2026, 11, 1, 13, tzinfo=UTC), id="clocks-back"),
    ],
)
async def test_nobody_is_woken_and_eight_is_eight_on_the_readers_clock(
    stage: Stage, placed: datetime, said: datetime
) -> None:
    stage.clock.jump(placed - START)
    stage.show(order(1001, placed=placed.isoformat(), customer_zone=NEW_YORK))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=12)
    reminder = await stage.reminder(1001)
    assert (reminder.reason, reminder.wake) == ("quiet hours", said)
    await stage.forward_to(said)
    stage.expect_sms(1001)


@pytest.mark.parametrize(
    ("placed", "at", "said"),
    [
        pytest.param("2026-03-07T20:00:00Z", "02:30", "2026-03-08T07:00:00Z", id="an hour that does not exist"),
        pytest.param("2026-10-31T20:00:00Z", "01:30", "2026-11-01T05:30:00Z", id="an hour that comes twice"),
    ],
)
async def test_what_is_due_in_the_hour_that_changes_is_said_once(stage: Stage, placed: str, at: str, said: str) -> None:
    stage.clock.jump(datetime.fromisoformat(placed) - START)
    stage.settings["send"]["quiet_hours"] = {"service": "none", "marketing": "none"}
    stage.show(order(1001, placed=placed, customer_zone=NEW_YORK))
    await stage.open("unpaid-nudge", after="1h", at=at)
    due = (await stage.reminder(1001)).due
    assert due == datetime.fromisoformat(said)
    await stage.forward_to(due)
    stage.expect_sms(1001)
    for _ in range(3):
        await stage.fast_forward(hours=1)


async def test_a_machine_that_slept_says_what_still_makes_sense_and_nothing_twice_when_put_back(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge", "payment-deadline")
    later = datetime(2026, 3, 12, 0, tzinfo=UTC)
    stage.show(order(1002, placed=later.isoformat()))
    await stage.fast_forward(hours=1)
    await stage.forward_to(datetime(2026, 3, 12, 12, tzinfo=UTC))
    stage.expect_sms(1002)
    assert (await stage.reminder(1001)).state is State.EXPIRED

    await stage.fast_forward(days=-11)
    await stage.fast_forward(days=11)
    await stage.fast_forward(hours=12)
