"""Both stores, driven at random, must tell the same story; and the counts that are kept must be those of the rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from notifier.interfaces import (
    AlertChange,
    AlertSelection,
    Cancel,
    Changes,
    Move,
    Result,
    RevisitResult,
    Ruling,
    Selection,
    StoredOrder,
)
from notifier.model.alert import Alert, AlertEntry, AlertState
from notifier.model.message import Attempt
from notifier.model.reminder import Reminder, State
from notifier.store import open_store
from notifier.store.memory import MemoryStore
from notifier.store.sql import SqlStore
from tests.fakes.rows import NOW, alert, attempt, call, order, planned

T = TypeVar("T")

ORDERS = ("o1", "o2", "o3")
some_order = st.sampled_from(ORDERS)
some_hours = st.integers(0, 3).map(lambda hours: timedelta(hours=hours))
some_row = st.integers(1, 8)
ruled = st.sampled_from([State.PLANNED, State.SKIPPED, State.EXPIRED, State.FAILED])
ended = st.sampled_from([State.ACCEPTED, State.PLANNED, State.FAILED, State.HELD, State.UNDELIVERED])
maybe_refused = st.sampled_from([None, (), ("sms",), ("sms", "email")])


class Agree(RuleBasedStateMachine):
    """Every rule does the same to a database and to dictionaries, and compares what they answer."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.sql: SqlStore = self.wait(open_store("sqlite:///:memory:"))
        self.memory = MemoryStore()
        self.now = NOW
        self.claimed: list[Reminder] = []
        self.tried: list[Attempt] = []
        self.seen: list[Alert] = []

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def same(self, one: Coroutine[Any, Any, T], two: Coroutine[Any, Any, T]) -> T:
        answer = self.wait(one)
        assert answer == self.wait(two)
        return answer

    def apply(self, changes: Changes) -> None:
        changes = replace(changes, now=self.now)
        self.same(self.sql.apply(changes), self.memory.apply(changes))

    @rule(hours=st.integers(0, 2))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours, minutes=7)

    @rule(id_=some_order, customer=st.sampled_from(["ann", "ben", ""]), placed=some_hours)
    def an_order_is_seen(self, id_: str, customer: str, placed: timedelta) -> None:
        self.apply(Changes(orders=[StoredOrder(order(id_, customer=customer, placed=NOW + placed), "d", self.now)]))

    @rule(id_=some_order, subject=st.sampled_from(["", "p1", "p2"]), wait=some_hours, merge=st.booleans())
    def it_is_planned(self, id_: str, subject: str, wait: timedelta, merge: bool) -> None:
        plan = planned(id_, due=self.now + wait, subject=subject, merge=merge)
        self.apply(Changes(inserts=[(plan, "ann"), (plan, "ben")]))

    @rule(row=some_row, wait=some_hours, revive=st.booleans())
    def it_is_moved(self, row: int, wait: timedelta, revive: bool) -> None:
        due = self.now + wait
        self.apply(Changes(moves=[Move(row, due, due + timedelta(hours=4), "moved", revive)]))

    @rule(row=some_row)
    def it_is_cancelled(self, row: int) -> None:
        self.apply(Changes(cancels=[Cancel(row, "paid")]))

    @rule(limit=st.integers(1, 4))
    def some_are_claimed(self, limit: int) -> None:
        lease = self.now + timedelta(minutes=5)
        self.claimed += self.same(self.sql.claim(self.now, lease, limit), self.memory.claim(self.now, lease, limit))

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), state=ruled, wait=st.none() | some_hours, refused=maybe_refused)
    def one_is_ruled_on(
        self, data: st.DataObject, state: State, wait: timedelta | None, refused: tuple[str, ...] | None
    ) -> None:
        row = data.draw(st.sampled_from(self.claimed))
        wake = None if wait is None else self.now + wait
        rulings = [Ruling(row.id, row.fence, state, "so it is", wake, refused)]
        self.same(self.sql.settle(rulings, self.now), self.memory.settle(rulings, self.now))

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), purpose=st.sampled_from(["service", "marketing"]), one_ends=st.booleans())
    def some_are_tried(self, data: st.DataObject, purpose: str, one_ends: bool) -> None:
        rows = data.draw(st.lists(st.sampled_from(self.claimed), min_size=1, max_size=2, unique_by=lambda row: row.id))
        wanted = [attempt(f"a{len(self.tried)}", *rows, purpose=purpose, started=self.now)]
        over = [Result(self.tried[0].id, State.HELD, "it ended", "ended")] if one_ends and self.tried else []
        self.tried += wanted
        self.same(self.sql.intend(wanted, self.now, over), self.memory.intend(wanted, self.now, over))

    @precondition(lambda self: self.tried)
    @rule(data=st.data(), state=ended, wait=st.none() | some_hours, refused=maybe_refused, counts=st.booleans())
    def one_ends(
        self,
        data: st.DataObject,
        state: State,
        wait: timedelta | None,
        refused: tuple[str, ...] | None,
        counts: bool,
    ) -> None:
        tried = data.draw(st.sampled_from(self.tried))
        reference = data.draw(st.sampled_from(["", "SM1", "SM2"]))
        wake = None if wait is None else self.now + wait
        results = [Result(tried.id, state, "it ended", "ended", reference, wake, refused, None, counts)]
        self.same(self.sql.record(results, self.now), self.memory.record(results, self.now))

    def change(self, *changes: AlertChange) -> None:
        found = self.same(self.sql.change_alerts(changes, self.now), self.memory.change_alerts(changes, self.now))
        self.seen += [one for one in found if one is not None]

    @rule(data=st.data(), orders=st.lists(some_order, min_size=1, max_size=3), late=st.booleans())
    def some_are_raised(self, data: st.DataObject, orders: list[str], late: bool) -> None:
        changes = []
        for id_ in orders:
            row = data.draw(st.none() | st.sampled_from(self.claimed)) if self.claimed else None
            ruling = None if row is None else Ruling(row.id, row.fence - late, State.RAISED, "alert")
            new = alert(id_, opened=self.now)
            calls = [call(new, who, self.now) for who in data.draw(st.sets(st.sampled_from(["ann", "ben"])))]
            changes.append(AlertChange(new, [AlertEntry(0, self.now, "opened")], calls, ruling=ruling))
        self.change(*changes)

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), state=st.sampled_from(AlertState), round_=st.integers(1, 2), wait=some_hours)
    def one_is_changed(self, data: st.DataObject, state: AlertState, round_: int, wait: timedelta) -> None:
        seen = data.draw(st.sampled_from(self.seen[-4:]))
        new = replace(seen, state=state, round=round_, changed=self.now)
        calls = self.same(self.sql.calls([seen.id]), self.memory.calls([seen.id]))[seen.id]
        due = self.now + wait
        moves = [Move(row.id, due, due + timedelta(hours=4), "moved", revive=True) for row in calls[:1]]
        cancels = [Cancel(row.id, "taken") for row in calls[1:]]
        entry = AlertEntry(seen.id, self.now, state.value, "ann")
        self.change(AlertChange(new, [entry], [call(new, "cem", due)], moves, cancels), AlertChange(new))

    @precondition(lambda self: self.seen)
    @rule(number=st.integers(1, 4))
    def somebody_notes(self, number: int) -> None:
        entries = [AlertEntry(number, self.now, "note", "ben", "called")]
        self.same(self.sql.note(entries), self.memory.note(entries))

    @rule(id_=some_order, job=st.sampled_from(["revisit", "revisit-call"]), wait=some_hours)
    def a_revisit_is_planned(self, id_: str, job: str, wait: timedelta) -> None:
        self.apply(Changes(inserts=[(planned(id_, job, self.now + wait), "ann")]))

    @rule(id_=some_order)
    def a_revisit_is_recorded(self, id_: str) -> None:
        result = RevisitResult("shop", id_, self.now, "ann", "content")
        self.same(self.sql.record_revisit(result), self.memory.record_revisit(result))

    @rule()
    def it_starts_again(self) -> None:
        self.same(self.sql.recover(self.now), self.memory.recover(self.now))

    @rule(age=st.integers(0, 40))
    def it_forgets(self, age: int) -> None:
        before = self.now - timedelta(hours=age)
        self.same(self.sql.purge(before), self.memory.purge(before))

    @invariant()
    def they_agree(self) -> None:
        every = Selection(limit=1000)
        rows = self.same(self.sql.list_reminders(every), self.memory.list_reminders(every))
        counts = self.same(self.sql.counts(), self.memory.counts())
        assert counts == Counter(row.state for row in rows)
        self.same(self.sql.next_wake(), self.memory.next_wake())
        self.same(self.sql.list_alerts(AlertSelection()), self.memory.list_alerts(AlertSelection()))
        self.same(self.sql.reminders("shop", ORDERS), self.memory.reminders("shop", ORDERS))

    @rule()
    def somebody_asks(self) -> None:
        every = Selection(limit=1000)
        self.same(self.sql.list_attempts(every), self.memory.list_attempts(every))
        for id_ in ORDERS:
            one = Selection(order=id_)
            self.same(self.sql.list_attempts(one), self.memory.list_attempts(one))
        self.same(self.sql.count_planned("shop"), self.memory.count_planned("shop"))
        self.same(self.sql.unresolved("shop", ["o2", "o1"]), self.memory.unresolved("shop", ["o2", "o1"]))
        for number in range(1, 4):
            self.same(self.sql.history(number), self.memory.history(number))
        since, until = NOW, self.now + timedelta(hours=1)
        self.same(self.sql.said(since, until, 1, 9), self.memory.said(since, until, 1, 9))
        self.same(self.sql.revisits(since, until, 9), self.memory.revisits(since, until, 9))
        names = {"any": NOW + timedelta(hours=1), "marketing": NOW}
        ids = ["ann", "ben"]
        assert self.wait(self.sql.facts("shop", ids, names)) == self.wait(self.memory.facts("shop", ids, names))

    def teardown(self) -> None:
        self.wait(self.sql.close())
        self.loop.close()


TestAgree = Agree.TestCase
TestAgree.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
