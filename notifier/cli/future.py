"""Commands about what would be said: simulate, explain, preview."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.common import config_of, instant_of, local, reading, run_async, settings_of
from notifier.cli.show import Format, progress, show
from notifier.errors import UsageError

if TYPE_CHECKING:
    from notifier.clock import Clock
    from notifier.explain import Explanation
    from notifier.histories import Histories
    from notifier.model.order import Order
    from notifier.settings import Settings
    from notifier.simulate import Simulation

_MARKS = {"sent": ("✓", "green"), "planned": ("◷", "cyan"), "no": ("–", "dim"), "stuck": ("!", "yellow")}
_COLUMNS = ("time", "order", "job", "step", "channel", "to", "reason")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(simulate)
    app.command()(explain)
    app.command()(preview)


def simulate(
    context: typer.Context,
    orders: Annotated[Path | None, typer.Option(help="CSV or JSON Lines; otherwise the shops in the settings.")] = None,
    source: Annotated[str, typer.Option(help="Whose columns the file has, when several sources read files.")] = "",
    since: Annotated[str, typer.Option("--from", help="First day or instant, on the shop's clock.")] = "",
    until: Annotated[str, typer.Option("--until", help="Last day or instant.")] = "",
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="Try another setting, such as jobs.NAME.after=6h.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to print the messages.")] = Format.TABLE,  # noqa: A002
    html: Annotated[Path | None, typer.Option(help="Write a page with a timeline of every customer here.")] = None,
    unsaid: Annotated[bool, typer.Option(help="List what was planned and not said, too.")] = False,
) -> None:
    """List every message that these orders would cause, on a virtual clock. Nothing is sent."""
    from notifier.daemon import clock_for
    from notifier.histories import from_file
    from notifier.settings import load_settings
    from notifier.simulate import simulate as play_all

    settings = load_settings(config_of(context), sets or [], secrets=orders is None)

    clock = clock_for(settings.clock)
    found = from_file(settings, orders, clock, source) if orders else run_async(_all_orders(settings, clock))
    for sentence in found.trouble:
        print(f"left out: {sentence}", file=sys.stderr)
    first, last = _window(found.orders, settings, since, until)
    with progress("simulating", (last - first).total_seconds()) as tell:
        simulation = run_async(play_all(settings, found.orders, first, last, tell))
    if html is not None:
        from notifier.render.page import timeline_page

        html.write_text(timeline_page(simulation, settings.shop), encoding="utf-8")
    _print(simulation, settings.shop.zone, format, unsaid)


async def _all_orders(settings: Settings, clock: Clock) -> Histories:
    from notifier.histories import from_sources

    if not settings.sources:
        raise UsageError("the settings name no source; give orders with --orders FILE")
    with progress("reading orders", None) as tell:
        return await from_sources(settings, clock, lambda _, count: tell(count))


def _print(simulation: Simulation, zone: str, format: Format, unsaid: bool) -> None:  # noqa: A002
    rows = [(local(s.at, zone), s.order, s.job, s.step + 1, s.channel, s.address, s.reason) for s in simulation.said]
    if unsaid:
        rows += [
            (local(u.at, zone), u.order, u.job, u.step + 1, "", f"({u.state})", u.reason) for u in simulation.unsaid
        ]
        rows.sort(key=lambda row: row[0])
    show("Messages", _COLUMNS, rows, format)
    if format is Format.TABLE:
        _summary(simulation)


def _summary(simulation: Simulation) -> None:
    from collections import Counter

    said = Counter(message.job for message in simulation.said)
    unsaid = Counter((reminder.job, str(reminder.state)) for reminder in simulation.unsaid)
    states = sorted({state for _, state in unsaid})
    jobs = sorted({*said, *(job for job, _ in unsaid), *simulation.too_old})
    rows = [(job, said[job], *(unsaid[job, state] for state in states), simulation.too_old[job]) for job in jobs]
    show("By job", ("job", "sent", *states, "too old"), rows)
    print(f"{len(simulation.said)} messages for {simulation.orders} orders.")


def explain(context: typer.Context, order: Annotated[str, typer.Argument(help="The order's number.")]) -> None:
    """Tell what each job said about an order, will say, or why it says nothing."""
    from notifier.daemon import clock_for
    from notifier.explain import explain as ask
    from notifier.parts import build_planner

    settings = settings_of(context)

    async def work() -> list[Explanation]:
        async with reading(settings) as store:
            return await ask(store, build_planner(settings), order, clock_for(settings.clock).now())

    for explanation in run_async(work()):
        _tell(explanation)


def _tell(explanation: Explanation) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(explanation.title, style="bold"))
    console.print(Text(explanation.story))
    for answer in explanation.answers:
        mark, style = _MARKS[answer.mark]
        console.print()
        console.print(Text(f"{mark} {answer.job}", style=f"bold {style}" if style != "dim" else style))
        console.print(Padding(Text(f"{answer.sentence[:1].upper()}{answer.sentence[1:]}"), (0, 0, 0, 2)))


def preview(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="The job's name.")],
    order: Annotated[str, typer.Option(help="An order that the daemon knows; otherwise a made-up one.")] = "",
    channel: Annotated[str, typer.Option(help="A channel of the settings, or sms, email, chat.")] = "",
    language: Annotated[str, typer.Option(help="Such as en or zh-CN; otherwise the customer's.")] = "",
) -> None:
    """Show the message of a job as it would go out; for SMS also its length, encoding and parts."""
    from notifier.daemon import clock_for
    from notifier.preview import preview as render

    settings = settings_of(context)
    known = run_async(_known(settings, order)) if order else None
    shown = render(settings, job, known, channel, language, clock_for(settings.clock).now())
    for name, value in shown.facts:
        print(f"{name + ':':<10} {value}")
    print(f"\n{shown.text}")


async def _known(settings: Settings, name: str) -> Order:
    async with reading(settings) as store:
        for mark in await store.marks():
            if (row := (await store.orders(mark.source, [name])).get(name)) is not None:
                return row.order
    raise UsageError(f"no source has shown an order {name}")


def _window(
    orders: dict[str, Sequence[Order]], settings: Settings, since: str, until: str
) -> tuple[datetime, datetime]:
    """From when to when to play: as asked, or from the first thing that happened to three months after the last."""
    from notifier.rules.history import instants

    zone = settings.shop.zone
    moments = [moment for own in orders.values() for order in own for moment in instants(order)]
    if not moments:
        raise UsageError("there are no orders with a time; nothing can be simulated")
    first = instant_of(since, zone) if since else min(moments)
    last = instant_of(until, zone) if until else max(moments) + timedelta(days=92)
    if last <= first:
        raise UsageError("--until must be later than --from")
    return first, last
