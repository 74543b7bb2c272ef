"""What the staff was alerted to about an order, and what they made of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from notifier.explain.account import Item, Mark
from notifier.explain.speaker import Speaker
from notifier.interfaces import AlertSelection, Store
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.reminder import Reminder, State
from notifier.rules.phrases import because, count

_MANY = 1000


async def alerts(store: Store, speaker: Speaker, reminders: Sequence[Reminder], now: datetime) -> list[Item]:
    """One sentence for each alert of the order, the oldest first."""
    order = speaker.order
    listed = await store.list_alerts(AlertSelection(order=order.id, limit=_MANY))
    found = [alert for alert in listed if alert.key.source == order.source]
    told = [(alert.opened, _alert(speaker, alert, await store.history(alert.id), now)) for alert in found]
    known = {alert.key for alert in found}
    # Alerts are forgotten a while after they were closed; that there was one is not.
    told += [
        (reminder.updated or reminder.due, _forgotten(speaker, reminder))
        for reminder in reminders
        if reminder.state is State.RAISED and AlertKey(*reminder.key[:4]) not in known
    ]
    return [item for _, item in sorted(told, key=lambda pair: pair[0])]


def _alert(speaker: Speaker, alert: Alert, history: Sequence[AlertEntry], now: datetime) -> Item:
    name = f"alert {alert.id}{f' ({alert.what})' if alert.what else ''}"
    told = speaker.alerted(alert.raised_by, alert.policy, alert.times)
    words = f"{told}: {name}, {_stands(speaker, alert, history, now)}"
    return Item(Mark.RAISED, f"{speaker.times.at(alert.opened)}: {words}.")


def _forgotten(speaker: Speaker, reminder: Reminder) -> Item:
    when = speaker.times.at(reminder.updated or reminder.due)
    return Item(Mark.RAISED, f"{when}: {speaker.alerted(reminder.key)}.")


def _stands(speaker: Speaker, alert: Alert, history: Sequence[AlertEntry], now: datetime) -> str:
    """`taken by Li on Mon 2 Mar, 09:20`."""
    last = {entry.what: entry for entry in history}
    at = speaker.times.at
    match alert.state:
        case AlertState.OPEN if alert.started > now:
            by = f" by {last['snoozed'].by}" if "snoozed" in last and last["snoozed"].by else ""
            return f"put off{by} until {at(alert.started)}"
        case AlertState.OPEN:
            calls = sum(entry.what == "called" for entry in history)
            after = f", after {count(calls, 'call')}" if calls else ""
            return f"which nobody has taken yet{after}"
        case AlertState.ACKNOWLEDGED:
            when = last["acknowledged"].at if "acknowledged" in last else alert.changed
            return f"taken by {alert.by} on {at(when)}"
        case AlertState.RESOLVED if alert.by:
            return f"closed by {alert.by} on {at(alert.changed)}{f': {alert.reason}' if alert.reason else ''}"
        case AlertState.RESOLVED:
            return f"over since {at(alert.changed)}{because(alert.reason)}"
