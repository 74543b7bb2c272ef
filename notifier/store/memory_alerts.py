"""The alerts of a `MemoryStore`: rows by number and by key, and their histories. Calls are among its reminders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from notifier.interfaces import AlertChange, AlertSelection
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.reminder import Reminder, State
from notifier.store.memory_rows import Rows
from notifier.store.states import FINISHED
from notifier.store.winners import winners


class MemoryAlerts:
    """An `AlertStore` in dictionaries."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._alerts: dict[int, Alert] = {}
        self._numbers: dict[AlertKey, int] = {}
        self._histories: defaultdict[int, list[AlertEntry]] = defaultdict(list)
        self._last_alert = 0

    async def alerts(self, ids: Collection[int]) -> Mapping[int, Alert]:
        return {id_: self._alerts[id_] for id_ in ids if id_ in self._alerts}

    async def alerts_by_key(self, keys: Collection[AlertKey]) -> Mapping[AlertKey, Alert]:
        return {key: self._alerts[self._numbers[key]] for key in keys if key in self._numbers}

    async def unresolved(self, source: str, orders: Collection[str] | None = None) -> Sequence[Alert]:
        return [
            alert
            for alert in self._alerts.values()
            if alert.key.source == source
            and (orders is None or alert.key.order in orders)
            and alert.state is not AlertState.RESOLVED
        ]

    async def calls(self, ids: Collection[int]) -> Mapping[int, Sequence[Reminder]]:
        return {id_: self._rows.of_alert(id_) for id_ in ids}

    async def change_alerts(self, changes: Sequence[AlertChange], now: datetime) -> Sequence[Alert | None]:
        ruled = (self._rows.by_id.get(one.ruling.id) for one in changes if one.ruling is not None)
        fences = {row.id: row.fence for row in ruled if row is not None and row.state is State.PLANNED}
        stored = await self.alerts([one.alert.id for one in changes])
        versions = {alert.id: alert.version for alert in stored.values()}
        applied = winners(changes, fences, versions, self._numbers)
        changed = {position: self._change(changes[position], now) for position in applied}
        return [changed.get(position) for position in range(len(changes))]

    def _change(self, change: AlertChange, now: datetime) -> Alert:
        alert = self._put(replace(change.alert, version=change.alert.version + 1))
        self._histories[alert.id] += [replace(entry, alert=alert.id) for entry in change.entries]
        if change.ruling is not None:
            self._rows.settle(change.ruling, now)
        for plan in change.calls:
            self._rows.insert(plan, "", now, alert.id)
        for move in change.moves:
            self._rows.move(move, now)
        for cancel in change.cancels:
            self._rows.cancel(cancel, now)
        return alert

    def _put(self, alert: Alert) -> Alert:
        if not alert.id:
            self._last_alert += 1
            alert = replace(alert, id=self._last_alert)
            self._numbers[alert.key] = alert.id
        self._alerts[alert.id] = alert
        return alert

    async def list_alerts(self, selection: AlertSelection) -> Sequence[Alert]:
        found = [
            alert
            for alert in self._alerts.values()
            if (not selection.states or alert.state in selection.states) and selection.order in ("", alert.key.order)
        ]
        found.sort(key=lambda alert: (alert.opened, alert.id), reverse=True)
        return found[: selection.limit]

    async def history(self, alert: int) -> Sequence[AlertEntry]:
        return [*self._histories.get(alert, ())]

    async def note(self, entries: Sequence[AlertEntry]) -> None:
        for entry in entries:
            if entry.alert in self._alerts:
                self._histories[entry.alert].append(entry)

    def _forget_alerts(self, before: datetime) -> tuple[int, list[Reminder]]:
        """Drop alerts that were resolved before and have no call on its way; how many, and their calls."""
        gone: list[Reminder] = []
        over = [alert for alert in self._alerts.values() if self._is_over(alert, before)]
        for alert in over:
            gone += self._rows.of_alert(alert.id)
            del self._alerts[alert.id], self._numbers[alert.key]
            self._histories.pop(alert.id, None)
        return len(over), gone

    def _is_over(self, alert: Alert, before: datetime) -> bool:
        resolved = alert.state is AlertState.RESOLVED and alert.changed < before
        return resolved and all(row.state in FINISHED for row in self._rows.of_alert(alert.id))
