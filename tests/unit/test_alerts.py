"""What becomes of an alert when something happens to it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from notifier.model.alert import Alert, AlertState
from notifier.model.job import Urgency
from notifier.model.order import Money
from notifier.rules.alerts import Occasion, acknowledged, opened, raised_again, resolved, snoozed, worst_first
from tests.fakes.staff import HOUR, KEY, NOON, alert

LATER = NOON + HOUR
RISK = Money(Decimal(30), "CNY")
AGAIN = Occasion("orders", Urgency.NORMAL)
NEXT_STEP = replace(AGAIN, step=1)
SEEN_AGAIN = replace(AGAIN, anew=False)

taken = alert(state=AlertState.ACKNOWLEDGED, by="ann", step=0, times=3)
snooze = replace(alert(), started=NOON + 5 * HOUR, round=2)
over = alert(state=AlertState.RESOLVED, by="ann", reason="shipped", step=2, times=5, round=4)


def test_a_new_one_begins_at_once() -> None:
    found, entry = opened(KEY, Occasion("orders", Urgency.URGENT, 2, "the shop is silent", RISK), NOON)
    assert found == Alert(
        *(0, KEY, AlertState.OPEN, "orders", Urgency.URGENT, NOON, NOON, NOON),
        step=2,
        what="the shop is silent",
        risk=RISK,
    )
    assert (entry.alert, entry.at, entry.what, entry.by, entry.text) == (0, NOON, "opened", "", "step 3")


def test_raised_again_while_open_everybody_hears_at_once() -> None:
    for occasion in (AGAIN, NEXT_STEP):
        found, entry = raised_again(alert(), occasion, LATER)
        assert (found.round, found.started, found.times, found.step) == (2, LATER, 2, occasion.step)
        assert (found.opened, found.changed, found.state) == (NOON, LATER, AlertState.OPEN)
        assert (entry.what, entry.text) == ("raised", "step 2" if occasion.step else "")


def test_what_is_only_seen_again_does_not_begin_the_ladder_again() -> None:
    found, _ = raised_again(alert(), SEEN_AGAIN, LATER)
    assert (found.round, found.started, found.times) == (1, NOON, 2)
    assert raised_again(alert(), replace(SEEN_AGAIN, step=1), LATER)[0].round == 2


def test_a_snooze_holds_until_a_later_step() -> None:
    found, _ = raised_again(snooze, AGAIN, LATER)
    assert (found.round, found.started, found.times) == (2, snooze.started, 2)
    woken, _ = raised_again(snooze, NEXT_STEP, LATER)
    assert (woken.round, woken.started) == (3, LATER)


def test_who_has_taken_it_keeps_it_until_a_later_step() -> None:
    for occasion in (AGAIN, SEEN_AGAIN):
        found, _ = raised_again(taken, occasion, LATER)
        assert (found.state, found.by, found.round, found.times) == (AlertState.ACKNOWLEDGED, "ann", 1, 4)
    found, _ = raised_again(taken, NEXT_STEP, LATER)
    assert (found.state, found.by, found.round, found.started, found.step) == (AlertState.OPEN, "", 2, LATER, 1)


def test_an_earlier_step_never_takes_the_place_of_a_later_one() -> None:
    assert raised_again(replace(taken, step=2), NEXT_STEP, LATER)[0].step == 2


def test_what_was_over_opens_again() -> None:
    found, entry = raised_again(over, SEEN_AGAIN, LATER)
    assert (found.state, found.round, found.times, found.step) == (AlertState.OPEN, 5, 1, 0)
    assert (found.opened, found.started, found.by, found.reason) == (LATER, LATER, "", "")
    assert entry.what == "opened"


def test_it_learns_what_is_at_stake_now_and_for_whom() -> None:
    found, _ = raised_again(taken, Occasion("finance", Urgency.URGENT, what="new", risk=RISK), LATER)
    assert (found.policy, found.urgency, found.what, found.risk) == ("finance", Urgency.URGENT, "new", RISK)
    again, _ = raised_again(found, AGAIN, LATER)
    assert (again.what, again.risk) == ("new", RISK)


def test_taken_and_closed() -> None:
    found, entry = acknowledged(alert(), "bob", LATER, "by SMS")
    assert (found.state, found.by, found.changed) == (AlertState.ACKNOWLEDGED, "bob", LATER)
    assert (entry.alert, entry.what, entry.by, entry.text) == (7, "acknowledged", "bob", "by SMS")
    found, entry = resolved(found, "", "shipped", LATER)
    assert (found.state, found.by, found.reason) == (AlertState.RESOLVED, "", "shipped")
    assert (entry.what, entry.by, entry.text) == ("resolved", "", "shipped")


def test_put_off_it_is_nobodys_and_begins_later() -> None:
    found, entry = snoozed(taken, LATER, "ann", NOON)
    assert (found.state, found.by, found.started, found.round) == (AlertState.OPEN, "", LATER, 2)
    assert (entry.what, entry.by, entry.text) == ("snoozed", "ann", "until 2026-03-02 13:00 UTC")


@pytest.mark.parametrize(
    "better",
    [
        {"urgency": Urgency.LOW},
        {"state": AlertState.ACKNOWLEDGED},
        {"risk": None},
        {"risk": Money(Decimal("9.5"), "CNY")},
        {"opened": LATER},
        {"id": 8},
    ],
)
def test_the_worst_comes_first(better: dict[str, object]) -> None:
    worst = alert(risk=RISK)
    assert worst_first(worst) < worst_first(replace(worst, **better))  # type: ignore[arg-type]
    assert worst_first(alert(urgency=Urgency.URGENT, state=AlertState.ACKNOWLEDGED)) < worst_first(worst)
