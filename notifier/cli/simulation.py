"""The command that shows the future: simulate."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.common import config_of, instant_of, run_async
from notifier.cli.show import Format, progress, show
from notifier.errors import UsageError

if TYPE_CHECKING:
    from notifier.clock import Clock
    from notifier.histories import Histories
    from notifier.model.digest import Digest
    from notifier.model.order import Order
    from notifier.model.simulation import Raised, Said, Simulation, Unsaid
    from notifier.settings import Settings

_ABOUT = "Seeing what will be said, and why"
_COLUMNS = ("time", "source", "order", "customer", "job", "step", "about", "channel", "to", "state", "reason")
_ALWAYS_HIDDEN = ("source", "customer", "about")
_NONE: Counter[str] = Counter()
_AFTERWARDS = timedelta(days=92)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=_ABOUT)(simulate)


def simulate(
    context: typer.Context,
    orders: Annotated[
        Path | None, typer.Option(help="Orders from this CSV or JSON Lines file, not from the shops of the settings.")
    ] = None,
    source: Annotated[
        str, typer.Option(help="The source whose columns the file has, when several sources read files.")
    ] = "",
    since: Annotated[
        str, typer.Option("--from", help="First day or instant on the shop's clock; otherwise when the orders begin.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="Last day or instant; otherwise three months after the orders end.")
    ] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="Try another setting, such as jobs.unpaid-nudge.after=6h; may be repeated."),
    ] = None,
    format: Annotated[Format, typer.Option(help="How to print the messages.")] = Format.TABLE,  # noqa: A002
    html: Annotated[Path | None, typer.Option(help="Also write a page with a timeline of every customer.")] = None,
    unsaid: Annotated[bool, typer.Option("--unsaid", help="List what was planned and not said, too.")] = False,
    report: Annotated[str, typer.Option(help="Print the daily report of this day instead, as 2026-03-01.")] = "",
) -> None:
    """List every message and every alert that these orders would cause, on a virtual clock. Nothing is sent.

    Orders are lived through as they happened: what came later is hidden until its time has come. Recipients are masked.
    """
    from notifier.daemon import clock_for
    from notifier.histories import from_file
    from notifier.settings import load_settings
    from notifier.simulate import simulate as play_all

    settings = load_settings(config_of(context), sets or [], secrets=orders is None)
    clock = clock_for(settings.clock)
    found = from_file(settings, orders, clock, source) if orders else run_async(_all_orders(settings, clock))
    for sentence in found.trouble:
        print(sentence, file=sys.stderr)
    if report:
        _report(settings, found.orders, report, since, format)
        return
    first, last = _window(found.orders, settings, since, until)
    with progress("simulating", (last - first).total_seconds()) as tell:
        simulation = run_async(play_all(settings, found.orders, first, last, tell))
    if html is not None:
        from notifier.render.page import timeline_page

        html.write_text(timeline_page(simulation, settings.shop), encoding="utf-8")
        print(f"Wrote {html}.", file=sys.stderr)
    _print(simulation, settings.shop.zone, format, unsaid)


def _report(
    settings: Settings,
    orders: dict[str, Sequence[Order]],
    day: str,
    since: str,
    format: Format,  # noqa: A002
) -> None:
    """Play until the report of that day is due, and print it as it would be then."""
    from notifier.cli.digests import DigestFormat, instant_of_day, made, print_digest, report_job
    from notifier.simulate import simulate as play_all
    from notifier.store.memory import MemoryStore

    job, store = report_job(settings), MemoryStore()
    at = instant_of_day(settings, job, day)
    first, _ = _window(orders, settings, since, "")
    if at <= first:
        raise UsageError(f"the orders begin after the report of {day}")

    async def work(tell: Callable[[float], None]) -> Digest:
        await play_all(settings, orders, first, at, tell, store)
        return await made(settings, store, job, at)

    with progress("simulating", (at - first).total_seconds()) as tell:
        digest = run_async(work(tell))
    print_digest(settings, digest, DigestFormat(format.value))


async def _all_orders(settings: Settings, clock: Clock) -> Histories:
    from notifier.histories import from_sources

    if not settings.sources:
        raise UsageError("the settings name no source; give orders with --orders FILE")
    with progress("reading orders", None) as tell:
        return await from_sources(settings, clock, lambda _, count: tell(count))


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
    last = instant_of(until, zone, end=True) if until else max(moments) + _AFTERWARDS
    if last <= first:
        raise UsageError("--until must be later than --from")
    return first, last


def _print(simulation: Simulation, zone: str, format: Format, unsaid: bool) -> None:  # noqa: A002
    from notifier.rules.masking import mask_recipient

    rows: list[tuple[Any, ...]] = [
        (*_what(said), said.channel, mask_recipient(said.address), "sent", said.reason) for said in simulation.said
    ]
    rows += [(*_what(raised), "alert", raised.policy, "raised", raised.reason) for raised in simulation.raised]
    if unsaid:
        rows += [(*_what(reminder), "", "", str(reminder.state), reminder.reason) for reminder in simulation.unsaid]
    rows.sort(key=lambda row: row[0])
    hidden = [*_ALWAYS_HIDDEN, *(() if any(row[5] > 1 for row in rows) else ("step",)), *(() if unsaid else ("state",))]
    show("Messages and alerts" if simulation.raised else "Messages", _COLUMNS, rows, format, zone, hidden=hidden)
    if format is Format.TABLE:
        _summary(simulation)


def _what(one: Said | Raised | Unsaid) -> tuple[Any, ...]:
    from notifier.rules.masking import mask_customer

    customer, about = mask_customer(one.customer), ", ".join(one.about)
    return one.at, one.source, one.order, customer, one.job, one.step + 1, about


def _summary(simulation: Simulation) -> None:
    from notifier.rules.phrases import count

    summary = simulation.by_job()
    states = sorted({state for job in summary for state in job.unsaid})
    rows = [
        (job.name, job.said, job.raised, *(job.unsaid.get(state, _NONE).total() for state in states), job.too_old)
        for job in summary
    ]
    show("By job", ("job", "sent", "alerts", *(str(state).replace("_", " ") for state in states), "too old"), rows)
    alerts = f" and {count(len(simulation.raised), 'alert')}" if simulation.raised else ""
    print(f"{count(len(simulation.said), 'message')}{alerts} for {count(simulation.orders, 'order')}.")
    if simulation.too_old:
        print("Too old: due so long before the simulation begins that saying it would make no sense.")
