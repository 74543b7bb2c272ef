"""A small alert desk: the alerts are given, what people do with them is carried out in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from notifier.clock import Clock
from notifier.errors import UsageError
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.job import Urgency


class SmallDesk:
    """Obeys the contract of AlertDesk. `deeds` is everything that was asked of it, also what changed nothing."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.alerts: dict[int, Alert] = {}
        self.entries: defaultdict[int, list[AlertEntry]] = defaultdict(list)
        self.headlines: dict[int, str] = {}
        self.deeds: list[tuple[str, int, str]] = []

    def open(self, number: int, **changes: Any) -> Alert:
        """A new alert about order 1001."""
        now = self.clock.now()
        key = AlertKey("shop", "1001", "ship-deadline", str(number))
        fresh = Alert(number, key, AlertState.OPEN, "shop", Urgency.NORMAL, now, now, now)
        self.alerts[number] = replace(fresh, **changes)
        self._enter(number, "opened", "")
        return self.alerts[number]

    async def get(self, number: int) -> Alert:
        if number not in self.alerts:
            raise UsageError(f"there is no alert {number}")
        return self.alerts[number]

    async def acknowledge(self, number: int, by: str, how: str = "") -> Alert:
        alert = await self.get(number)
        self.deeds.append(("acknowledge", number, by))
        if alert.state is AlertState.OPEN:
            alert = self._change(number, "acknowledged", by, how, state=AlertState.ACKNOWLEDGED, by=by)
        return alert

    async def resolve(self, number: int, by: str, reason: str = "") -> Alert:
        alert = await self.get(number)
        self.deeds.append(("resolve", number, by))
        if alert.state is not AlertState.RESOLVED:
            alert = self._change(number, "resolved", by, reason, state=AlertState.RESOLVED, by=by, reason=reason)
        return alert

    async def snooze(self, number: int, until: datetime, by: str) -> Alert:
        alert = await self.get(number)
        self.deeds.append(("snooze", number, by))
        if alert.state is not AlertState.RESOLVED:
            alert = self._change(number, "snoozed", by, "", state=AlertState.OPEN, started=until)
        return alert

    async def history(self, number: int) -> Sequence[AlertEntry]:
        return self.entries[(await self.get(number)).id]

    async def headline(self, number: int, language: str) -> str:
        await self.get(number)
        return self.headlines.get(number, f"Order 1001 ({language}) is late")

    def note(self, number: int, by: str, text: str) -> None:
        """A line in the history."""
        self._enter(number, "note", by, text)

    def _change(self, number: int, what: str, by: str, text: str, **changes: Any) -> Alert:
        self.alerts[number] = replace(self.alerts[number], changed=self.clock.now(), **changes)
        self._enter(number, what, by, text)
        return self.alerts[number]

    def _enter(self, number: int, what: str, by: str, text: str = "") -> None:
        self.entries[number].append(AlertEntry(number, self.clock.now(), what, by, text))
