"""Marketing: to those who agreed, not more than they bear, and with a way out."""

from __future__ import annotations

from typing import Any

from notifier.model.reminder import State
from tests.stories.stage import Stage
from tests.stories.world import order


def bought(number: int, completed: str, **fields: Any) -> dict[str, Any]:
    """An old order of a customer who agreed to e-mails."""
    agreed = {"customer_consents": ["email"], "customer_id": f"c{number}"}
    return order(number, state="completed", placed="2026-01-02T09:00:00Z", completed=completed, **agreed | fields)


async def test_old_customers_are_asked_two_months_later_if_they_agreed(stage: Stage) -> None:
    stage.settings["shop"]["contact"] = "service@example.com"
    stage.show(
        bought(1001, "2026-01-10T10:00:00Z"),
        bought(1002, "2026-01-10T10:00:00Z", customer_consents=[]),
        bought(1003, "2026-01-10T10:00:00Z", customer_refuses=["email"]),
    )
    await stage.open("revisit")
    await stage.fast_forward(days=8, hours=1)
    assert stage.expect_mail(1001)["List-Unsubscribe"] == "<mailto:service@example.com?subject=unsubscribe>"
    assert (await stage.reminder(1002)).state is (await stage.reminder(1003)).state is State.SKIPPED
    assert "has not consented" in (await stage.reminder(1002)).reason
    assert "has refused" in (await stage.reminder(1003)).reason


async def test_nobody_gets_more_than_two_a_week_from_all_jobs_together(stage: Stage) -> None:
    one = {"customer_id": "c1", "customer_email": "buyer1001@example.com"}
    stage.settings["shop"]["greetings"] = [{"name": "Spring", "date": f"2026-03-{day:02}"} for day in (10, 11, 12)]
    stage.show(bought(1001, "2026-01-12T16:00:00Z", **one))
    await stage.open("revisit", "holiday-greeting")
    await stage.fast_forward(days=8, hours=1)
    stage.expect_mail(1001)
    await stage.fast_forward(days=1)
    stage.expect_mail(1001)
    await stage.fast_forward(days=1)
    await stage.fast_forward(hours=6)
    skipped = [reminder for reminder in await stage.reminders(1001) if reminder.state is State.SKIPPED]
    assert {reminder.key.job for reminder in skipped} == {"revisit", "holiday-greeting"}
    assert {reminder.reason for reminder in skipped} == {"the customer got 2 marketing messages within a week"}
