"""Commands that show what needs a person: alerts, alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.common import local, reading, run_async, settings_of
from notifier.cli.lists import FormatOption, Limit, OneOrder
from notifier.cli.show import Format, heading, paragraph, printable, show
from notifier.errors import UsageError
from notifier.model.alert import AlertState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notifier.model.alert import Alert, AlertEntry
    from notifier.model.reminder import Reminder

Number = Annotated[int, typer.Argument(metavar="ALERT", help="The alert's number.", show_default=False)]
States = Annotated[list[str] | None, typer.Option("--state", help=f"One of {', '.join(AlertState)}; may be repeated.")]
_COLUMNS = (
    *("id", "urgency", "state", "job", "order", "about", "opened", "started", "times", "step", "who", "risk"),
    *("policy", "reason", "what"),
)
_ABOUT = "Looking at what it does"
_CONSIDERED = 10_000
_UNRESOLVED = (AlertState.OPEN, AlertState.ACKNOWLEDGED)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=_ABOUT)(alerts)
    app.command(rich_help_panel=_ABOUT)(alert)


def alerts(
    context: typer.Context,
    state: States = None,
    order: OneOrder = "",
    limit: Limit = 100,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List what needs a person, the worst first; what is over only when it is asked for."""
    from notifier.daemon import clock_for
    from notifier.interfaces import AlertSelection
    from notifier.rules.alerts import worst_first

    settings = settings_of(context)
    selection = AlertSelection(_states(state), order, max(limit, _CONSIDERED))

    async def work() -> Sequence[Alert]:
        async with reading(settings) as store:
            return await store.list_alerts(selection)

    found = sorted(run_async(work()), key=worst_first)[:limit]
    now = clock_for(settings.clock).now()
    show("Alerts", _COLUMNS, [_row(a) for a in found], format, settings.shop.zone, hidden=_hidden(found, now))


def _states(names: list[str] | None) -> tuple[AlertState, ...]:
    from notifier.mistakes import did_you_mean

    if unknown := [name for name in names or [] if name not in set(AlertState)]:
        raise UsageError(f"there is no state {unknown[0]!r}{did_you_mean(unknown[0], list(AlertState))}")
    return tuple(map(AlertState, names)) if names else _UNRESOLVED


def _row(alert: Alert) -> tuple[Any, ...]:
    key = alert.key
    return (
        *(alert.id, str(alert.urgency), str(alert.state), key.job, key.order, key.subject),
        *(alert.opened, alert.started, alert.times, alert.step + 1, alert.by, _risk(alert)),
        *(alert.policy, alert.reason, alert.what),
    )


def _risk(alert: Alert) -> str:
    return f"{alert.risk.amount} {alert.risk.currency}" if alert.risk else ""


def _hidden(found: Sequence[Alert], now: datetime) -> set[str]:
    """What a table has no use for: columns that say nothing about any of these alerts."""
    telling = {
        "about": any(alert.key.subject for alert in found),
        "started": any(alert.state is AlertState.OPEN and alert.started > now for alert in found),
        "times": any(alert.times > 1 for alert in found),
        "step": any(alert.step for alert in found),
        "who": any(alert.by for alert in found),
        "risk": any(alert.risk for alert in found),
        "reason": any(alert.reason for alert in found),
        "what": any(alert.what for alert in found),
        "policy": False,
    }
    return {column for column, tells in telling.items() if not tells}


def alert(context: typer.Context, number: Number) -> None:
    """Tell everything about one alert: what it is about, who has it, what happened, who was and will be called."""
    from notifier.daemon import clock_for

    settings = settings_of(context)

    async def work() -> tuple[Alert, Sequence[AlertEntry], Sequence[Reminder]]:
        async with reading(settings) as store:
            found = (await store.alerts([number])).get(number)
            if found is None:
                raise UsageError(f"there is no alert {number}")
            return found, await store.history(number), (await store.calls([number])).get(number, ())

    found, history, calls = run_async(work())
    zone = settings.shop.zone
    print(heading(named(found)))
    print(paragraph(" ".join(_story(found, clock_for(settings.clock).now(), zone))), end="\n\n")
    show("History", ("time", "by", "event", "what"), [(e.at, e.by, e.what, e.text) for e in history], zone=zone)
    rows = sorted((_call(call) for call in calls), key=lambda row: row[0])
    show("Calls", ("time", "who", "step", "state", "reason"), rows, zone=zone)


def named(alert: Alert) -> str:
    """`Alert 12 (ship-deadline, order 1001)`."""
    key = alert.key
    about = [key.job, f"order {key.order}" if key.order else "", key.subject]
    return printable(f"Alert {alert.id} ({', '.join(filter(None, about))})")


def _story(alert: Alert, now: datetime, zone: str) -> list[str]:
    """What an alert is and where it stands, in sentences."""
    times = f", raised {alert.times} times" if alert.times > 1 else ""
    sentences = [f"It is {alert.urgency}, opened {local(alert.opened, zone)}{times}, for {alert.policy}."]
    if alert.what:
        sentences.append(f"{alert.what.rstrip('.')}.")
    if alert.risk:
        sentences.append(f"{_risk(alert)} are at stake.")
    return [*sentences, _standing(alert, now, zone)]


def _standing(alert: Alert, now: datetime, zone: str) -> str:
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"{alert.by} has it."
    if alert.state is AlertState.RESOLVED:
        return f"It is over since {local(alert.changed, zone)}, {ended(alert)}."
    if alert.started > now:
        return f"Nobody is called before {local(alert.started, zone)}."
    return "Nobody has it."


def ended(alert: Alert) -> str:
    """How an alert came to its end, and why."""
    how = f"closed by {alert.by}" if alert.by else "by itself"
    return printable(f"{how}: {alert.reason}" if alert.reason else how)


def _call(call: Reminder) -> tuple[Any, ...]:
    from notifier.rules.ladder import RESOLVED_STEP, agent_of

    step = "over" if call.key.step == RESOLVED_STEP else str(call.key.step + 1)
    return call.due, agent_of(call.key), step, str(call.state), call.reason
