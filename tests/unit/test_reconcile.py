"""Stored and wanted reminders become the same, and a second time changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.reminder import Key, Planned, Reminder, State
from notifier.rules.plan import Plan
from notifier.rules.reconcile import Difference, reconcile
from tests.fakes.drawn import together

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def key(number: int) -> Key:
    return Key("shop", "1", f"job{number}")


def wanted(number: int, due: datetime = NOW + HOUR, lasts: timedelta = 24 * HOUR) -> Planned:
    return Planned(key(number), due, due + lasts)


def stored(number: int, state: State = State.PLANNED, due: datetime = NOW + HOUR) -> Reminder:
    return Reminder(number, key(number), state, due, due + 24 * HOUR, due)


def difference(rows: Iterable[Reminder], plan: Iterable[Planned], held: str = "") -> Difference:
    return reconcile(list(rows), Plan(tuple(plan), held), lambda key: f"{key.job} is not wanted", NOW)


def test_a_new_one_is_inserted() -> None:
    assert difference([], [wanted(1)]).inserts == [wanted(1)]


def test_one_that_is_pointless_by_now_is_left_alone() -> None:
    old = wanted(1, NOW - 48 * HOUR)
    found = difference([], [old])
    assert (found.inserts, found.too_old) == ([], [old])


def test_one_that_is_late_and_not_pointless_is_inserted() -> None:
    late = wanted(1, NOW - 2 * HOUR)
    assert difference([], [late]).inserts == [late]


def test_another_time_moves_it() -> None:
    [move] = difference([stored(1)], [wanted(1, NOW + 5 * HOUR)]).moves
    assert (move.id, move.due, move.revive) == (1, NOW + 5 * HOUR, False)


def test_a_doubtful_or_held_one_learns_its_new_time() -> None:
    for state in (State.SENDING, State.IN_DOUBT, State.HELD):
        assert difference([stored(1, state)], [wanted(1, NOW + 5 * HOUR)]).moves


def test_one_not_wanted_any_more_is_cancelled_with_its_reason() -> None:
    [cancel] = difference([stored(1)], []).cancels
    assert (cancel.id, cancel.reason) == (1, "job1 is not wanted")


def test_what_was_said_or_decided_is_never_touched() -> None:
    final = [State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.FAILED, State.SKIPPED]
    for state in final:
        assert not difference([stored(1, state)], [])
        assert not difference([stored(1, state)], [wanted(1, NOW + 9 * HOUR)])


def test_a_cancelled_one_comes_back_when_it_is_wanted_again() -> None:
    [move] = difference([stored(1, State.CANCELLED)], [wanted(1)]).moves
    assert move.revive
    assert not difference([stored(1, State.CANCELLED)], [wanted(1, NOW - 48 * HOUR)])


@pytest.mark.parametrize("reason", ["no other order for the same goods waits", "the customer has ordered again since"])
def test_one_cancelled_for_the_sake_of_other_orders_does_not_come_back_by_planning_alone(reason: str) -> None:
    row = replace(stored(1, State.CANCELLED), reason=reason)
    assert not difference([row], [wanted(1)])
    assert difference([row], [wanted(1, NOW + 9 * HOUR)]).moves[0].revive


@pytest.mark.parametrize("state", [State.EXPIRED, State.RAISED])
def test_what_expired_or_became_an_alert_comes_back_only_when_its_moment_moved_on(state: State) -> None:
    assert not difference([stored(1, state)], [wanted(1)])
    assert not difference([stored(1, state)], [wanted(1, NOW - HOUR)])
    assert difference([stored(1, state)], [wanted(1, NOW + 9 * HOUR)]).moves[0].revive


def test_a_held_plan_changes_nothing() -> None:
    assert not difference([stored(1), stored(2, State.CANCELLED)], [], held="unknown state")


def applied(rows: list[Reminder], found: Difference) -> list[Reminder]:
    """What the store makes of a difference."""
    moves = {move.id: move for move in found.moves}
    cancels = {cancel.id for cancel in found.cancels}
    result = []
    for row in rows:
        if (move := moves.get(row.id)) is not None:
            state = State.PLANNED if move.revive else row.state
            row = replace(row, due=move.due, until=move.until, state=state)
        result.append(replace(row, state=State.CANCELLED) if row.id in cancels else row)
    first = len(rows) + 1000
    inserted = enumerate(found.inserts, first)
    return result + [Reminder(n, p.key, State.PLANNED, p.due, p.until, p.due) for n, p in inserted]


numbers = st.integers(1, 6)
hours = st.integers(-60, 60)
rows_strategy = st.dictionaries(numbers, together(list(State), range(-60, 61)), max_size=6)
plan_strategy = st.dictionaries(numbers, hours, max_size=6)


@given(rows_strategy, plan_strategy)
def test_doing_it_twice_changes_nothing(rows: dict[int, tuple[State, int]], plan: dict[int, int]) -> None:
    before = [stored(n, state, NOW + h * HOUR) for n, (state, h) in rows.items()]
    wishes = [wanted(n, NOW + h * HOUR) for n, h in plan.items()]
    after = applied(before, difference(before, wishes))
    assert not difference(after, wishes)


@given(rows_strategy, plan_strategy)
def test_only_wanted_reminders_are_left_waiting(rows: dict[int, tuple[State, int]], plan: dict[int, int]) -> None:
    before = [stored(n, state, NOW + h * HOUR) for n, (state, h) in rows.items()]
    wishes = [wanted(n, NOW + h * HOUR) for n, h in plan.items()]
    after = applied(before, difference(before, wishes))
    waiting = {row.key: row.due for row in after if row.state is State.PLANNED}
    times = {wish.key: wish.due for wish in wishes}
    assert waiting.items() <= times.items()
    over = {State.PLANNED, State.CANCELLED, State.EXPIRED}
    for wish in wishes:
        state = rows.get(int(wish.key.job[3:]), (State.CANCELLED, 0))[0]
        assert wish.key in waiting or state not in over or wish.until < NOW or state is State.EXPIRED
