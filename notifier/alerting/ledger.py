"""Alerts and their calls as they are written: together, and only while nobody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from notifier.alerting.desk import OnCallDesk
from notifier.clock import Clock
from notifier.errors import StoreError
from notifier.interfaces import AlertChange, AlertStore, Ruling
from notifier.model.alert import Alert, AlertEntry, AlertState
from notifier.model.oncall import Policy
from notifier.model.reminder import Reminder
from notifier.rules.alerts import Changed
from notifier.rules.ladder import Call, ladder, reconcile_calls, woken_by

TRIES = 10
"""How often a change is made again because somebody else was faster."""


class Ledger:
    """The alerts of a store, with the calls that follow from them under the settings of `desk`.

    `again` is called when calls were planned or moved.
    """

    def __init__(
        self, store: AlertStore, desk: Callable[[], OnCallDesk], clock: Clock, again: Callable[[], None]
    ) -> None:
        self._store, self._desk, self._clock, self._again = store, desk, clock, again

    def calls(self, alert: Alert, stored: Sequence[Reminder]) -> list[Call]:
        """The calls that ought to exist for an alert now; `stored` are all that it ever had."""
        desk = self._desk()
        policy = desk.oncall.policies.get(alert.policy) or Policy(alert.policy, ())

        def climbed(as_if: Alert, woken: Mapping[str, tuple[str, ...]]) -> list[Call]:
            return ladder(as_if, policy, desk.roster, desk.oncall.quiet, woken, desk.zone)

        if alert.state is not AlertState.RESOLVED:
            return climbed(alert, {})
        before = climbed(replace(alert, state=AlertState.OPEN), {})
        return climbed(alert, woken_by(alert, stored, before, policy))

    async def apply(self, changed: Sequence[tuple[Changed, Ruling | None]], now: datetime) -> Sequence[Alert | None]:
        """Write alerts, histories and what follows for the calls."""
        stored = await self._calls_of({alert.id for (alert, _), _ in changed})
        return await self._write(
            [self._change_for(alert, [entry], stored, now, ruling) for (alert, entry), ruling in changed], now
        )

    async def heal(self, numbers: Collection[int]) -> int:
        """Make the calls of these alerts what they ought to be; returns how many alerts were changed."""
        left, healed = numbers, 0
        for _ in range(TRIES):
            alerts = await self._store.alerts(left)
            stored = await self._calls_of(alerts)
            now = self._clock.now()
            changes = [
                change
                for alert in alerts.values()
                if _does_something(change := self._change_for(self._up_to_date(alert), [], stored, now), alert)
            ]
            if not changes:
                return healed
            written = await self._write(changes, now)
            left = [change.alert.id for change, alert in zip(changes, written, strict=True) if alert is None]
            healed += len(changes) - len(left)
            if not left:
                return healed
        raise StoreError("alerts are changed by others all the time; try again in a moment")

    def _up_to_date(self, alert: Alert) -> Alert:
        """An alert goes where its job goes now, as urgently."""
        job = self._desk().jobs.get(alert.key.job)
        if job is None or not job.for_staff or alert.state is AlertState.RESOLVED:
            return alert
        return replace(alert, policy=job.to, urgency=job.urgency)

    def _change_for(
        self,
        alert: Alert,
        entries: Sequence[AlertEntry],
        stored: Mapping[int, Sequence[Reminder]],
        now: datetime,
        ruling: Ruling | None = None,
    ) -> AlertChange:
        calls = stored.get(alert.id, ())
        difference = reconcile_calls(alert, self.calls(alert, calls), calls, now)
        return AlertChange(alert, entries, difference.inserts, difference.moves, difference.cancels, ruling)

    async def _calls_of(self, numbers: Collection[int]) -> Mapping[int, Sequence[Reminder]]:
        known = [number for number in numbers if number]
        return await self._store.calls(known) if known else {}

    async def _write(self, changes: Sequence[AlertChange], now: datetime) -> Sequence[Alert | None]:
        written = await self._store.change_alerts(changes, now)
        if any(change.calls or change.moves for change in changes):
            self._again()
        return written


def _does_something(change: AlertChange, alert: Alert) -> bool:
    return bool(change.alert != alert or change.calls or change.moves or change.cancels)
