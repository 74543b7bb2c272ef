"""Alerts at three in the morning, when nobody works."""

from __future__ import annotations

from notifier.model.reminder import State
from tests.stories.office import DUE, late, staff
from tests.stories.stage import Stage
from tests.stories.world import START

THREE = START.replace(day=3, hour=3)
LATE = "2026-03-03T05:00:00Z"
"""Two hours after three."""
STEPS = [
    {"tell": ["ann"], "by": ["sms"]},
    {"tell": ["bob"], "by": ["sms"], "after": "10m"},
    {"tell": ["sue"], "by": ["email"], "after": "20m"},
]


async def test_an_urgent_alert_wakes_somebody_at_once_and_climbs_on(stage: Stage) -> None:
    stage.oncall = staff("Mon-Fri 09:00-18:00", shipping={"steps": STEPS, "times": 0})
    stage.show(late(1001, ship_by=LATE))
    await stage.open("ship-deadline", **DUE)
    await stage.forward_to(THREE)
    stage.expect_call("ann", "Urgent alert 1")
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")
    await stage.fast_forward(minutes=20)
    stage.expect_call("sue", "1001")
    await stage.fast_forward(days=1)


async def test_what_is_not_urgent_waits_for_the_first_shift_and_nothing_of_it_is_lost(stage: Stage) -> None:
    """Two orders in the night; at nine Ann hears of both in one message, and the ladder goes on from there."""
    stage.oncall = staff("Mon-Fri 09:00-18:00", shipping={"steps": STEPS, "times": 0})
    stage.show(late(1001, ship_by=LATE), late(1002, ship_by="2026-03-03T06:00:00Z"))
    await stage.open("ship-deadline", **DUE, urgency="normal")
    await stage.forward_to(THREE)
    await stage.fast_forward(hours=1)
    await stage.fast_forward(hours=4, minutes=59, seconds=59)
    stage.expect_silence()
    rows = [*await stage.reminders(1001), *await stage.reminders(1002)]
    assert [row.state for row in rows if row.alert] == [State.PLANNED] * 6, "all calls of both wait for their time"
    await stage.fast_forward(seconds=1)
    stage.expect_call("ann", "2 alerts", "1001", "1002")
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "2 alerts", "1001", "1002")
    await stage.fast_forward(minutes=20)
    stage.expect_call("sue", "2 alerts", "1001", "1002")
    await stage.fast_forward(days=1)


async def test_a_shift_that_begins_is_told_of_the_night_before_it(stage: Stage) -> None:
    """Turns of a week: Ann had it until Monday, Bob has it from Tuesday on, with hours from six to two."""
    stage.oncall = {
        **staff(shipping={"steps": [{"tell": ["early"], "by": ["sms"]}], "times": 0}),
        "shifts": {
            "early": {"agents": ["ann", "bob"], "since": "2026-02-24", "turn": "7d", "hours": ["Mon-Sun 06:00-14:00"]}
        },
        "quiet": {"normal": "none"},
    }
    stage.show(late(1001, ship_by=LATE))
    await stage.open("ship-deadline", **DUE, urgency="normal")
    await stage.forward_to(THREE)
    await stage.fast_forward(hours=2, minutes=59, seconds=59)
    stage.expect_silence()
    await stage.fast_forward(seconds=1)
    stage.expect_call("bob", "1001")


async def test_quiet_hours_of_an_urgency_end_before_anybody_is_called(stage: Stage) -> None:
    stage.oncall = {**staff(shipping={"steps": STEPS[:1], "times": 0}), "quiet": {"urgent": "23:00-06:30"}}
    stage.show(late(1001, ship_by=LATE))
    await stage.open("ship-deadline", **DUE)
    await stage.forward_to(THREE)
    await stage.fast_forward(hours=3, minutes=29)
    stage.expect_silence()
    await stage.fast_forward(minutes=1)
    stage.expect_call("ann", "1001")
