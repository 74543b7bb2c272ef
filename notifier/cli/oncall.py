"""The command that shows duty: who is there when, and how an alert would climb now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.common import settings_of
from notifier.cli.lists import FormatOption
from notifier.cli.show import Format, paragraph, show
from notifier.model.job import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from notifier.model.oncall import Agent
    from notifier.rules.duty import Roster
    from notifier.rules.rota import Stretch
    from notifier.rules.rungs import Rung
    from notifier.settings import Settings

_DUTY = ("day", "who", "from", "until", "on duty")
_CLIMB = ("policy", "repeat", "step", "time", "who", "by")
_NOBODY = "— nobody —"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(rich_help_panel="Looking at what it does")(oncall)


def oncall(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=92, help="How many days, from today on.")] = 7,
    climb: Annotated[
        bool, typer.Option("--climb", help="Only how an alert would climb if it came now, with every repeat.")
    ] = False,
    urgency: Annotated[Urgency, typer.Option(help="Of that alert.")] = Urgency.NORMAL,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """Show next week's duty, where nobody is on duty, and how each policy would climb if an alert came now."""
    from notifier.daemon import clock_for
    from notifier.rules.duty import Roster

    settings = settings_of(context)
    now = clock_for(settings.clock).now().replace(microsecond=0)
    roster = Roster(settings.oncall, settings.shop.zone)
    if not climb:
        _show_duty(roster, now, days, format)
    if climb or format is Format.TABLE:
        _show_climb(settings, roster, now, urgency, format, whole=climb)
    if format is Format.TABLE:
        for warning in settings.warnings:
            print(paragraph(str(warning)))


def _show_duty(roster: Roster, now: datetime, days: int, format: Format) -> None:  # noqa: A002
    from notifier.rules.rota import rota
    from notifier.rules.schedule import local_date

    first = local_date(now, roster.zone)
    stretches = list(rota(roster, first, days))
    if format is Format.TABLE:
        show(f"Duty from {first}, {roster.zone}", _DUTY, list(_for_people(stretches, roster.zone)))
    else:
        rows = [(s.day.isoformat(), s.who, s.start, s.end, _called(s.agents)) for s in stretches]
        show("Duty", ("day", "who", "from", "until", "on_duty"), rows, format, roster.zone)


def _for_people(stretches: Sequence[Stretch], zone: str) -> Iterator[tuple[str, ...]]:
    """Each day and each name is written once, where it begins."""
    from zoneinfo import ZoneInfo

    above: Stretch | None = None
    for each in stretches:
        new_day = above is None or above.day != each.day
        start, end = (instant.astimezone(ZoneInfo(zone)) for instant in (each.start, each.end))
        yield (
            f"{each.day:%a %Y-%m-%d}" if new_day else "",
            each.who if above is None or new_day or above.who != each.who else "",
            f"{start:%H:%M}",
            f"{end:%H:%M}" if end.date() == each.day else "24:00",
            _called(each.agents) or (f"{_NOBODY} ({each.absent} is off duty)" if each.absent else _NOBODY),
        )
        above = each


def _called(agents: Sequence[Agent]) -> str:
    return ", ".join(agent.called or agent.name for agent in agents)


def _show_climb(
    settings: Settings,
    roster: Roster,
    now: datetime,
    urgency: Urgency,
    format: Format,  # noqa: A002
    *,
    whole: bool,
) -> None:
    from notifier.clock import SystemClock
    from notifier.interfaces import Surroundings
    from notifier.rules.rungs import Staff, climb
    from notifier.settings.reach import Reach

    reach = Reach(settings.channels, Surroundings(settings.shop, SystemClock(), settings.folder))
    staff = Staff(roster, urgency, roster.oncall.quiet.get(urgency), roster.zone)
    rows: list[tuple[Any, ...]] = []
    for name, policy in roster.oncall.policies.items():
        rungs = climb(policy, now, staff)
        found = [_rung(name, rung, roster, reach) for rung in rungs if whole or not rung.repeat]
        again = next((rung.due for rung in rungs if rung.repeat), None)
        if again and not whole:
            times = "once" if policy.times == 1 else f"{policy.times} times"
            found.append((name, 1, "again", again, "the whole again", times))
        rows += found if whole else [(name if row is found[0] else "", *row[1:]) for row in found]
    hidden = () if whole else ("repeat",)
    show(f"If an alert came now ({urgency})", _CLIMB, rows, format, roster.zone, hidden=hidden)


def _rung(policy: str, rung: Rung, roster: Roster, reach: Any) -> tuple[Any, ...]:
    agent = roster.oncall.agents[rung.agent]
    ways = reach.by(agent, rung.by)
    way = ways[0] if ways else "no channel reaches them"
    return policy, rung.repeat, rung.step + 1, rung.due, _called([agent]), way
