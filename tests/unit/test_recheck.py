"""Every gate before a send, and what each of them says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from notifier.model.duration import parse_duration
from notifier.model.job import Condition, Job, Purpose, Step
from notifier.model.order import Customer, Line, Order, OrderState
from notifier.model.reminder import Key, Reminder, State
from notifier.model.shop import QuietHours, SendingRules, Shop
from notifier.rules.plan import HELD, Planner
from notifier.rules.recheck import Drop, Facts, Question, Send, Wait, Way, recheck, recheck_all

T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
DUE = T0 + timedelta(hours=12)
UNTIL = DUE + timedelta(hours=24)
RULES = SendingRules({p: QuietHours(time(0), time(0)) for p in Purpose}, weekly_cap=2, daily_cap=3)
NIGHT = SendingRules({p: QuietHours(time(20), time(8)) for p in Purpose})
EMAIL, SMS = Way("mail", "email", "a@example.com"), Way("texts", "sms", "+12025550100")


def job(**changes: object) -> Job:
    step = Step(parse_duration("12h"))
    basic = Job("nudge", "order.placed", (step,), parse_duration("24h"), ("sms", "email"))
    return replace(basic, only_if=(Condition("unpaid"),), **changes)  # type: ignore[arg-type]


def question(what: Job | None = None, order: Order | None = None, now: datetime = DUE, **changes: object) -> Question:
    what = what or job()
    order = order or Order("shop", "1", OrderState.UNPAID, placed=T0, customer=Customer("c1"))
    reminder = Reminder(7, Key("shop", "1", "nudge"), State.SENDING, DUE, UNTIL, DUE)
    facts = Facts(now, "UTC", RULES, (SMS, EMAIL))
    facts = replace(facts, **{k: v for k, v in changes.items() if k != "refused"})  # type: ignore[arg-type]
    if "refused" in changes:
        reminder = replace(reminder, refused=changes["refused"])  # type: ignore[arg-type]
    return Question(reminder, what, order, Planner([what], Shop()), facts)


def unpaid(**changes: object) -> Order:
    return replace(Order("shop", "1", OrderState.UNPAID, placed=T0, customer=Customer("c1")), **changes)  # type: ignore[arg-type]


def test_what_nothing_objects_to_is_sent_by_the_first_way() -> None:
    assert recheck(question()) == Send("texts", "+12025550100")


def test_who_paid_meanwhile_is_not_nudged() -> None:
    paid = unpaid(state=OrderState.PAID, paid=DUE)
    assert recheck(question(order=paid)) == Drop(State.CANCELLED, "the order is paid")


def test_an_unknown_state_waits() -> None:
    assert recheck(question(order=unpaid(state=OrderState.OTHER))) == Wait(DUE + timedelta(minutes=15), HELD)


def test_a_moment_that_moved_on_is_waited_for() -> None:
    later = unpaid(placed=T0 + timedelta(hours=2))
    assert recheck(question(order=later)) == Wait(DUE + timedelta(hours=2), "its moment has changed")


def test_too_late_is_not_said() -> None:
    verdict = recheck(question(now=UNTIL + timedelta(seconds=1)))
    assert verdict == Drop(State.EXPIRED, "it is too late for it to make sense")
    assert isinstance(recheck(question(now=UNTIL)), Send)


def test_marketing_needs_consent_for_the_kind_of_channel() -> None:
    selling = job(purpose=Purpose.MARKETING)
    verdict = recheck(question(selling))
    assert isinstance(verdict, Drop)
    assert verdict.state is State.SKIPPED
    assert "texts: the customer has not consented to marketing there" in verdict.reason
    agreed = unpaid(customer=Customer("c1", consents=("email",)))
    assert recheck(question(selling, agreed)) == Send("mail", "a@example.com")


def test_a_refusal_counts_for_service_too() -> None:
    refused = unpaid(customer=Customer("c1", refuses=("sms",)))
    assert recheck(question(order=refused)) == Send("mail", "a@example.com")


@pytest.mark.parametrize(
    ("way", "why"),
    [(replace(SMS, address=None), "there is no address"), (replace(SMS, suppressed=True), "the address is suppressed")],
)
def test_a_way_that_is_closed_is_passed_over(way: Way, why: str) -> None:
    assert recheck(question(ways=(way, EMAIL))) == Send("mail", "a@example.com")
    verdict = recheck(question(ways=(way,)))
    assert verdict == Drop(State.SKIPPED, f"no channel reaches this customer (texts: {why})")


def test_a_channel_that_refused_is_not_asked_again() -> None:
    assert recheck(question(refused=("texts",))) == Send("mail", "a@example.com")
    verdict = recheck(question(refused=("texts", "mail")))
    assert isinstance(verdict, Drop)
    assert verdict.state is State.FAILED


def test_without_any_channel_it_says_so() -> None:
    assert recheck(question(ways=())) == Drop(State.SKIPPED, "no channel reaches this customer (none is configured)")


def test_quiet_hours_put_it_off_to_the_morning() -> None:
    assert recheck(question(rules=NIGHT)) == Wait(datetime(2026, 3, 2, 8, tzinfo=UTC), "quiet hours")


def test_quiet_hours_are_the_readers() -> None:
    assert isinstance(recheck(question(rules=NIGHT, zone="America/New_York")), Send)


def test_a_job_may_leave_at_any_hour_but_marketing_never() -> None:
    assert isinstance(recheck(question(job(any_hour=True), rules=NIGHT)), Send)
    agreed = unpaid(customer=Customer("c1", consents=("sms",)))
    selling = job(any_hour=True, purpose=Purpose.MARKETING)
    assert isinstance(recheck(question(selling, agreed, rules=NIGHT)), Wait)


def test_what_would_be_pointless_after_the_night_expires() -> None:
    short = replace(question(rules=NIGHT), reminder=replace(question().reminder, until=DUE + timedelta(hours=2)))
    assert recheck(short) == Drop(State.EXPIRED, "the quiet hours end after it makes sense")


def test_caps() -> None:
    verdict = recheck(question(sent_today=3))
    assert verdict == Drop(State.SKIPPED, "the customer got 3 messages within a day")
    agreed = unpaid(customer=Customer("c1", consents=("sms",)))
    selling = recheck(question(job(purpose=Purpose.MARKETING), agreed, sent_this_week=2))
    assert selling == Drop(State.SKIPPED, "the customer got 2 marketing messages within a week")
    assert isinstance(recheck(question(sent_this_week=2)), Send)


def test_who_is_about_to_get_a_message_is_asked_about_again_when_it_is_counted() -> None:
    verdict = recheck(question(unwritten=True, sent_today=3))
    assert verdict == Wait(DUE + timedelta(minutes=1), "another message to this customer is on its way")


def test_caps_count_within_a_batch() -> None:
    batch = [question(sent_today=1) for _ in range(4)]
    kinds = [type(verdict) for _, verdict in recheck_all(batch)]
    assert kinds == [Send, Send, Drop, Drop]


def test_a_resting_channel_is_waited_for_rather_than_replaced() -> None:
    rest = DUE + timedelta(seconds=40)
    verdict = recheck(question(ways=(replace(SMS, rests_until=rest), EMAIL)))
    assert verdict == Wait(rest, "texts is not taking messages")


def test_other_orders_of_the_customer_count_right_before_sending() -> None:
    asking = replace(job(), only_if=(Condition("not_bought_elsewhere"),))
    goods = (Line("mug"),)
    other = Order("shop", "2", OrderState.PAID, placed=T0 + timedelta(hours=1), paid=T0, lines=goods)
    verdict = recheck(question(asking, unpaid(lines=goods), others=(other,)))
    assert verdict == Drop(State.CANCELLED, "the customer has paid another order for the same goods")
