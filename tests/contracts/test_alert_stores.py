"""What every store promises about alerts and their calls, sentence by sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from notifier.interfaces import (
    AlertChange,
    AlertSelection,
    Cancel,
    Move,
    Recovered,
    Result,
    Ruling,
    Selection,
    Store,
)
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.reminder import Planned, Reminder, State
from notifier.store import open_store
from notifier.store.memory import MemoryStore
from tests.fakes.rows import LEASE, NOW, alert, attempt, call, planned, plans

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ENDS = Result("a1", State.ACCEPTED, "", "accepted")


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = (
        MemoryStore() if request.param == "memory" else await open_store(f"sqlite:///{tmp_path}/notifier.db")
    )
    yield opened
    await opened.close()


async def change(store: Store, *changes: AlertChange, now: datetime = NOW) -> Sequence[Alert | None]:
    return await store.change_alerts(changes, now)


async def opened(store: Store, new: Alert, *calls: Planned) -> Alert:
    (stored,) = await change(store, AlertChange(new, [AlertEntry(0, NOW, "opened")], calls))
    assert stored is not None
    return stored


async def claim(store: Store, now: datetime = NOW, limit: int = 100) -> Sequence[Reminder]:
    return await store.claim(now, now + LEASE, limit)


async def calls_of(store: Store, number: int) -> Sequence[Reminder]:
    return (await store.calls([number]))[number]


def resolved(one: Alert, at: datetime = NOW) -> Alert:
    return replace(one, state=AlertState.RESOLVED, changed=at, reason="it was shipped")


def acknowledged(one: Alert, by: str) -> Alert:
    return replace(one, state=AlertState.ACKNOWLEDGED, by=by)


# Alerts


async def test_an_alert_comes_back_as_it_went_in_with_a_number(store: Store) -> None:
    first = await opened(store, alert())
    second = await opened(store, replace(alert("o2"), risk=None))
    assert first == replace(alert(), id=1, version=1)
    assert second == replace(alert("o2"), id=2, version=1, risk=None)
    assert await store.alerts([1, 2, 3]) == {1: first, 2: second}
    keys = [first.key, AlertKey("shop", "o1", "other-job"), AlertKey("shop", "o9", "ship-deadline")]
    assert await store.alerts_by_key(keys) == {first.key: first}
    assert not await store.alerts([])
    assert not await store.alerts_by_key([])


async def test_an_alert_about_no_order(store: Store) -> None:
    silent = replace(alert("", "source-silent"), risk=None)
    stored = await opened(store, silent, call(silent))
    assert await store.alerts_by_key([silent.key]) == {silent.key: stored}
    assert [row.key.source for row in await calls_of(store, 1)] == ["shop"]
    assert await store.unresolved("shop", [""]) == [stored]


async def test_there_is_one_alert_for_each_key(store: Store) -> None:
    first = await opened(store, alert())
    again = AlertChange(alert(), [AlertEntry(0, NOW, "opened")], [call(alert())])
    other = AlertChange(alert(subject="p1"))
    assert [one and one.id for one in await change(store, again, other, other)] == [None, 2, None]
    assert await store.alerts([1]) == {1: first}
    assert await calls_of(store, 1) == []
    assert len(await store.history(1)) == 1


async def test_a_resolved_alert_keeps_its_key(store: Store) -> None:
    first = await opened(store, alert())
    (over,) = await change(store, AlertChange(resolved(first)))
    assert await change(store, AlertChange(alert())) == [None]
    assert await store.alerts_by_key([first.key]) == {first.key: over}


async def test_a_stored_alert_is_replaced_whole_and_its_version_grows(store: Store) -> None:
    first = await opened(store, alert())
    new = replace(
        alert(opened=NOW + DAY),
        id=1,
        version=1,
        state=AlertState.ACKNOWLEDGED,
        policy="managers",
        round=3,
        times=4,
        by="ben",
        reason="why",
        what="other",
        risk=None,
    )
    (stored,) = await change(store, AlertChange(new))
    assert stored == replace(new, version=2)
    assert await store.alerts([1]) == {1: stored}
    assert first.version == 1


async def test_who_read_an_older_version_changes_nothing(store: Store) -> None:
    first = await opened(store, alert(), call(alert()))
    row = (await calls_of(store, 1))[0]
    await change(store, AlertChange(acknowledged(first, "ann")))
    late = AlertChange(
        acknowledged(first, "ben"),
        [AlertEntry(1, NOW, "acknowledged", "ben")],
        [call(alert(), "cem")],
        [Move(row.id, NOW + DAY, NOW + DAY, "later")],
        [Cancel(row.id, "taken")],
    )
    assert await change(store, late) == [None]
    assert (await store.alerts([1]))[1].by == "ann"
    assert await calls_of(store, 1) == [row]
    assert [entry.what for entry in await store.history(1)] == ["opened"]


async def test_a_conflict_drops_its_own_change_alone(store: Store) -> None:
    first = await opened(store, alert("o1"))
    second = await opened(store, alert("o2"))
    both = acknowledged(first, "ann"), acknowledged(first, "ben")
    unknown = replace(alert("o8"), id=8)
    found = await change(store, *map(AlertChange, (*both, unknown, acknowledged(second, "cem"), alert("o3"))))
    assert [one and (one.id, one.by) for one in found] == [(1, "ann"), None, None, (2, "cem"), (3, "")]
    assert {one.id for one in await store.list_alerts(AlertSelection())} == {1, 2, 3}


async def test_nothing_to_change(store: Store) -> None:
    assert await change(store) == []


# What raised it


async def test_the_reminder_that_raised_it_ends_with_the_change(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    ruling = Ruling(row.id, row.fence, State.RAISED, "alert")
    (stored,) = await change(store, AlertChange(alert(), calls=[call(alert())], ruling=ruling), now=NOW + HOUR)
    assert stored is not None
    (raised,) = (await store.reminders("shop", ["o1"]))["o1"]
    assert (raised.state, raised.reason, raised.updated) == (State.RAISED, "alert", NOW + HOUR)
    assert await store.counts() == {State.RAISED: 1, State.PLANNED: 1}


@pytest.mark.parametrize("stale", [True, False])
async def test_without_its_reminder_nothing_is_raised(store: Store, stale: bool) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    if stale:
        await claim(store, NOW + HOUR)
    else:
        await store.apply(replace(plans(), cancels=[Cancel(row.id, "paid")]))
    ruling = Ruling(row.id, row.fence, State.RAISED, "alert")
    late = AlertChange(alert(), [AlertEntry(0, NOW, "opened")], [call(alert())], ruling=ruling)
    assert [one is None for one in await change(store, late, AlertChange(alert("o2")))] == [True, False]
    assert await store.alerts_by_key([alert().key]) == {}
    assert State.RAISED not in await store.counts()


async def test_one_reminder_raises_once(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    ruling = Ruling(row.id, row.fence, State.RAISED, "alert")
    twice = [AlertChange(alert(order), ruling=ruling) for order in ("o1", "o2")]
    assert [one and one.key.order for one in await change(store, *twice)] == ["o1", None]


# Calls


async def test_calls_are_reminders_of_their_alert(store: Store) -> None:
    first = await opened(store, alert(), call(alert(), "ann"), call(alert(), "ben", NOW + HOUR, step=1))
    one, two = await calls_of(store, 1)
    assert (one.key, one.state, one.alert, one.customer) == (call(first).key, State.PLANNED, 1, "")
    assert (one.due, one.until, one.wake, one.updated) == (NOW, NOW + DAY, NOW, NOW)
    assert (two.key.step, two.key.occurrence, two.due) == (1, "1.0 ben", NOW + HOUR)
    assert await store.calls([2, 1]) == {1: [one, two], 2: []}
    assert await store.calls([]) == {}
    assert await store.list_reminders(Selection(order="o1")) == [two, one]
    assert await store.count_planned("shop") == 2
    assert await store.next_wake() == NOW


async def test_a_plan_of_an_order_does_not_see_the_calls(store: Store) -> None:
    await store.apply(plans(planned("o1")))
    await opened(store, alert("o1"), call(alert("o1")))
    assert [row.alert for row in (await store.reminders("shop", ["o1"]))["o1"]] == [0]


async def test_a_call_whose_key_exists_is_ignored(store: Store) -> None:
    first = await opened(store, alert(), call(alert()))
    (second,) = await change(store, AlertChange(first, calls=[call(alert(), due=NOW + DAY), call(alert(), "ben")]))
    assert second is not None
    assert [(row.key.occurrence, row.due) for row in await calls_of(store, 1)] == [("1.0 ann", NOW), ("1.0 ben", NOW)]
    assert await store.counts() == {State.PLANNED: 2}


async def test_calls_are_moved_and_cancelled_with_the_alert(store: Store) -> None:
    first = await opened(store, alert(), call(alert(), "ann"), call(alert(), "ben"))
    one, two = await calls_of(store, 1)
    moves, cancels = [Move(one.id, NOW + HOUR, NOW + DAY, "snoozed")], [Cancel(two.id, "taken by ann")]
    await change(store, AlertChange(first, moves=moves, cancels=cancels), now=NOW + HOUR)
    one, two = await calls_of(store, 1)
    assert (one.state, one.due, one.wake, one.reason) == (State.PLANNED, NOW + HOUR, NOW + HOUR, "snoozed")
    assert (two.state, two.reason, two.updated) == (State.CANCELLED, "taken by ann", NOW + HOUR)


async def test_who_had_claimed_a_call_loses_it_to_an_acknowledgement(store: Store) -> None:
    first = await opened(store, alert(), call(alert()))
    (row,) = await claim(store)
    await change(store, AlertChange(acknowledged(first, "ann"), cancels=[Cancel(row.id, "taken")]))
    assert await store.intend([attempt("a1", row)], NOW) == []
    assert await claim(store, NOW + DAY) == []


async def test_an_acknowledgement_sees_what_is_on_its_way(store: Store) -> None:
    first = await opened(store, alert(), call(alert()))
    (row,) = await claim(store)
    assert await store.intend([attempt("a1", row)], NOW) == ["a1"]
    await change(store, AlertChange(acknowledged(first, "ann"), cancels=[Cancel(row.id, "taken")]))
    assert [one.state for one in await calls_of(store, 1)] == [State.SENDING]


async def test_a_call_that_is_ruled_on_may_be_among_the_cancels(store: Store) -> None:
    first = await opened(store, alert(), call(alert(), "ann"), call(alert(), "ben"))
    one, two = await claim(store)
    ruling = Ruling(one.id, one.fence, State.SKIPPED, "it was shipped")
    cancels = [Cancel(one.id, "over"), Cancel(two.id, "over")]
    await change(store, AlertChange(resolved(first), cancels=cancels, ruling=ruling))
    assert [row.state for row in await calls_of(store, 1)] == [State.SKIPPED, State.CANCELLED]
    assert await store.counts() == {State.SKIPPED: 1, State.CANCELLED: 1}


async def test_one_message_for_calls_of_several_shops(store: Store) -> None:
    for source in ("shop", "other"):
        await opened(store, alert(source=source), call(alert(source=source)))
    rows = await claim(store)
    assert await store.intend([attempt("a1", *rows, customer="")], NOW) == ["a1"]
    assert [await store.count_planned(source) for source in ("shop", "other")] == [0, 0]
    await store.record([replace(ENDS, state=State.PLANNED)], NOW)
    assert [await store.count_planned(source) for source in ("shop", "other")] == [1, 1]


async def test_one_message_for_calls_of_several_orders_is_listed_under_each(store: Store) -> None:
    orders = ("o1", "o2", "o3")
    for order in orders[:2]:
        await opened(store, alert(order), call(alert(order)))
    await store.intend([attempt("a1", *await claim(store), customer="")], NOW)
    listed = [await store.list_attempts(Selection(order=order)) for order in orders]
    assert [[row.attempt.id for row in rows] for rows in listed] == [["a1"], ["a1"], []]
    assert len(await store.list_attempts(Selection())) == 1


async def test_many_alerts_at_once(store: Store) -> None:
    many = [alert(f"o{number:04}") for number in range(1200)]
    changes = [AlertChange(one, [AlertEntry(0, NOW, "opened")], [call(one), call(one, "ben")]) for one in many]
    stored = await change(store, *changes)
    assert [one and one.key.order for one in stored] == [one.key.order for one in many]
    assert len(await store.alerts(range(1, 1201))) == len(await store.alerts_by_key([one.key for one in many])) == 1200
    assert {len(rows) for rows in (await store.calls(range(1, 1201))).values()} == {2}
    taken = [acknowledged(one, "ann") for one in stored if one]
    assert all(one and one.version == 2 for one in await change(store, *map(AlertChange, taken)))


# Lists and histories


async def test_which_alerts_are_not_resolved(store: Store) -> None:
    first = await opened(store, alert("o1"))
    second = await opened(store, alert("o2"))
    third = await opened(store, alert("o2", "bad-review"))
    await opened(store, alert("o1", source="other"))
    await change(store, AlertChange(resolved(first)))
    (taken,) = await change(store, AlertChange(acknowledged(second, "ann")))
    assert await store.unresolved("shop") == [taken, third]
    assert await store.unresolved("shop", ["o2", "o1", "o2"]) == [taken, third]
    assert await store.unresolved("shop", ["o1"]) == await store.unresolved("shop", []) == []


async def test_lists_begin_with_the_alert_opened_last(store: Store) -> None:
    for order, hours in (("o1", 2), ("o2", 1), ("o3", 2)):
        await opened(store, alert(order, opened=NOW + hours * HOUR))
    assert [one.id for one in await store.list_alerts(AlertSelection())] == [3, 1, 2]
    assert [one.id for one in await store.list_alerts(AlertSelection(limit=2))] == [3, 1]
    assert [one.id for one in await store.list_alerts(AlertSelection(order="o2"))] == [2]


async def test_lists_show_the_states_that_are_asked_for(store: Store) -> None:
    first = await opened(store, alert("o1"))
    second = await opened(store, alert("o2"))
    await opened(store, alert("o3"))
    await change(store, AlertChange(resolved(first)), AlertChange(acknowledged(second, "ann")))

    async def listed(*states: AlertState) -> list[int]:
        return [one.id for one in await store.list_alerts(AlertSelection(states))]

    assert await listed(AlertState.OPEN) == [3]
    assert await listed(AlertState.OPEN, AlertState.ACKNOWLEDGED) == [3, 2]
    assert await listed(AlertState.RESOLVED) == [1]
    assert await listed(AlertState.OPEN, AlertState.RESOLVED) == [3, 1]


async def test_a_history_is_told_in_its_order(store: Store) -> None:
    first = await opened(store, alert())
    await opened(store, alert("o2"))
    took = AlertEntry(99, NOW + HOUR, "acknowledged", "ann", "by SMS")
    await change(store, AlertChange(acknowledged(first, "ann"), [took]))
    await store.note([AlertEntry(1, NOW, "note", "ben", "安 called"), AlertEntry(7, NOW, "note", "ben", "to nobody")])
    assert await store.history(1) == [
        AlertEntry(1, NOW, "opened"),
        replace(took, alert=1),
        AlertEntry(1, NOW, "note", "ben", "安 called"),
    ]
    assert await store.history(7) == []
    assert (await store.alerts([1]))[1].version == 2


# After a crash


async def test_a_call_in_doubt_is_made_again(store: Store) -> None:
    await store.apply(plans(planned()))
    await opened(store, alert(), call(alert()))
    told, called = await claim(store)
    await store.intend([attempt("a1", told), attempt("a2", called)], NOW)
    assert await store.recover(NOW + HOUR) == Recovered(in_doubt=1, released=0, again=1)
    assert await store.counts() == {State.HELD: 1, State.PLANNED: 1}
    (row,) = await calls_of(store, 1)
    assert (row.state, row.crashes, row.attempts, row.updated) == (State.PLANNED, 1, 0, NOW + HOUR)
    assert "said again" in row.reason
    assert [one.id for one in await claim(store, NOW + HOUR)] == [row.id]
    latest, _ = await store.list_attempts(Selection())
    assert (latest.attempt.id, latest.state, latest.outcome) == ("a2", State.PLANNED, "in_doubt")
    assert await store.recover(NOW + HOUR) == Recovered(released=1)


async def test_a_digest_in_doubt_is_said_again(store: Store) -> None:
    await store.apply(plans(planned("")))
    (digest,) = await claim(store)
    await store.intend([attempt("a1", digest)], NOW)
    assert await store.recover(NOW + HOUR) == Recovered(again=1)
    assert await store.counts() == {State.PLANNED: 1}


async def test_a_call_that_was_moved_meanwhile_is_made_at_its_new_time(store: Store) -> None:
    first = await opened(store, alert(), call(alert()))
    (row,) = await claim(store)
    await store.intend([attempt("a1", row)], NOW)
    await change(store, AlertChange(first, moves=[Move(row.id, NOW + 2 * HOUR, NOW + DAY, "snoozed")]))
    await store.recover(NOW + HOUR)
    assert await store.next_wake() == NOW + 2 * HOUR


async def test_a_call_that_took_part_in_five_crashes_is_held(store: Store) -> None:
    await opened(store, alert(), call(alert()))
    for number in range(5):
        now = NOW + number * HOUR
        (row,) = await claim(store, now)
        assert await store.intend([attempt(f"a{number}", row)], now) == [f"a{number}"]
        found = await store.recover(now)
        assert found == (Recovered(in_doubt=1) if number == 4 else Recovered(again=1))
    assert await store.counts() == {State.HELD: 1}
    assert [one.attempt.id for one in await store.list_attempts(Selection(states=["held"]))] == ["a4"]


# Forgetting


async def purgeable(store: Store, order: str = "o1") -> Alert:
    """An alert with a call that was made, on a day long gone."""
    first = await opened(store, alert(order), call(alert(order)))
    (row,) = await claim(store)
    await store.intend([attempt(f"a-{order}", row)], NOW)
    await store.record([replace(ENDS, attempt=f"a-{order}")], NOW)
    return first


async def test_calls_stay_as_long_as_their_alert(store: Store) -> None:
    first = await purgeable(store)
    assert await store.purge(NOW + 90 * DAY) == 1  # the bytes of the message
    assert len(await calls_of(store, 1)) == 1
    await change(store, AlertChange(resolved(first, NOW + 50 * DAY)))
    assert await store.purge(NOW + 50 * DAY) == 0
    assert len(await calls_of(store, 1)) == 1


async def test_an_alert_goes_with_its_history_and_its_calls(store: Store) -> None:
    first = await purgeable(store)
    await purgeable(store, "o2")
    await change(store, AlertChange(resolved(first, NOW + HOUR)))
    assert await store.purge(NOW + DAY) == 2  # the alert, and the bytes of the other's message
    assert [one.id for one in await store.list_alerts(AlertSelection())] == [2]
    assert not await store.history(1)
    assert not await calls_of(store, 1)
    assert [one.attempt.id for one in await store.list_attempts(Selection())] == ["a-o2"]
    assert await store.counts() == {State.ACCEPTED: 1}
    again = await opened(store, alert("o1"), call(alert("o1")))
    assert (again.id, again.version) == (3, 1)
    assert len(await calls_of(store, 3)) == 1


async def test_numbers_of_alerts_are_never_given_again(store: Store) -> None:
    for number in (1, 2, 3):
        first = await opened(store, alert())
        assert first.id == number
        await change(store, AlertChange(resolved(first)))
        assert await store.purge(NOW + DAY) == 1


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING, State.HELD])
async def test_an_alert_with_a_call_under_way_stays(store: Store, state: State) -> None:
    first = await opened(store, alert(), call(alert()))
    (row,) = await claim(store)
    if state is not State.PLANNED:
        await store.intend([attempt("a1", row)], NOW)
    if state is State.HELD:
        await store.record([Result("a1", State.HELD, "", "unknown")], NOW)
    await change(store, AlertChange(resolved(first)))
    await store.purge(NOW + 90 * DAY)
    assert [one.state for one in await calls_of(store, 1)] == [state]
    assert len(await store.alerts([1])) == 1
