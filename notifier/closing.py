"""Alerts that are over: their jobs would not raise them about the orders as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from notifier.alerting import Alerting
from notifier.asking import customers_of
from notifier.interfaces import CustomerFacts, Store
from notifier.model.alert import Alert, AlertState
from notifier.model.job import Subject
from notifier.model.order import Order, OrderState
from notifier.model.reminder import OrderKey, Planned, State
from notifier.rules.inquiry import SWITCHED_OFF
from notifier.rules.plan import Planner


async def close_finished(
    store: Store, alerting: Alerting, planner: Planner, orders: Sequence[Order], now: datetime
) -> int:
    """Close the alerts about these orders that are over. Returns how many."""
    by_source: dict[str, dict[str, Order]] = defaultdict(dict)
    for order in orders:
        by_source[order.source][order.id] = order
    closed = 0
    for source, own in by_source.items():
        if alerts := await store.unresolved(source, own):
            known = {OrderKey(source, id_): order for id_, order in own.items()}
            over = await finished(store, planner, alerts, known, now)
            closed += len(await alerting.resolve_all(over)) if over else 0
    return closed


async def finished(
    store: Store, planner: Planner, alerts: Sequence[Alert], orders: Mapping[OrderKey, Order], now: datetime
) -> list[tuple[Alert, str]]:
    """Those alerts about orders whose job would not raise them any more, each with the reason."""
    open_ = [alert for alert in alerts if alert.state is not AlertState.RESOLVED]
    gone = [(alert, SWITCHED_OFF) for alert in open_ if alert.key.job not in planner.jobs]
    asked = [
        (alert, job, order)
        for alert in open_
        if (order := orders.get(alert.key.order_key)) is not None
        and (job := planner.jobs.get(alert.key.job)) is not None
        and job.subject is not Subject.SYSTEM
    ]
    others = await customers_of(store, planner, [(job, order) for _, job, order in asked], now)
    answers = [(alert, _ask(planner, alert, order, others, now)) for alert, _, order in asked]
    over = [(alert, answer) for alert, answer in answers if isinstance(answer, str)]
    early = [alert for alert, answer in answers if isinstance(answer, Planned) and answer.due > now]
    return [*gone, *over, *((alert, "its moment has changed") for alert in await _waiting_again(store, early))]


async def _waiting_again(store: Store, alerts: Sequence[Alert]) -> list[Alert]:
    """Those whose reminder is planned anew. One that stays as it raised them shows that the clock was put back."""
    found = []
    for source in {alert.key.source for alert in alerts}:
        own = [alert for alert in alerts if alert.key.source == source]
        stored = await store.reminders(source, sorted({alert.key.order for alert in own}))
        raised = {row.key for rows in stored.values() for row in rows if row.state is State.RAISED}
        found += [alert for alert in own if alert.raised_by not in raised]
    return found


def _ask(
    planner: Planner, alert: Alert, order: Order, customers: Mapping[OrderKey, CustomerFacts], now: datetime
) -> Planned | str | None:
    """What its job says about an alert's order now; None while nobody knows what state that is in."""
    if order.state is OrderState.OTHER:
        return None
    known = customers.get(OrderKey(order.source, order.customer.id), CustomerFacts())
    others = [other for other in known.orders if other.id != order.id]
    return planner.ask(alert.raised_by, order, now, others)
