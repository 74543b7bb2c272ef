"""Alerts from end to end: a job raises one, the staff is called, and it ends."""

from __future__ import annotations

from typing import Any

from tests.stories.stage import Stage
from tests.stories.world import at, order

STAFF: dict[str, Any] = {
    "agents": {
        "ann": {"called": "Ann", "email": "ann@example.com", "phone": "+12025550191"},
        "bob": {"called": "Bob", "email": "bob@example.com", "phone": "+12025550192"},
        "sue": {"called": "Sue", "email": "sue@example.com", "phone": "+12025550193"},
    },
    "policies": {
        "shipping": {
            "steps": [
                {"tell": ["ann"], "by": ["sms"]},
                {"tell": ["bob"], "by": ["sms"], "after": "10m"},
                {"tell": ["sue"], "by": ["email"], "after": "20m"},
            ],
            "again": "1h",
            "times": 1,
        },
    },
}
"""Ann at once, Bob after ten minutes, Sue after half an hour, and after another hour the whole again."""


def late(number: int, **fields: Any) -> dict[str, Any]:
    """A paid order that ought to be shipped by noon."""
    return order(number, state="paid", paid=at("09:00"), ship_by=at("12:00"), **fields)


async def test_three_silent_agents_are_called_in_order_then_the_whole_again(stage: Stage) -> None:
    stage.oncall = STAFF
    stage.show(late(1001))
    await stage.open("ship-deadline", before="2h", after="0s", within="1d")
    await stage.fast_forward(hours=1)
    stage.expect_call("ann", "1001")
    await stage.fast_forward(minutes=9, seconds=59)
    stage.expect_silence()
    await stage.fast_forward(seconds=1)
    stage.expect_call("bob", "1001")
    await stage.fast_forward(minutes=20)
    stage.expect_call("sue", "1001")
    await stage.fast_forward(minutes=60)
    stage.expect_call("ann", "1001")
