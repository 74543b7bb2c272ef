"""The staff of a shop in stories about alerts, and what alerts them."""

from __future__ import annotations

from typing import Any

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

DUE: dict[str, Any] = {"before": "2h", "after": [], "within": "7d"}
"""The shipping job with one step: two hours before the deadline."""


def staff(hours: str = "", **policies: Any) -> dict[str, Any]:
    """The same people, all with these hours if there are any, and other policies if there are any."""
    agents = {name: {**agent, **({"hours": [hours]} if hours else {})} for name, agent in STAFF["agents"].items()}
    return {"agents": agents, "policies": policies or STAFF["policies"]}


def late(number: int, **fields: Any) -> dict[str, Any]:
    """A paid order that ought to be shipped by noon."""
    return order(number, state="paid", paid=at("09:00"), **{"ship_by": at("12:00"), **fields})
