"""What a channel's answer means for the reminder behind it, and what the brake lets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notifier.interfaces import SourceMark
from notifier.model.message import Attempt, NotBegun, Receipt, Refused, TryLater, Unknown
from notifier.model.reminder import Key, Reminder, State
from notifier.rules.brake import Brake
from notifier.rules.conclude import Sent, conclude

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=3)


def sent(attempts: int = 1) -> Sent:
    attempt = Attempt("a1", ((7, 1),), "texts", "+12025550100", b"", "m1", "service", "c1", NOW, UNTIL)
    reminder = Reminder(7, Key("s", "1", "j"), State.SENDING, NOW, UNTIL, NOW, refused=("mail",), attempts=attempts)
    return Sent(attempt, reminder, "sms")


def test_accepted_is_the_end() -> None:
    result = conclude(sent(), Receipt("SM1", "queued"), NOW, 0)
    assert (result.state, result.reference, result.reason, result.wake) == (State.ACCEPTED, "SM1", "queued", None)


def test_try_later_waits_longer_each_time() -> None:
    waits = [conclude(sent(n), TryLater("busy"), NOW, 0).wake for n in (0, 1, 2)]
    assert waits == [NOW + timedelta(minutes=m) for m in (1, 2, 5)]


def test_the_provider_may_ask_for_more_time() -> None:
    result = conclude(sent(), TryLater("busy", timedelta(minutes=20)), NOW, 0)
    assert (result.wake, result.reason, result.counts) == (NOW + timedelta(minutes=20), "texts: busy", True)


def test_a_channel_that_is_down_uses_up_nothing() -> None:
    result = conclude(sent(6), TryLater("wrong password", channel_down=True), NOW, 0)
    assert (result.wake, result.counts) == (NOW + timedelta(minutes=1), False)


def test_no_try_is_left_when_it_would_be_too_late() -> None:
    result = conclude(sent(), TryLater("busy", timedelta(hours=4)), NOW, 0)
    assert (result.state, result.wake) == (State.EXPIRED, None)
    assert "could not be sent in time" in result.reason


def test_refused_goes_on_with_the_next_channel_at_once() -> None:
    result = conclude(sent(), Refused("no such number", suppress=True), NOW, 0)
    assert (result.state, result.wake, result.refused) == (State.PLANNED, NOW, ("mail", "texts"))
    assert result.suppress == ("sms", "+12025550100")
    assert conclude(sent(), Refused("too long"), NOW, 0).suppress is None


def test_what_was_not_begun_uses_up_nothing() -> None:
    result = conclude(sent(3), NotBegun("the program stopped before it was sent"), NOW, 0)
    assert (result.state, result.wake, result.counts) == (State.PLANNED, NOW, False)


def test_what_nobody_knows_is_held() -> None:
    result = conclude(sent(), Unknown("the connection broke after the text"), NOW, 0)
    assert (result.state, result.reason) == (State.HELD, "in doubt: the connection broke after the text")


def test_a_call_that_nobody_knows_of_is_made_again() -> None:
    to_staff = sent()
    to_staff = replace(to_staff, reminder=replace(to_staff.reminder, alert=5))
    result = conclude(to_staff, Unknown("the connection broke after the text"), NOW, 0)
    assert (result.state, result.outcome) == (State.PLANNED, "unknown")
    assert result.reason == "texts: in doubt: the connection broke after the text"
    assert (result.wake, result.counts) == (NOW + timedelta(minutes=2), True)
    assert conclude(to_staff, Unknown("?"), UNTIL, 0).state is State.EXPIRED


def test_the_brake_lets_a_first_import_and_an_approved_round_through() -> None:
    brake = Brake(0.1, 500)
    assert not brake.round(SourceMark("s"), 0).refuses(10**6)
    assert not brake.round(SourceMark("s", rounds=9, paused="too much", approved=True), 10).refuses(10**6)


def test_the_brake_counts_over_pages_and_takes_the_larger_limit() -> None:
    small = Brake(0.1, 500).round(SourceMark("s", rounds=1), 1000)
    assert not small.refuses(500)
    assert "501" in small.refuses(1)
    large = Brake(0.1, 500).round(SourceMark("s", rounds=1), 20_000)
    assert not large.refuses(2000)
    assert large.refuses(1)
