"""Alerts of the demonstration as they climb and end, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from notifier.interfaces import AlertSelection, Store
from notifier.model.alert import Alert, AlertEntry
from notifier.model.reminder import Reminder, State
from notifier.rules.ladder import agent_of
from notifier.rules.phrases import count


@dataclass(slots=True)
class AlertWatch:
    """What is known so far: how much of each alert's history was told, and which calls had been called off."""

    told: dict[int, int] = field(default_factory=dict)
    called_off: set[int] = field(default_factory=set)
    summaries: list[str] = field(default_factory=list)

    async def look(self, store: Store, calls: Sequence[Reminder]) -> list[str]:
        """What has happened since the last time; `calls` are all there are. `summaries` tell each alert as a whole."""
        alerts = sorted(await store.list_alerts(AlertSelection()), key=lambda alert: alert.id)
        lines: list[str] = []
        self.summaries = []
        for alert in alerts:
            entries = await store.history(alert.id)
            lines += (_sentence(alert, entry) for entry in entries[self.told.get(alert.id, 0) :])
            lines += self._off(alert, calls)
            self.told[alert.id] = len(entries)
            self.summaries.append(_summary(alert, entries, calls))
        return lines

    def _off(self, alert: Alert, calls: Sequence[Reminder]) -> list[str]:
        off = [call for call in calls if call.alert == alert.id and call.state is State.CANCELLED]
        new = [call for call in off if call.id not in self.called_off]
        self.called_off.update(call.id for call in new)
        return [f"alert {alert.id}: {count(len(new), 'further call')} called off: {new[0].reason}"] if new else []


def _sentence(alert: Alert, entry: AlertEntry) -> str:
    about, when = f"alert {alert.id}", f"{entry.at:%d %b %H:%M}"
    match entry.what:
        case "opened":
            return f"order {alert.key.order}: ALERT {alert.id} opened by {alert.key.job} on {when}"
        case "called":
            return f"{about}: CALLED {entry.text} on {when}"
        case "acknowledged":
            return f"{about}: TAKEN by {entry.by} on {when} ({entry.text})"
        case "resolved":
            return f"{about}: OVER on {when}: {entry.text}"
        case _:
            return f"{about}: {entry.what} on {when}: {entry.text}"


def _summary(alert: Alert, entries: Sequence[AlertEntry], calls: Sequence[Reminder]) -> str:
    """`Alert 1 (ship-deadline, order 1013) called amy, then ben; ben took it, and cleo heard nothing.`"""
    taken = next((entry for entry in entries if entry.what == "acknowledged"), None)
    called = dict.fromkeys(entry.text.partition(" by ")[0] for entry in entries if entry.what == "called")
    spared = {agent_of(call.key) for call in calls if call.alert == alert.id} - called.keys()
    who = f"Alert {alert.id} ({alert.key.job}, order {alert.key.order}) called {', then '.join(called) or 'nobody yet'}"
    end = f"; {taken.by} took it" if taken else ""
    rest = f", and {' and '.join(sorted(spared))} heard nothing" if spared else ""
    return f"{who}{end}{rest}."
