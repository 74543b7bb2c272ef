"""Rows of `alerts` and `alert_entries`. Their calls are rows of `reminders`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, bindparam, insert, literal_column, select, update

from notifier.interfaces import AlertChange, AlertSelection
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.job import Urgency
from notifier.model.order import Money
from notifier.store import claims, reminders
from notifier.store.instants import instant, micros
from notifier.store.statements import Batch, among, fetch, is_unresolved, param
from notifier.store.tables import alert_entries, alerts
from notifier.store.winners import winners

_a, _e = alerts.c, alert_entries.c
_KEY = (_a.source, _a.order_id, _a.job, _a.subject)
_VALUES = (
    *(_a.state, _a.policy, _a.urgency, _a.opened, _a.started, _a.changed, _a.step, _a.round, _a.times),
    *(_a.by, _a.reason, _a.what, _a.risk, _a.currency, _a.version),
)
"""What may change, in the order of `_values`."""

_ALL = select(_a.number, *_KEY, *_VALUES)
_BY_ID = _ALL.where(among(_a.number))
_OF_ORDERS = _ALL.where(among(_a.order_id))
_UNRESOLVED = _ALL.where(_a.source == param("source_name"), is_unresolved).order_by(_a.number)
_UNRESOLVED_OF = _ALL.where(_a.source == param("source_name"), among(_a.order_id), is_unresolved)
_VERSIONS = select(_a.number, _a.version).where(among(_a.number)).with_for_update()
_KEYS = select(*_KEY).where(among(_a.order_id))
_NUMBERS = select(*_KEY, _a.number).where(among(_a.order_id))
_INSERT = Batch(insert(alerts), " ".join(column.name for column in (*_KEY, *_VALUES)))
_UPDATE = Batch(
    update(alerts)
    .where(_a.number == param("row"))
    .values({column.name: param(f"new_{column.name}") for column in _VALUES}),
    " ".join(["row", *(f"new_{column.name}" for column in _VALUES)]),
)
_NOTE = Batch(
    insert(alert_entries).from_select(
        ["alert", "at", "what", "by", "text"],
        select(
            _a.number,
            bindparam("at_", type_=BigInteger),
            *(bindparam(name, type_=Text) for name in ("what_", "by_", "text_")),
        ).where(_a.number == param("alert_id")),
    ),
    "alert_id at_ what_ by_ text_",
)
_HISTORY = select(_e.alert, _e.at, _e.what, _e.by, _e.text).where(_e.alert == param("alert_id")).order_by(_e.number)


def by_id(connection: Connection, ids: Collection[int]) -> dict[int, Alert]:
    """Those of these alerts that there are."""
    return {row[0]: _from_row(row) for row in fetch(connection, _BY_ID, {"ids": ids})}


def by_key(connection: Connection, keys: Collection[AlertKey]) -> dict[AlertKey, Alert]:
    """Those that exist; read by their orders, which have few each."""
    found = map(_from_row, fetch(connection, _OF_ORDERS, {"ids": {key.order for key in keys}}))
    return {alert.key: alert for alert in found if alert.key in keys}


def unresolved(connection: Connection, source: str, orders: Collection[str] | None) -> list[Alert]:
    """Those of a source, or of some of its orders, that are not resolved, by number."""
    if orders is None:
        return [_from_row(row) for row in connection.execute(_UNRESOLVED, {"source_name": source})]
    found = fetch(connection, _UNRESOLVED_OF, {"source_name": source, "ids": orders})
    return sorted(map(_from_row, found), key=lambda alert: alert.id)


def change(connection: Connection, changes: Sequence[AlertChange], now: datetime) -> list[Alert | None]:
    """Apply those changes that come in time.

    1. find out which they are; 2. write their alerts; 3. histories; 4. rulings, calls, moves and cancels.
    """
    applied = {position: changes[position] for position in _in_time(connection, changes)}
    stored = _write(connection, applied)
    note(connection, [replace(entry, alert=stored[at].id) for at, one in applied.items() for entry in one.entries])
    claims.settle(connection, [one.ruling for one in applied.values() if one.ruling is not None], now)
    calls = [(plan, stored[at].id) for at, one in applied.items() for plan in one.calls]
    reminders.insert_calls(connection, calls, now)
    reminders.move(connection, [move for one in applied.values() for move in one.moves], now)
    reminders.cancel(connection, [cancel for one in applied.values() for cancel in one.cancels], now)
    return [stored.get(position) for position in range(len(changes))]


def _in_time(connection: Connection, changes: Sequence[AlertChange]) -> list[int]:
    fences = claims.held(connection, [one.ruling.id for one in changes if one.ruling is not None])
    versions: dict[int, int] = dict(fetch(connection, _VERSIONS, {"ids": [one.alert.id for one in changes]}))
    taken = {AlertKey(*key) for key in fetch(connection, _KEYS, {"ids": _orders_of_new(changes)})}
    return winners(changes, {row: fence for row, (fence, _) in fences.items()}, versions, taken)


def _write(connection: Connection, applied: Mapping[int, AlertChange]) -> dict[int, Alert]:
    """The alerts as they are stored now, under the positions of their changes."""
    grown = {at: replace(one.alert, version=one.alert.version + 1) for at, one in applied.items()}
    _INSERT.run(connection, [(*alert.key, *_values(alert)) for alert in grown.values() if not alert.id])
    _UPDATE.run(connection, [(alert.id, *_values(alert)) for alert in grown.values() if alert.id])
    found = fetch(connection, _NUMBERS, {"ids": _orders_of_new([*applied.values()])})
    numbers = {AlertKey(*key): number for *key, number in found}
    return {at: alert if alert.id else replace(alert, id=numbers[alert.key]) for at, alert in grown.items()}


def _orders_of_new(changes: Sequence[AlertChange]) -> list[str]:
    return sorted({one.alert.key.order for one in changes if not one.alert.id})


def note(connection: Connection, entries: Sequence[AlertEntry]) -> None:
    """Add lines to the histories of alerts that there are."""
    _NOTE.run(connection, [(entry.alert, micros(entry.at), entry.what, entry.by, entry.text) for entry in entries])


def history(connection: Connection, alert: int) -> list[AlertEntry]:
    """What happened to an alert, the oldest first."""
    rows = connection.execute(_HISTORY, {"alert_id": alert})
    return [AlertEntry(number, instant(at), what, by, text) for number, at, what, by, text in rows]


def listed(connection: Connection, selection: AlertSelection) -> list[Alert]:
    """The alerts a person asked for, those opened last first."""
    query, opened = _ALL, _a.opened.desc()
    if selection.order:
        query = query.where(_a.order_id == selection.order)
    if selection.states:
        query = query.where(_a.state.in_([state.value for state in AlertState if state in selection.states]))
        if AlertState.RESOLVED not in selection.states:
            # The sum keeps SQLite from walking along all alerts by `opened`: few are not resolved.
            query, opened = query.where(is_unresolved), (_a.opened + literal_column("0")).desc()
    query = query.order_by(opened, _a.number.desc()).limit(selection.limit)
    return [_from_row(row) for row in connection.execute(query)]


def _values(alert: Alert) -> tuple[Any, ...]:
    risk, currency = ("", "") if alert.risk is None else (str(alert.risk.amount), alert.risk.currency)
    return (
        *(alert.state.value, alert.policy, alert.urgency.value),
        *(micros(alert.opened), micros(alert.started), micros(alert.changed)),
        *(alert.step, alert.round, alert.times, alert.by, alert.reason, alert.what, risk, currency, alert.version),
    )


def _from_row(row: Sequence[Any]) -> Alert:
    number, source, order, job, subject, state, policy, urgency, opened, started, changed = row[:11]
    step, round_, times, by, reason, what, risk, currency, version = row[11:]
    return Alert(
        number,
        AlertKey(source, order, job, subject),
        AlertState(state),
        policy,
        Urgency(urgency),
        instant(opened),
        instant(started),
        instant(changed),
        step,
        round_,
        times,
        by,
        reason,
        what,
        Money(Decimal(risk), currency) if risk else None,
        version,
    )
