"""Commands by which people handle alerts: ack, resolve, snooze, note. They write beside a running daemon."""

from __future__ import annotations

import getpass
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.alerts import Number, ended, named
from notifier.cli.common import instant_of, local, run_async, settings_of, writing
from notifier.errors import UsageError
from notifier.model.alert import AlertState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from notifier.alerting import Alerting, EndedElsewhere
    from notifier.model.alert import Alert
    from notifier.settings import Settings

Who = Annotated[str, typer.Option("--as", help="Who does it: an agent of oncall.toml; otherwise your login name.")]
_ABOUT = "Deciding"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (ack, resolve, snooze, note):
        app.command(rich_help_panel=_ABOUT)(command)


def ack(context: typer.Context, number: Number, who: Who = "") -> None:
    """Take an alert: nobody else is called because of it."""
    settings = settings_of(context)
    person = _person(settings, who)

    async def work() -> tuple[Alert, Alert, bool]:
        async with _handling(settings) as (alerting, watch):
            before = await alerting.get(number)
            return before, await alerting.acknowledge(number, person), number in watch.unfinished

    before, after, late = run_async(work())
    if before.state is AlertState.OPEN and (after.state, after.by) == (AlertState.ACKNOWLEDGED, person):
        print(f"{named(after)} is yours, {person}: nobody is called because of it any more.")
    else:
        print(_before(after))
    tell_if_late(late)


def resolve(
    context: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why it is over, for its history and those who were called.")] = "",
    who: Who = "",
) -> None:
    """Close an alert: those who were called because of it hear that it is over."""
    settings = settings_of(context)
    person = _person(settings, who)

    async def work() -> tuple[Alert, Alert, bool]:
        async with _handling(settings) as (alerting, watch):
            before = await alerting.get(number)
            return before, await alerting.resolve(number, person, reason), number in watch.unfinished

    before, after, late = run_async(work())
    closed = before.state is not AlertState.RESOLVED and after.by == person
    print(f"{named(after)} is closed; those who were called are told." if closed else _before(after))
    tell_if_late(late)


def snooze(
    context: typer.Context,
    number: Number,
    until: Annotated[str, typer.Argument(metavar="HOW-LONG", help="Such as 30m, 2h, 1wd, or until when.")],
    who: Who = "",
) -> None:
    """Put an alert off: nobody is called before, then from the first step on."""
    from notifier.daemon import clock_for

    settings = settings_of(context)
    person = _person(settings, who)
    instant = _until(until, clock_for(settings.clock).now(), settings)

    async def work() -> tuple[Alert, bool]:
        async with _handling(settings) as (alerting, watch):
            return await alerting.snooze(number, instant, person), number in watch.unfinished

    found, late = run_async(work())
    print(f"{named(found)} is put off: nobody is called before {local(found.started, settings.shop.zone)}.")
    tell_if_late(late)


def note(
    context: typer.Context,
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember.")],
    who: Who = "",
) -> None:
    """Add a line to an alert's history; nothing else changes."""
    settings = settings_of(context)
    person = _person(settings, who)

    async def work() -> Alert:
        async with _handling(settings) as (alerting, _):
            return await alerting.note(number, person, text)

    print(f"{named(run_async(work()))} has a new note.")


@asynccontextmanager
async def _handling(settings: Settings) -> AsyncIterator[tuple[Alerting, EndedElsewhere]]:
    """Alerts in the store, beside a running daemon."""
    from notifier.alerting import Alerting, EndedElsewhere, oncall_desk
    from notifier.daemon import clock_for

    desk = oncall_desk(settings.oncall, settings.jobs, settings.shop.zone)
    async with writing(settings) as store:
        watch = EndedElsewhere(store)
        yield Alerting(store, lambda: desk, clock_for(settings.clock), watch), watch


def _person(settings: Settings, name: str) -> str:
    from notifier.mistakes import did_you_mean

    agents = settings.oncall.agents
    if name and name not in agents:
        raise UsageError(f"there is no agent {name!r} in oncall.toml{did_you_mean(name, agents)}")
    try:
        return name or getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("your login has no name; say who you are with --as") from None


def _until(text: str, now: datetime, settings: Settings) -> datetime:
    from notifier.model.duration import parse_duration
    from notifier.rules.schedule import shift

    shop = settings.shop
    try:
        return shift(now, parse_duration(text), shop.zone, shop.calendar)
    except ValueError:
        pass
    try:
        return instant_of(text, shop.zone)
    except UsageError:
        raise UsageError(
            f"{text!r} is neither a length of time, such as 2h, nor a time, such as 2026-03-01T09:00"
        ) from None


def _before(alert: Alert) -> str:
    """Why nothing was changed."""
    if alert.state is AlertState.RESOLVED:
        return f"{named(alert)} is over already, {ended(alert)}."
    return f"{named(alert)} was taken before, by {alert.by}." if alert.by else f"{named(alert)} is open again."


def tell_if_late(late: bool) -> None:
    """Say so when somebody may still be called, because the daemon did not end its message in time."""
    if late:
        print("A message because of it was already on its way, and may still arrive.")
