"""What the pipeline needs from the place where alerts are kept, and the rows that go there and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifier.interfaces.rows import Cancel, Move, Ruling
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.reminder import Planned, Reminder


@dataclass(frozen=True, slots=True)
class AlertChange:
    """One alert's new values and what follows from them: applied wholly or not at all.

    `alert.id` 0 makes a new alert; it gets its number, and fails when its key exists already. Otherwise the stored
    one must still have `alert.version`, which grows by one. `calls` are inserted as reminders of this alert (one whose
    key exists is ignored), `moves` and `cancels` are as in Changes. `ruling` is about the reminder that raised it: when
    that is not ours any more (its fence has moved on), nothing of all this is done.
    """

    alert: Alert
    entries: Sequence[AlertEntry] = ()
    calls: Sequence[Planned] = ()
    moves: Sequence[Move] = ()
    cancels: Sequence[Cancel] = ()
    ruling: Ruling | None = None


@dataclass(frozen=True, slots=True)
class AlertSelection:
    """Which alerts a list shows: some states (empty: all), one order's, at most `limit`; the newest first."""

    states: Collection[AlertState] = ()
    order: str = ""
    limit: int = 100


class AlertStore(Protocol):
    """Where alerts and their histories live. Each method is one transaction, like those of Store."""

    async def alerts(self, ids: Collection[int]) -> Mapping[int, Alert]: ...

    async def alerts_by_key(self, keys: Collection[AlertKey]) -> Mapping[AlertKey, Alert]:
        """Those of these alerts that exist, resolved ones too."""
        ...

    async def unresolved(self, source: str, orders: Collection[str] | None = None) -> Sequence[Alert]:
        """Alerts of a source that are not resolved: about these orders, or (None) all of them."""
        ...

    async def calls(self, ids: Collection[int]) -> Mapping[int, Sequence[Reminder]]:
        """All reminders that were ever planned for these alerts, whatever their state; empty where there are none."""
        ...

    async def change_alerts(self, changes: Sequence[AlertChange], now: datetime) -> Sequence[Alert | None]:
        """Apply each change by itself. The alert as it is stored now, or None where somebody else was faster.

        Of several changes of one alert, one key or one ruled reminder, only the first can be applied.
        """
        ...

    async def list_alerts(self, selection: AlertSelection) -> Sequence[Alert]:
        """The alerts a person asked for, those opened last first."""
        ...

    async def history(self, alert: int) -> Sequence[AlertEntry]:
        """What happened to an alert, the oldest first."""
        ...

    async def note(self, entries: Sequence[AlertEntry]) -> None:
        """Add lines to histories; nothing else changes. A line about an alert that is not there is left out."""
        ...
