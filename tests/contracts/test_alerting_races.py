"""Alerts in a real database, with several at them in the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from notifier.alerting import Alerting, Raising, oncall_desk
from notifier.clock import VirtualClock
from notifier.interfaces import Store
from notifier.model.alert import AlertState
from notifier.model.reminder import State
from notifier.rules.ladder import RESOLVED_STEP
from notifier.store import open_store
from tests.fakes.orders import make_job
from tests.fakes.staff import KEY, MINUTE, NOON, staff

JOB = make_job("ship-deadline", "order.ship_by", "6h before", to="orders", channels=())
CLOCK = VirtualClock(NOON)
COUNT = 400


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite:///{tmp_path}/notifier.db")
    yield opened
    await opened.close()


def alerting(store: Store) -> Alerting:
    async def ended(number: int) -> None:
        """Nothing is ever on its way here."""

    return Alerting(store, lambda: oncall_desk(staff(), {JOB.name: JOB}, "UTC"), CLOCK, ended)


async def test_raised_from_two_sides_each_order_has_one_alert(store: Store) -> None:
    raises = [Raising(JOB, KEY._replace(order=str(number))) for number in range(COUNT)]
    sides = await asyncio.gather(*(alerting(store).raise_all(raises) for _ in range(2)))
    assert all(alert is not None for side in sides for alert in side)
    alerts = await store.unresolved("shop")
    assert {alert.times for alert in alerts} == {2}
    assert len(alerts) == COUNT
    calls = await store.calls([alert.id for alert in alerts])
    assert {len(rows) for rows in calls.values()} == {len(calls[alerts[0].id])}


async def test_taken_and_closed_at_once_it_has_one_history(store: Store) -> None:
    [alert] = await alerting(store).raise_all([Raising(JOB, KEY)])
    assert alert is not None
    number = alert.id
    acts = [alerting(store).acknowledge(number, name) for name in ("ann", "bob", "sue")]
    acts += [alerting(store).resolve(number, name) for name in ("ann", "bob")]
    acts += [alerting(store).snooze(number, NOON + MINUTE, "sue")]
    await asyncio.gather(*acts, return_exceptions=True)
    await alerting(store).resolve(number, "sue")
    history = [entry.what for entry in await store.history(number)]
    assert history.count("opened") == 1
    assert history.count("resolved") == 1
    assert history[-1] == "resolved"
    [rows] = (await store.calls([number])).values()
    assert {row.state for row in rows if row.key.step != RESOLVED_STEP} == {State.CANCELLED}


async def test_closed_by_itself_while_people_take_it_is_closed(store: Store) -> None:
    found = await alerting(store).raise_all([Raising(JOB, KEY._replace(order=str(number))) for number in range(20)])
    alerts = [alert for alert in found if alert]
    await asyncio.gather(
        *(alerting(store).acknowledge(alert.id, "ann") for alert in alerts),
        alerting(store).resolve_all([(alert, "shipped") for alert in alerts]),
    )
    states = {alert.state for alert in (await store.alerts([alert.id for alert in alerts])).values()}
    assert states == {AlertState.RESOLVED}
