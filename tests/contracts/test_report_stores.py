"""What every store promises to reports: what was said, and the revisit record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from notifier.interfaces import AlertChange, Result, RevisitResult, RevisitRow, Ruling, SaidRow, Store
from notifier.model.reminder import Reminder, State
from notifier.store import open_store
from notifier.store.memory import MemoryStore
from tests.fakes.rows import LEASE, NOW, alert, attempt, call, planned, plans

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ALWAYS = (NOW - DAY, NOW + 90 * DAY)


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = (
        MemoryStore() if request.param == "memory" else await open_store(f"sqlite:///{tmp_path}/notifier.db")
    )
    yield opened
    await opened.close()


async def claim(store: Store, now: datetime = NOW) -> Sequence[Reminder]:
    return await store.claim(now, now + LEASE, 100)


async def end(store: Store, name: str, rows: Sequence[Reminder], state: State, started: datetime = NOW) -> None:
    assert await store.intend([attempt(name, *rows, started=started)], started) == [name]
    await store.record([Result(name, state, "", "accepted")], started)


# What was said


async def test_what_was_accepted_is_said(store: Store) -> None:
    states = (State.ACCEPTED, State.PLANNED, State.DELIVERED, State.UNDELIVERED, State.HELD, State.FAILED)
    await store.apply(plans(*(planned(f"o{number}") for number in range(len(states)))))
    for number, (row, state) in enumerate(zip(await claim(store), states, strict=True)):
        await end(store, f"a{number}", [row], state)
    found = await store.said(NOW, NOW + HOUR, 0, 10)
    assert [(row.order, row.state) for row in found] == [
        ("o0", State.ACCEPTED),
        ("o2", State.DELIVERED),
        ("o3", State.UNDELIVERED),
    ]
    assert found[0] == SaidRow(1, "shop", "o0", "unpaid-nudge", 0, NOW, State.ACCEPTED, "sms")


async def test_what_was_said_in_a_span_page_by_page(store: Store) -> None:
    await store.apply(plans(*(planned(f"o{number}") for number in range(6))))
    for number, row in enumerate(await claim(store)):
        await end(store, f"a{number}", [row], State.ACCEPTED, NOW + number * HOUR)
    since, until = NOW + HOUR, NOW + 5 * HOUR
    first = await store.said(since, until, 0, 3)
    assert [row.order for row in first] == ["o1", "o2", "o3"]
    assert [row.order for row in await store.said(since, until, first[-1].number, 3)] == ["o4"]
    assert await store.said(since, until, 99, 3) == []


async def test_what_was_said_to_staff_is_told_apart(store: Store) -> None:
    changes = [AlertChange(one, calls=[call(one, step=2)]) for one in (alert("o1"), alert("o2"))]
    await store.change_alerts(changes, NOW)
    await end(store, "a1", await claim(store), State.ACCEPTED)
    assert await store.said(*ALWAYS, 0, 10) == [
        SaidRow(1, "shop", "o1", "ship-deadline", 2, NOW, State.ACCEPTED, "sms", 1)
    ]


# The revisit record


def result(order: str = "o1", text: str = "content", *, source: str = "shop", at: datetime = NOW) -> RevisitResult:
    return RevisitResult(source, order, at, "ann", text, "安 likes it")


def line(order: str = "o1", job: str = "revisit", due: datetime = NOW, state: State = State.PLANNED) -> RevisitRow:
    return RevisitRow("shop", order, "ann", job, due, state)


def filled(row: RevisitRow, text: str = "content") -> RevisitRow:
    return replace(row, result=text, by="ann", at=NOW, note="安 likes it")


async def test_each_revisit_opens_a_line(store: Store) -> None:
    others = planned("o3", "review-request"), planned("o1", "revisit", source="other", due=NOW + 2 * HOUR)
    await store.apply(plans(planned("o2", "revisit-call", NOW + HOUR), planned("o1", "revisit"), *others))
    found = await store.revisits(*ALWAYS, 10)
    there = replace(line(due=NOW + 2 * HOUR), source="other")
    assert found == [line(), line("o2", "revisit-call", NOW + HOUR), there]
    assert await store.revisits(*ALWAYS, 1) == [line()]
    assert await store.revisits(NOW + HOUR, NOW + 2 * HOUR, 10) == [line("o2", "revisit-call", NOW + HOUR)]


async def test_an_agent_fills_in_the_result(store: Store) -> None:
    await store.apply(plans(planned("o1", "revisit"), planned("o2", "revisit")))
    assert await store.record_revisit(result())
    assert await store.revisits(*ALWAYS, 10) == [filled(line()), line("o2")]
    assert await store.record_revisit(result(text="complains"))
    assert await store.revisits(*ALWAYS, 1) == [filled(line(), "complains")]


async def test_there_is_no_result_without_a_line(store: Store) -> None:
    await store.apply(plans(planned("o1", "review-request"), planned("o2", "revisit")))
    assert not await store.record_revisit(result("o1"))
    assert not await store.record_revisit(result("o2", source="other"))
    await store.apply(plans(planned("o1", "revisit")))
    assert await store.revisits(*ALWAYS, 10) == [line("o2"), line("o1")]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (State.RAISED, True),
        (State.HELD, True),
        (State.ACCEPTED, True),
        (State.FAILED, False),
        (State.SKIPPED, False),
        (State.EXPIRED, False),
        (State.CANCELLED, False),
    ],
)
async def test_nobody_was_visited_by_what_was_not_said(store: Store, state: State, shown: bool) -> None:
    await store.apply(plans(planned("o1", "revisit")))
    (row,) = await claim(store)
    await store.settle([Ruling(row.id, row.fence, state, "")], NOW)
    assert await store.revisits(*ALWAYS, 10) == ([line(state=state)] if shown else [])
    assert await store.record_revisit(result()) == shown


async def test_the_calls_of_a_revisit_are_no_lines(store: Store) -> None:
    one = alert(job="revisit-call")
    await store.change_alerts([AlertChange(one, calls=[call(one)])], NOW)
    assert await store.revisits(*ALWAYS, 10) == []
    assert not await store.record_revisit(result())


async def test_a_result_goes_with_its_reminder(store: Store) -> None:
    await store.apply(plans(planned("o1", "revisit"), planned("o2", "revisit")))
    rows = await claim(store)
    await end(store, "a1", rows[:1], State.ACCEPTED)
    for order in ("o1", "o2"):
        await store.record_revisit(result(order))
    assert await store.purge(NOW) == 0
    assert await store.purge(NOW + 2 * DAY) == 2  # a reminder and its result
    await store.apply(plans(planned("o1", "revisit", NOW + DAY)))
    assert await store.revisits(*ALWAYS, 10) == [filled(line("o2")), line("o1", due=NOW + DAY)]
