"""From records of a shop to changes of the store: understand, observe, plan, reconcile. It writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from notifier.errors import BadOrder
from notifier.interfaces import Cancel, Changes, Move, Quarantined, Record, Source, SourceMark, Store, StoredOrder
from notifier.model.order import Order
from notifier.model.reminder import Key, Planned, Reminder
from notifier.rules.observe import as_reported, observe
from notifier.rules.plan import Planner
from notifier.rules.reconcile import reconcile

_BODY_KEPT = 2000


@dataclass(slots=True)
class Intake:
    """What some records came to: changes to apply. `too_old` counts, by job, what is not planned because it is late."""

    orders: list[StoredOrder] = field(default_factory=list)
    inserts: list[tuple[Planned, str]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    quarantine: list[Quarantined] = field(default_factory=list)
    too_old: Counter[str] = field(default_factory=Counter)

    @property
    def touched(self) -> int:
        """How many plans it creates or cancels: what the brake counts."""
        return len(self.inserts) + len(self.cancels)

    def changes(self, now: datetime, mark: SourceMark | None = None) -> Changes:
        """The same, as one transaction for the store, with the cursor in it."""
        return Changes(self.orders, self.inserts, self.moves, self.cancels, self.quarantine, mark, now)


async def take_in(
    store: Store,
    planner: Planner,
    source: Source,
    records: Sequence[Record],
    now: datetime,
    *,
    first_look: bool,
    known: Mapping[str, StoredOrder] | None = None,
) -> Intake:
    """Work out what `records` change. `known` are our copies of them, where they were read already.

    1. Pass over those whose digest we have: nothing of them has changed.
    2. Understand the others; one that makes no sense is quarantined and the rest goes on.
    3. Complete each with what we know of it, plan it, and compare the plan with its stored reminders.
    """
    if known is None:
        digests = await store.digests(source.name, [record.id for record in records])
    else:
        digests = {id_: row.digest for id_, row in known.items()}
    changed = {record.id: record for record in records if digests.get(record.id) != record.digest}
    stale = [id_ for id_ in changed if id_ in digests]
    before = known or (await store.orders(source.name, stale) if stale else {})
    stored = await store.reminders(source.name, stale) if stale else {}
    intake = Intake()
    seen = None if first_look else now
    for record in changed.values():
        try:
            fresh = source.order(record)
        except BadOrder as error:
            body = repr(record.fields)[:_BODY_KEPT]
            intake.quarantine.append(Quarantined(source.name, record.id, now, str(error), body))
            continue
        previous = before.get(record.id)
        order = observe(fresh, previous.order if previous else None, planner.shop, seen)
        intake.orders.append(StoredOrder(order, record.digest, now))
        _plan_into(intake, planner, order, stored.get(record.id, ()), now)
    return intake


async def take_again(store: Store, planner: Planner, rows: Sequence[StoredOrder], now: datetime) -> Intake:
    """Plan stored orders of one source again, because jobs or settings changed or the calendar went on."""
    intake = Intake()
    stored = await store.reminders(rows[0].order.source, [row.order.id for row in rows]) if rows else {}
    for row in rows:
        order = observe(as_reported(row.order), row.order, planner.shop, None)
        if order != row.order:
            intake.orders.append(replace(row, order=order))
        _plan_into(intake, planner, order, stored.get(order.id, ()), now)
    return intake


def _plan_into(intake: Intake, planner: Planner, order: Order, stored: Sequence[Reminder], now: datetime) -> None:
    def why_not(key: Key) -> str:
        answer = planner.ask(key, order, now)
        return answer if isinstance(answer, str) else "it is not wanted any more"

    difference = reconcile(stored, planner.plan(order, now), why_not, now)
    customer = order.customer.id
    intake.inserts.extend((planned, customer) for planned in difference.inserts)
    intake.moves.extend(difference.moves)
    intake.cancels.extend(difference.cancels)
    intake.too_old.update(planned.key.job for planned in difference.too_old)
