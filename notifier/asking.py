"""Claiming what is due, and asking again: its order afresh from the shop, and what else the gates need to know."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notifier.errors import SourceError
from notifier.intake import take_in
from notifier.interfaces import CustomerFacts, Ruling, Source, Store
from notifier.model.job import Job, Purpose
from notifier.model.order import Order
from notifier.model.reminder import OrderKey, Reminder, State
from notifier.model.shop import SendingRules
from notifier.outlet import Outlet
from notifier.rules.inquiry import SWITCHED_OFF
from notifier.rules.plan import Planner
from notifier.rules.recheck import LOOK_AGAIN, Facts, Question, Way, obstacle
from notifier.settings import channels_for

Row = tuple[Reminder, Job, Order]
"""A claimed reminder, its job as it is for this order, and the order as its shop shows it."""

LEASE = timedelta(minutes=5)
SHOP_DOWN = timedelta(minutes=2)
NOT_SHOWN = "the shop does not show this order at the moment"
DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(slots=True)
class Asked:
    """What the shops show of the orders of claimed reminders.

    `unread` are the shops that could not be asked, each with why and when to ask again; `changed` are orders that
    turned out to have changed since they were read last.
    """

    orders: dict[OrderKey, Order] = field(default_factory=dict)
    unread: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    changed: list[Order] = field(default_factory=list)

    def rows(self, planner: Planner, reminders: Sequence[Reminder], now: datetime) -> tuple[list[Row], list[Ruling]]:
        """The reminders that can be decided about; and rulings about the others.

        Nothing is said about an order that could not be read afresh.
        """
        rows: list[Row] = []
        rulings: list[Ruling] = []
        for reminder in reminders:
            key = reminder.key
            if key.job not in planner.jobs:
                rulings.append(Ruling(reminder.id, reminder.fence, State.CANCELLED, SWITCHED_OFF))
            elif order := self.orders.get(key.order_key):
                rows.append((reminder, planner.job_for(key, order, now), order))
            else:
                reason, until = self.unread.get(key.source, (NOT_SHOWN, now + LOOK_AGAIN))
                rulings.append(Ruling(reminder.id, reminder.fence, State.PLANNED, reason, until))
        return rows, rulings


@dataclass(frozen=True, slots=True)
class Claims:
    """Due reminders that are ours for a while, and what the shops showed a moment ago. `more` may be due."""

    reminders: Sequence[Reminder]
    asked: Asked
    more: bool


async def claim_due(store: Store, sources: Mapping[str, Source], planner: Planner, now: datetime, limit: int) -> Claims:
    """Take up to `limit` due reminders, and ask again about their orders.

    But for calls: they look at their orders themselves (`orders_at_hand`), and are made even if the shop is silent.
    """
    reminders = await store.claim(now, now + LEASE, limit)
    about_orders = [one for one in reminders if one.key.order and not one.alert]
    return Claims(reminders, await _ask(store, sources, planner, about_orders, now), len(reminders) >= limit)


async def _ask(
    store: Store, sources: Mapping[str, Source], planner: Planner, claimed: Sequence[Reminder], now: datetime
) -> Asked:
    """Read the orders of these reminders afresh, in one batch a source."""
    asked = Asked()
    by_source: dict[str, set[str]] = defaultdict(set)
    for reminder in claimed:
        by_source[reminder.key.source].add(reminder.key.order)
    for name, ids in by_source.items():
        if name not in sources:
            asked.unread[name] = (f"the source {name} is not in the settings any more", now + LOOK_AGAIN)
            continue
        try:
            orders, changed = await _look(store, planner, sources[name], ids, now)
        except SourceError as error:
            asked.unread[name] = (f"the shop cannot be read: {error}", now + SHOP_DOWN)
            continue
        asked.orders.update((OrderKey(name, id_), order) for id_, order in orders.items())
        asked.changed += changed
    return asked


async def orders_at_hand(
    store: Store, sources: Mapping[str, Source], planner: Planner, keys: Collection[OrderKey], now: datetime
) -> tuple[dict[OrderKey, Order], list[Order]]:
    """These orders as their shops show them now, or as we know them: the staff must hear of them even so.

    The second list are those that turned out to have changed since they were read last.
    """
    by_source: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        by_source[key.source].add(key.order)
    found: dict[OrderKey, Order] = {}
    changed: list[Order] = []
    for name, ids in by_source.items():
        fresh: dict[str, Order] = {}
        if name in sources:
            with suppress(SourceError):
                fresh, own = await _look(store, planner, sources[name], ids, now)
                changed += own
        known = await store.orders(name, sorted(ids - fresh.keys())) if ids - fresh.keys() else {}
        fresh.update((id_, row.order) for id_, row in known.items())
        found.update((OrderKey(name, id_), order) for id_, order in fresh.items())
    return found, changed


async def _look(
    store: Store, planner: Planner, source: Source, ids: set[str], now: datetime
) -> tuple[dict[str, Order], list[Order]]:
    """The orders as the shop shows them now; what has changed is planned anew on the way, like any poll's page."""
    records = await source.look(sorted(ids))
    known = await store.orders(source.name, sorted(records))
    intake = await take_in(store, planner, source, list(records.values()), now, first_look=False, known=known)
    if intake.orders or intake.quarantine:
        await store.apply(intake.changes(now))
    fresh = {row.order.id: row.order for row in intake.orders}
    broken = {row.order for row in intake.quarantine}
    same = {id_: row.order for id_, row in known.items() if id_ not in broken}
    return same | fresh, list(fresh.values())


async def facts_for(
    store: Store,
    planner: Planner,
    rules: SendingRules,
    outlets: Mapping[str, Outlet],
    rows: Sequence[Row],
    now: datetime,
    unwritten: Collection[OrderKey],
) -> list[Question]:
    """Everything the gates look at, for a whole batch in a few queries.

    `unwritten` are customers to whom something is on its way that the store does not know of yet.
    """
    buyers = [(job, order) for _, job, order in rows]
    ways, customers = await asyncio.gather(
        _ways(store, outlets, rows),
        customers_of(store, planner, buyers, now),
    )
    questions = []
    for (reminder, job, order), own in zip(rows, ways, strict=True):
        customer = OrderKey(order.source, order.customer.id)
        known = customers.get(customer, CustomerFacts())
        facts = Facts(
            now=now,
            zone=order.customer.zone or planner.shop.zone,
            rules=rules,
            ways=own,
            others=[other for other in known.orders if other.id != order.id],
            sent_today=known.sent.get("any", 0),
            sent_this_week=known.sent.get("marketing", 0),
            unwritten=customer in unwritten,
        )
        questions.append(Question(reminder, job, order, planner, facts))
    return questions


async def customers_of(
    store: Store, planner: Planner, rows: Sequence[tuple[Job, Order]], now: datetime
) -> dict[OrderKey, CustomerFacts]:
    """What is known of the customers; their other orders, and what marketing they got, only where a job asks."""
    by_source: dict[str, set[str]] = defaultdict(set)
    compared: dict[str, set[str]] = defaultdict(set)
    comparing = {name for name, job in {job.name: job for job, _ in rows}.items() if planner.compares(job)}
    for job, order in rows:
        if order.customer.id:
            by_source[order.source].add(order.customer.id)
            if job.name in comparing:
                compared[order.source].add(order.customer.id)
    since = {"any": now - DAY}
    if any(job.purpose is Purpose.MARKETING for job, _ in rows):
        since["marketing"] = now - WEEK
    return {
        OrderKey(source, customer): facts
        for source, ids in by_source.items()
        for customer, facts in (await store.facts(source, sorted(ids), since, compared[source])).items()
    }


async def _ways(store: Store, outlets: Mapping[str, Outlet], rows: Sequence[Row]) -> list[list[Way]]:
    """How each reminder could reach its customer: channel after channel, up to the first that is open.

    Those after it need not be asked for an address, which takes a while.
    """
    # By channels, because a promotion may give a job others for some of its reminders.
    names = {job.channels: channels_for(job, outlets) for job in {job.channels: job for _, job, _ in rows}.values()}
    left = [iter(names[job.channels]) for _, job, _ in rows]
    found: list[list[Way]] = [[] for _ in rows]
    undecided = list(range(len(rows)))
    while undecided:
        last: dict[int, Way] = {}
        for number in undecided:
            reminder, job, order = rows[number]
            for name in left[number]:
                last[number] = way = outlets[name].way(order.customer)
                found[number].append(way)
                if not obstacle(way, reminder, job, order.customer):
                    break
        closed = await store.suppressed({(way.kind, way.address) for way in last.values() if way.address is not None})
        undecided = [number for number, way in last.items() if (way.kind, way.address) in closed]
        for number in undecided:
            found[number][-1] = replace(last[number], suppressed=True)
    return found
