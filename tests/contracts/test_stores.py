"""What every `Store` promises, sentence by sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from notifier.errors import UsageError
from notifier.interfaces import (
    Cancel,
    Changes,
    Move,
    Quarantined,
    Recovered,
    Result,
    Ruling,
    Selection,
    SourceMark,
    Store,
    StoredOrder,
)
from notifier.model.order import Line, Money, Order
from notifier.model.reminder import Reminder, State
from notifier.store import open_store
from notifier.store.memory import MemoryStore
from tests.fakes.rows import LEASE, NOW, attempt, order, planned, plans, stored

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = (
        MemoryStore() if request.param == "memory" else await open_store(f"sqlite:///{tmp_path}/notifier.db")
    )
    yield opened
    await opened.close()


async def rows_of(store: Store, id_: str = "o1", source: str = "shop") -> Sequence[Reminder]:
    return (await store.reminders(source, [id_]))[id_]


async def row_of(store: Store, id_: str = "o1") -> Reminder:
    (row,) = await rows_of(store, id_)
    return row


async def claim(store: Store, now: datetime = NOW, limit: int = 100) -> Sequence[Reminder]:
    return await store.claim(now, now + LEASE, limit)


async def send(store: Store, name: str, *rows: Reminder, started: datetime = NOW, purpose: str = "service") -> None:
    assert await store.intend([attempt(name, *rows, started=started, purpose=purpose)], started) == [name]


def accepted(name: str, reference: str = "") -> Result:
    return Result(name, State.ACCEPTED, "the provider took it", "accepted", reference)


# Orders


async def test_orders_come_back_as_they_went_in(store: Store) -> None:
    await store.apply(Changes(orders=[stored("o1"), stored("o2", digest="d2")], now=NOW))
    assert await store.orders("shop", ["o2", "o1", "o3"]) == {"o1": stored("o1"), "o2": stored("o2", digest="d2")}
    assert await store.digests("shop", ["o1", "o3"]) == {"o1": "d1"}
    assert await store.orders("other", ["o1"]) == {}
    assert await store.orders("shop", []) == {}


@pytest.mark.parametrize(
    "text",
    ['"quoted" \\ and\ttabbed', "\x00 in the middle", "a\u2028line\u0085end", "\x7f\x1b[31m", "王伟 😀 é", "</b>{{x}}"],
)
async def test_whatever_a_customer_wrote_comes_back_as_it_was(store: Store, text: str) -> None:
    one = stored("o1")
    one = replace(one, order=replace(one.order, note=text, lines=(Line(text, text, 2, Money(Decimal("1e3"), "EUR")),)))
    await store.apply(Changes(orders=[one], now=NOW))
    assert await store.orders("shop", ["o1"]) == {"o1": one}


async def test_a_newer_copy_of_an_order_replaces_the_old_one(store: Store) -> None:
    await store.apply(Changes(orders=[stored("o1", customer="ann")]))
    await store.apply(Changes(orders=[stored("o1", digest="d2", customer="ben")]))
    assert await store.digests("shop", ["o1"]) == {"o1": "d2"}
    facts = await store.facts("shop", ["ann", "ben"], {})
    assert [len(facts[who].orders) for who in ("ann", "ben")] == [0, 1]


async def test_more_orders_than_one_statement_takes(store: Store) -> None:
    ids = [f"o{number:04}" for number in range(2500)]
    await store.apply(Changes(orders=[StoredOrder(Order("shop", id_), id_, NOW) for id_ in ids]))
    assert await store.digests("shop", ids) == {id_: id_ for id_ in ids}


async def test_all_orders_of_a_source_page_by_page(store: Store) -> None:
    await store.apply(Changes(orders=[stored(f"o{number}") for number in (3, 1, 2)] + [stored("x", source="other")]))
    first = await store.orders_after("shop", "", 2)
    assert [one.order.id for one in first] == ["o1", "o2"]
    assert [one.order.id for one in await store.orders_after("shop", "o2", 2)] == ["o3"]
    assert await store.orders_after("shop", "o3", 2) == []


# Marks, quarantine, what the program remembers


async def test_a_source_that_was_never_read_has_an_empty_mark(store: Store) -> None:
    assert await store.mark("shop") == SourceMark("shop")
    assert await store.marks() == []


async def test_marks_are_replaced_whole_and_listed_by_name(store: Store) -> None:
    mark = SourceMark("shop", "cursor", 3, NOW, 2, "down", "too many changes", True)
    await store.set_mark(mark)
    await store.apply(Changes(mark=SourceMark("a-shop", "c1")))
    assert await store.mark("shop") == mark
    assert await store.marks() == [SourceMark("a-shop", "c1"), mark]
    await store.set_mark(SourceMark("shop", None))
    assert await store.mark("shop") == SourceMark("shop")


async def test_a_page_without_a_mark_leaves_the_cursor_alone(store: Store) -> None:
    await store.set_mark(SourceMark("shop", "cursor"))
    await store.apply(Changes(orders=[stored("o1")]))
    assert (await store.mark("shop")).cursor == "cursor"


async def test_what_is_not_understood_is_set_aside_until_it_is(store: Store) -> None:
    bad = [Quarantined("shop", f"o{number}", NOW + number * HOUR, "no state", "{}") for number in (1, 2)]
    elsewhere = Quarantined("other", "o1", NOW, "no date")
    await store.apply(Changes(quarantine=[*bad, elsewhere]))
    assert await store.quarantined("shop") == [bad[1], bad[0]]
    assert await store.quarantined() == [bad[1], bad[0], elsewhere]
    again = Quarantined("shop", "o1", NOW + DAY, "still no state", "{...}")
    await store.apply(Changes(quarantine=[again]))
    assert await store.quarantined("shop") == [again, bad[1]]
    await store.apply(Changes(orders=[stored("o1")]))
    assert await store.quarantined() == [bad[1], elsewhere]


async def test_what_the_program_remembers(store: Store) -> None:
    assert await store.meta("settings") is None
    await store.set_meta("settings", "one")
    await store.set_meta("settings", "two")
    assert await store.meta("settings") == "two"


# Planning


async def test_a_planned_reminder_is_a_row(store: Store) -> None:
    await store.apply(plans(planned(subject="p1", merge=True)))
    row = await row_of(store)
    key = planned(subject="p1").key
    assert row == Reminder(*(row.id, key, State.PLANNED, NOW, NOW + DAY, NOW, True), customer="ann", updated=NOW)
    assert await store.reminders("shop", ["o1", "o2"]) == {"o1": [row], "o2": []}
    assert await store.reminders("other", ["o1"]) == {"o1": []}


async def test_an_insert_whose_key_exists_is_ignored(store: Store) -> None:
    await store.apply(plans(planned()))
    await store.apply(plans(planned(due=NOW + HOUR), planned(job="other"), planned(job="other"), customer="ben"))
    first, second = await rows_of(store)
    assert (first.due, first.customer) == (NOW, "ann")
    assert second.key.job == "other"
    assert await store.count_planned("shop") == 2


async def test_a_move_makes_a_row_due_at_another_time(store: Store) -> None:
    await store.apply(plans(planned()))
    row = await row_of(store)
    await store.apply(Changes(moves=[Move(row.id, NOW + HOUR, NOW + DAY, "postponed")], now=NOW + HOUR / 2))
    row = await row_of(store)
    assert (row.due, row.until, row.wake, row.reason) == (NOW + HOUR, NOW + DAY, NOW + HOUR, "postponed")
    assert row.updated == NOW + HOUR / 2
    assert await store.next_wake() == NOW + HOUR
    assert await claim(store) == []


async def test_a_moved_row_keeps_the_lease_it_is_claimed_under(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.apply(Changes(moves=[Move(row.id, NOW + HOUR, NOW + DAY, "postponed")]))
    assert (await row_of(store)).wake == NOW + LEASE
    await store.settle([Ruling(row.id, row.fence, State.PLANNED, "not yet")], NOW)
    assert (await row_of(store)).wake == NOW + HOUR


async def test_a_row_moved_forward_while_it_was_claimed_wakes_at_its_new_time(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.apply(Changes(moves=[Move(row.id, NOW - HOUR, NOW + DAY, "sooner")]))
    await store.recover(NOW)
    assert await store.next_wake() == NOW - HOUR


@pytest.mark.parametrize("state", [State.EXPIRED, State.RAISED])
async def test_a_row_that_reached_nobody_comes_back_when_a_move_revives_it(store: Store, state: State) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.settle([Ruling(row.id, row.fence, state, "over")], NOW)
    await store.apply(Changes(moves=[Move(row.id, NOW + HOUR, NOW + DAY, "moved")]))
    assert (await row_of(store)).state is state
    await store.apply(Changes(moves=[Move(row.id, NOW + HOUR, NOW + DAY, "scanned again", revive=True)]))
    row = await row_of(store)
    assert (row.state, row.wake, row.due, row.reason) == (State.PLANNED, NOW + HOUR, NOW + HOUR, "scanned again")
    assert await store.counts() == {State.PLANNED: 1}
    assert len(await claim(store, NOW + HOUR)) == 1


async def test_a_cancelled_row_is_planned_again_only_when_a_move_revives_it(store: Store) -> None:
    await store.apply(plans(planned()))
    row = await row_of(store)
    await store.apply(Changes(cancels=[Cancel(row.id, "paid")], now=NOW + HOUR))
    row = await row_of(store)
    assert (row.state, row.reason, row.updated) == (State.CANCELLED, "paid", NOW + HOUR)
    assert await store.next_wake() is None
    await store.apply(Changes(moves=[Move(row.id, NOW + HOUR, NOW + DAY, "moved")]))
    assert await row_of(store) == row
    await store.apply(Changes(moves=[Move(row.id, NOW + HOUR, NOW + DAY, "unpaid again", revive=True)]))
    row = await row_of(store)
    assert (row.state, row.wake, row.due, row.reason) == (State.PLANNED, NOW + HOUR, NOW + HOUR, "unpaid again")
    assert len(await claim(store, NOW + HOUR)) == 1


@pytest.mark.parametrize("state", [State.HELD, State.IN_DOUBT])
async def test_a_row_that_waits_for_a_person_only_learns_its_new_time(store: Store, state: State) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await send(store, "a1", row)
    await store.record([Result("a1", state, "who knows", "unknown")], NOW)
    await store.apply(
        Changes(moves=[Move(row.id, NOW + HOUR, NOW + DAY, "postponed")], cancels=[Cancel(row.id, "paid")])
    )
    row = await row_of(store)
    assert (row.state, row.due, row.reason) == (state, NOW + HOUR, "who knows")


@pytest.mark.parametrize("state", [State.ACCEPTED, State.SKIPPED, State.FAILED])
async def test_a_finished_row_stays_as_it_is(store: Store, state: State) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.settle([Ruling(row.id, row.fence, state, "over")], NOW)
    before = await row_of(store)
    moves = [Move(row.id, NOW + HOUR, NOW + DAY, "moved", revive=True)]
    await store.apply(Changes(moves=moves, cancels=[Cancel(row.id, "paid")]))
    assert await row_of(store) == before


async def test_changes_of_rows_that_do_not_exist_are_harmless(store: Store) -> None:
    moves = [Move(77, NOW, NOW, "moved", revive=True)]
    await store.apply(Changes(moves=moves, cancels=[Cancel(78, "paid")]))
    await store.settle([Ruling(79, 1, State.SKIPPED, "no")], NOW)
    await store.record([accepted("nobody")], NOW)
    assert await store.counts() == {}


# Claims


async def test_only_due_rows_are_claimed_the_longest_waiting_first(store: Store) -> None:
    await store.apply(plans(*(planned(f"o{n}", due=NOW + (n - 3) * HOUR) for n in (4, 3, 1, 2))))
    assert [row.key.order for row in await claim(store, limit=2)] == ["o1", "o2"]
    assert [row.key.order for row in await claim(store, limit=2)] == ["o3"]
    assert await claim(store) == []


async def test_a_claim_lasts_until_its_lease_ends_and_then_has_a_new_fence(store: Store) -> None:
    await store.apply(plans(planned()))
    (first,) = await claim(store)
    assert (first.fence, first.wake, first.state) == (1, NOW + LEASE, State.PLANNED)
    assert await store.next_wake() == NOW + LEASE
    assert await claim(store, NOW + LEASE - timedelta(microseconds=1)) == []
    (second,) = await claim(store, NOW + LEASE)
    assert (second.id, second.fence) == (first.id, 2)


async def test_merged_rows_come_whole_when_the_limit_cuts_them(store: Store) -> None:
    merged = [planned(subject=f"p{n}", merge=True) for n in (1, 2, 3)]
    later = planned(subject="p4", merge=True, due=NOW + HOUR)
    others = [planned("o2", subject="p1", merge=True), planned(job="other", merge=True), planned(subject="p5")]
    await store.apply(plans(*merged, later, *others))
    assert [row.key.subject for row in await claim(store, limit=1)] == ["p1", "p2", "p3"]
    left = await claim(store)
    assert [(row.key.order, row.key.job, row.key.subject) for row in left] == [
        ("o2", "unpaid-nudge", "p1"),
        ("o1", "other", ""),
        ("o1", "unpaid-nudge", "p5"),
    ]


async def test_merged_rows_of_two_sources_stay_apart(store: Store) -> None:
    await store.apply(plans(planned(merge=True), planned(source="other", subject="p2", merge=True)))
    assert len(await claim(store, limit=1)) == 1


# Decisions instead of sending


async def test_a_ruling_is_written_under_its_fence(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    ruling = Ruling(row.id, row.fence, State.PLANNED, "quiet hours", NOW + HOUR, refused=("sms", "chat"))
    await store.settle([ruling], NOW + LEASE / 2)
    row = await row_of(store)
    assert (row.state, row.reason, row.wake, row.refused) == (
        *(State.PLANNED, "quiet hours", NOW + HOUR),
        ("sms", "chat"),
    )
    assert row.updated == NOW + LEASE / 2
    (row,) = await claim(store, NOW + HOUR)
    await store.settle([Ruling(row.id, row.fence, State.SKIPPED, "paid")], NOW + HOUR)
    row = await row_of(store)
    assert (row.state, row.refused, row.attempts) == (State.SKIPPED, ("sms", "chat"), 0)


async def test_a_late_ruling_changes_nothing(store: Store) -> None:
    await store.apply(plans(planned()))
    (old,) = await claim(store)
    (new,) = await claim(store, NOW + LEASE)
    await store.settle([Ruling(old.id, old.fence, State.SKIPPED, "too late")], NOW + LEASE)
    assert await row_of(store) == new


async def test_of_two_rulings_about_one_row_the_first_counts(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    both = [Ruling(row.id, row.fence, State.SKIPPED, "paid"), Ruling(row.id, row.fence, State.EXPIRED, "late")]
    await store.settle(both, NOW)
    assert (await row_of(store)).state is State.SKIPPED
    assert await store.counts() == {State.SKIPPED: 1}


async def test_a_claim_is_given_back_as_it_was(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store, NOW + HOUR)
    await store.settle([Ruling(row.id, row.fence, State.PLANNED, "the channel is busy")], NOW + HOUR)
    assert (await row_of(store)).wake == NOW
    assert len(await claim(store, NOW + HOUR)) == 1


async def test_no_row_wakes_before_it_is_due(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.apply(Changes(moves=[Move(row.id, NOW + DAY, NOW + 2 * DAY, "postponed")]))
    await store.settle([Ruling(row.id, row.fence, State.PLANNED, "try again", NOW + HOUR)], NOW)
    assert await store.next_wake() == NOW + DAY


# Sending


async def test_an_intent_is_written_before_the_send_and_its_outcome_after(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    tried = attempt("a1", row)
    assert await store.intend([tried], NOW) == ["a1"]
    assert (await row_of(store)).state is State.SENDING
    assert await store.next_wake() is None
    (before,) = await store.list_attempts(Selection())
    assert (before.attempt, before.state, before.outcome, before.ended) == (tried, State.SENDING, "", None)
    assert (before.job, before.order) == ("unpaid-nudge", "o1")
    await store.record([accepted("a1", "SM1")], NOW + HOUR)
    (after,) = await store.list_attempts(Selection())
    assert (after.state, after.outcome, after.reference, after.ended) == (
        *(State.ACCEPTED, "accepted", "SM1"),
        NOW + HOUR,
    )
    assert after.reason == "the provider took it"
    row = await row_of(store)
    assert (row.state, row.attempts, row.updated) == (State.ACCEPTED, 1, NOW + HOUR)


async def test_an_attempt_whose_claim_was_lost_is_not_sent(store: Store) -> None:
    await store.apply(plans(planned(), planned("o2")))
    first, second = await claim(store)
    (newer, _) = await claim(store, NOW + LEASE)
    wanted = [attempt("old", first), attempt("good", await row_of(store, "o2"))]
    assert await store.intend(wanted, NOW + LEASE) == ["good"]
    assert await row_of(store) == newer
    assert [row.attempt.id for row in await store.list_attempts(Selection())] == ["good"]
    assert second.id == newer.id + 1


async def test_a_cancel_between_claim_and_intent_wins(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.apply(Changes(cancels=[Cancel(row.id, "paid ten seconds ago")]))
    assert await store.intend([attempt("a1", row)], NOW) == []
    assert (await row_of(store)).state is State.CANCELLED
    assert await store.list_attempts(Selection()) == []


async def test_a_cancel_after_the_intent_comes_too_late(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await send(store, "a1", row)
    await store.apply(Changes(cancels=[Cancel(row.id, "paid")]))
    assert (await row_of(store)).state is State.SENDING


async def test_a_merged_attempt_needs_all_of_its_rows(store: Store) -> None:
    await store.apply(plans(planned(subject="p1"), planned(subject="p2")))
    one, two = await claim(store)
    await store.apply(Changes(cancels=[Cancel(two.id, "voided")]))
    assert await store.intend([attempt("both", one, two)], NOW) == []
    assert await store.intend([attempt("one", one)], NOW) == ["one"]


async def test_a_merged_attempt_ends_all_of_its_rows(store: Store) -> None:
    await store.apply(plans(planned(subject="p1"), planned(subject="p2")))
    await send(store, "both", *await claim(store))
    await store.record([accepted("both")], NOW)
    assert await store.counts() == {State.ACCEPTED: 2}


async def test_one_row_is_never_in_two_attempts(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    assert await store.intend([attempt("a1", row), attempt("a2", row)], NOW) == ["a1"]
    assert await store.intend([attempt("a3", row)], NOW) == []


async def test_an_attempt_that_speaks_for_no_row(store: Store) -> None:
    await send(store, "test")
    await store.record([accepted("test")], NOW)
    (row,) = await store.list_attempts(Selection())
    assert (row.state, row.job, row.order) == (State.ACCEPTED, "", "")


async def test_a_try_that_failed_is_planned_again(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await send(store, "a1", row)
    later = Result("a1", State.PLANNED, "busy", "try_later", wake=NOW + HOUR, refused=("sms",))
    await store.record([later], NOW)
    row = await row_of(store)
    assert (row.state, row.wake, row.refused, row.attempts) == (State.PLANNED, NOW + HOUR, ("sms",), 1)
    (row,) = await claim(store, NOW + HOUR)
    await send(store, "a2", row, started=NOW + HOUR)
    await store.record([Result("a2", State.PLANNED, "channel down", "try_later", counts=False)], NOW + HOUR)
    row = await row_of(store)
    assert (row.attempts, row.wake, row.refused) == (1, NOW + HOUR, ("sms",))


async def test_an_order_postponed_while_its_message_was_under_way_is_not_retried_sooner(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await send(store, "a1", row)
    await store.apply(Changes(moves=[Move(row.id, NOW + DAY, NOW + 2 * DAY, "postponed")]))
    await store.record([Result("a1", State.PLANNED, "busy", "try_later", wake=NOW + HOUR)], NOW)
    assert await store.next_wake() == NOW + DAY


async def test_an_outcome_counts_once(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await send(store, "a1", row)
    await store.record([accepted("a1", "SM1"), Result("a1", State.FAILED, "no", "refused")], NOW)
    await store.record([Result("a1", State.FAILED, "no", "refused")], NOW + HOUR)
    row = await row_of(store)
    assert (row.state, row.attempts) == (State.ACCEPTED, 1)
    assert (await store.list_attempts(Selection()))[0].outcome == "accepted"


async def test_outcomes_come_before_the_intents_of_the_same_transaction(store: Store) -> None:
    await store.apply(plans(planned(), planned("o2")))
    first, second = await claim(store)
    await send(store, "a1", first)
    busy = Result("a1", State.PLANNED, "busy", "try_later")
    assert await store.intend([attempt("a2", second), attempt("a3", first)], NOW, [busy]) == ["a2", "a3"]
    assert await store.counts() == {State.SENDING: 2}
    assert [(row.attempt.id, row.state) for row in await store.list_attempts(Selection())] == [
        ("a3", State.SENDING),
        ("a2", State.SENDING),
        ("a1", State.PLANNED),
    ]


async def test_an_outcome_of_an_older_attempt_leaves_the_newer_one_alone(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await send(store, "a1", row)
    await store.record([Result("a1", State.PLANNED, "busy", "try_later")], NOW)
    (row,) = await claim(store, NOW)
    await send(store, "a2", row)
    await store.record([accepted("a1")], NOW)
    assert (await row_of(store)).state is State.SENDING


async def test_a_reference_that_another_attempt_has_does_not_stop_the_record(store: Store) -> None:
    await store.apply(plans(*(planned(f"o{n}") for n in range(5))))
    rows = await claim(store)
    wanted = [attempt(f"a{n}", row, channel="email" if n == 3 else "sms") for n, row in enumerate(rows)]
    await store.intend(wanted, NOW)
    await store.record([accepted("a0", "SM1")], NOW)
    await store.record(
        [accepted("a1", "SM1"), accepted("a2", "SM2"), accepted("a3", "SM1"), accepted("a4", "SM2")], NOW
    )
    found = {row.attempt.id: (row.state, row.reference) for row in await store.list_attempts(Selection())}
    assert found == {
        "a0": (State.ACCEPTED, "SM1"),
        "a1": (State.ACCEPTED, ""),
        "a2": (State.ACCEPTED, "SM2"),
        "a3": (State.ACCEPTED, "SM1"),
        "a4": (State.ACCEPTED, ""),
    }


async def test_addresses_that_must_not_be_written_to(store: Store) -> None:
    gone, other = ("sms", "+12025550100"), ("email", "+12025550100")
    assert await store.suppressed([gone]) == set()
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await send(store, "a1", row)
    opted_out = Result("a1", State.FAILED, "opted out", "refused", suppress=gone)
    await store.record([opted_out, opted_out], NOW)
    assert await store.suppressed([gone, other]) == {gone}
    late = Result("unknown", State.FAILED, "no such mailbox", "refused", suppress=("email", "ann@example.com"))
    await store.record([late], NOW)
    assert await store.suppressed([("email", "ann@example.com")]) == {("email", "ann@example.com")}


# What is known about a customer


async def test_the_orders_of_a_customer_the_latest_first(store: Store) -> None:
    mine = [StoredOrder(order(f"o{n:03}", placed=NOW + n * HOUR), "d", NOW) for n in range(120)]
    undated = StoredOrder(order("o999", placed=None), "d", NOW)
    others = [stored("x", customer="ben"), stored("y", source="other"), stored("z", customer="")]
    await store.apply(Changes(orders=[undated, *mine, *others]))
    facts = await store.facts("shop", ["ann", "nobody", ""], {})
    assert [one.id for one in facts["ann"].orders] == [f"o{n:03}" for n in range(119, 19, -1)]
    assert facts["ann"].orders[0] == mine[-1].order
    assert [*facts["nobody"].orders, *facts[""].orders] == []
    facts = await store.facts("shop", ["ann", "ben"], {}, ["ben"])
    assert [len(facts[name].orders) for name in ("ann", "ben")] == [0, 1]


async def test_what_was_sent_to_a_customer(store: Store) -> None:
    await store.apply(plans(*(planned(f"o{n}") for n in range(8))))
    rows = await claim(store)
    ends = [State.ACCEPTED, State.FAILED, State.PLANNED, State.UNDELIVERED, State.HELD, None]
    for number, (row, end) in enumerate(zip(rows, ends, strict=False)):
        await send(store, f"a{number}", row, started=NOW, purpose="marketing" if number % 2 else "service")
        if end is not None:
            await store.record([Result(f"a{number}", end, "ended", "so")], NOW)
    await send(store, "early", rows[6], started=NOW - timedelta(microseconds=1))
    await store.intend([attempt("to-ben", rows[7], customer="ben")], NOW)
    since = {"any": NOW, "marketing": NOW}
    facts = await store.facts("shop", ["ann", "ben", "eve", ""], since)
    # accepted, undelivered, held and under way count; failed and planned again do not, nor does what was before
    assert facts["ann"].sent == {"any": 4, "marketing": 2}
    assert facts["ben"].sent == {"any": 1, "marketing": 0}
    assert facts["eve"].sent == facts[""].sent == {"any": 0, "marketing": 0}
    assert (await store.facts("shop", ["ann"], {"any": NOW - DAY}))["ann"].sent == {"any": 5}
    assert (await store.facts("other", ["ann"], since))["ann"].sent == {"any": 0, "marketing": 0}


# After a crash


async def test_recovery_holds_what_was_under_way_and_gives_claims_back(store: Store) -> None:
    await store.apply(plans(planned("sending"), planned("claimed"), planned("waiting", due=NOW + HOUR)))
    sending, claimed = sorted(await claim(store), key=lambda row: row.id)
    await send(store, "a1", sending)
    assert await store.recover(NOW + HOUR / 2) == Recovered(in_doubt=1, released=1)
    held = await row_of(store, "sending")
    assert (held.state, held.crashes, held.attempts, held.updated) == (State.HELD, 1, 0, NOW + HOUR / 2)
    assert held.reason.startswith("in doubt: the program ended while it was being sent")
    (row,) = await store.list_attempts(Selection())
    assert (row.state, row.outcome, row.ended) == (State.HELD, "in_doubt", NOW + HOUR / 2)
    (again,) = await claim(store)
    assert (again.id, again.fence) == (claimed.id, 2)
    assert await store.count_planned("shop") == 2


async def test_recovery_twice_changes_nothing_more(store: Store) -> None:
    await store.apply(plans(planned()))
    await send(store, "a1", *await claim(store))
    await store.recover(NOW)
    before = await row_of(store)
    assert await store.recover(NOW + HOUR) == Recovered()
    assert await row_of(store) == before


async def test_recovery_keeps_the_time_of_a_retry(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.settle([Ruling(row.id, row.fence, State.PLANNED, "quiet hours", NOW + HOUR)], NOW)
    await claim(store, NOW + HOUR)
    await claim(store, NOW + 2 * HOUR)
    await store.recover(NOW + 2 * HOUR)
    assert await store.next_wake() == NOW + HOUR


async def test_what_a_sleeper_brings_after_the_recovery_is_too_late(store: Store) -> None:
    await store.apply(plans(planned()))
    await send(store, "a1", *await claim(store))
    await store.recover(NOW)
    await store.record([accepted("a1", "SM1")], NOW)
    assert (await row_of(store)).state is State.HELD


# Lists and counts


async def test_counts_follow_every_change(store: Store) -> None:
    await store.apply(plans(*(planned(f"o{n}") for n in range(4)), planned("x", source="other")))
    assert await store.counts() == {State.PLANNED: 5}
    assert [await store.count_planned(name) for name in ("shop", "other", "none")] == [4, 1, 0]
    rows = await claim(store)
    await store.settle([Ruling(rows[0].id, rows[0].fence, State.SKIPPED, "paid")], NOW)
    await send(store, "a1", rows[1])
    await store.apply(Changes(cancels=[Cancel(rows[2].id, "paid")]))
    states = {State.SKIPPED: 1, State.SENDING: 1, State.CANCELLED: 1, State.PLANNED: 2}
    assert await store.counts() == states
    await store.record([accepted("a1")], NOW)
    await store.apply(Changes(moves=[Move(rows[2].id, NOW, NOW + DAY, "again", revive=True)]))
    assert await store.counts() == {State.SKIPPED: 1, State.ACCEPTED: 1, State.PLANNED: 3}


async def test_lists_of_reminders(store: Store) -> None:
    await store.apply(plans(planned("o1", due=NOW + HOUR), planned("o2"), planned("o3", job="other"), planned("o3")))
    o2, o3, _ = await claim(store)
    await send(store, "a1", o2)
    await store.settle([Ruling(o3.id, o3.fence, State.SKIPPED, "paid")], NOW)

    async def listed(selection: Selection) -> list[tuple[str, str]]:
        return [(row.key.order, row.key.job) for row in await store.list_reminders(selection)]

    nudge = "unpaid-nudge"
    assert await listed(Selection()) == [("o3", nudge), ("o3", "other"), ("o2", nudge), ("o1", nudge)]
    assert await listed(Selection(limit=1)) == [("o3", nudge)]
    assert await listed(Selection(states=["planned"])) == [("o3", nudge), ("o1", nudge)]
    assert await listed(Selection(states=["skipped", "sending"])) == [("o3", "other"), ("o2", nudge)]
    assert await listed(Selection(order="o3")) == [("o3", nudge), ("o3", "other")]
    assert await listed(Selection(attempts=True)) == [("o2", nudge)]


async def test_lists_of_attempts_the_newest_first(store: Store) -> None:
    await store.apply(plans(planned("o1"), planned("o2"), planned("o3")))
    for number, row in enumerate(await claim(store)):
        await send(store, f"a{number}", row)
    await store.record([accepted("a0"), Result("a1", State.HELD, "who knows", "unknown")], NOW)

    async def listed(selection: Selection) -> list[str]:
        return [row.attempt.id for row in await store.list_attempts(selection)]

    assert await listed(Selection()) == ["a2", "a1", "a0"]
    assert await listed(Selection(limit=2)) == ["a2", "a1"]
    assert await listed(Selection(states=["held", "accepted"])) == ["a1", "a0"]
    assert await listed(Selection(states=["held"])) == ["a1"]
    assert await listed(Selection(order="o3")) == ["a2"]


async def test_a_state_that_does_not_exist_is_refused_with_those_that_do(store: Store) -> None:
    with pytest.raises(UsageError, match="no state sent; the states are planned, sending"):
        await store.list_reminders(Selection(states=["sent"]))
    with pytest.raises(UsageError, match="no state sent"):
        await store.list_attempts(Selection(states=["sent", "held"]))


async def test_instants_are_kept_to_the_microsecond_in_utc(store: Store) -> None:
    due = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    await store.apply(plans(planned(due=due, until=datetime(9999, 1, 1, tzinfo=UTC))))
    row = await row_of(store)
    assert (row.due, row.until, row.due.tzinfo) == (due, datetime(9999, 1, 1, tzinfo=UTC), UTC)


# Housekeeping


async def test_purging_forgets_what_is_over(store: Store) -> None:
    await store.apply(plans(planned("old"), planned("long", until=NOW + 90 * DAY), planned("waiting")))
    old, long, waiting = await claim(store)
    await send(store, "a1", old)
    await send(store, "a2", long)
    await store.record([accepted("a1", "SM1"), accepted("a2", "SM2")], NOW)
    await store.settle([Ruling(waiting.id, waiting.fence, State.PLANNED, "quiet hours")], NOW)
    assert await store.purge(NOW) == 0
    assert await store.purge(NOW + 30 * DAY) == 2
    assert await rows_of(store, "old") == []
    assert (await row_of(store, "long")).state is State.ACCEPTED  # a plan could still want it: its row says it was sent
    (kept,) = await store.list_attempts(Selection())
    assert (kept.attempt.id, kept.attempt.content, kept.reference) == ("a2", b"", "SM2")
    assert await store.counts() == {State.ACCEPTED: 1, State.PLANNED: 1}
    assert await store.purge(NOW + 30 * DAY) == 0
    assert await store.purge(NOW + 120 * DAY) == 1


async def test_purging_leaves_what_is_under_way_or_held(store: Store) -> None:
    await store.apply(plans(planned("sending"), planned("held")))
    sending, held = await claim(store)
    await send(store, "a1", sending)
    await send(store, "a2", held)
    await store.record([Result("a2", State.HELD, "who knows", "unknown")], NOW)
    await store.purge(NOW + 365 * DAY)
    assert await store.counts() == {State.SENDING: 1, State.HELD: 1}
    assert [row.attempt.content for row in await store.list_attempts(Selection(states=["sending"]))] == [b"hello"]


async def test_what_was_purged_can_be_planned_anew(store: Store) -> None:
    await store.apply(plans(planned()))
    (row,) = await claim(store)
    await store.settle([Ruling(row.id, row.fence, State.EXPIRED, "late")], NOW)
    assert await store.purge(NOW + 30 * DAY) == 1
    await store.apply(plans(planned(due=NOW + 60 * DAY)))
    assert (await row_of(store)).state is State.PLANNED
