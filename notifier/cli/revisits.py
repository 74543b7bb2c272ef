"""Commands of the revisit record: revisit, revisits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.common import instant_of, reading, run_async, settings_of, writing
from notifier.cli.show import Format, show
from notifier.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifier.interfaces import RevisitRow

_COLUMNS = ("order", "source", "customer", "job", "due", "state", "result", "by", "at", "note")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel="Deciding")(revisit)
    app.command(rich_help_panel="Looking at what it does")(revisits)


def revisit(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's number, as the shop writes it.")],
    result: Annotated[str, typer.Option(help='What came of it, in a word or two, such as "satisfied".')],
    by: Annotated[str, typer.Option(help="Who visited the customer.")] = "",
    note: Annotated[str, typer.Option(help="What else is worth knowing.")] = "",
) -> None:
    """Fill in what came of visiting an old customer again; a later result replaces an earlier one."""
    from notifier.daemon import clock_for
    from notifier.interfaces import RevisitResult

    settings = settings_of(context)
    now = clock_for(settings.clock).now()
    if not result.strip():
        raise UsageError("the result is empty; say in a word or two what came of the visit")

    async def work() -> bool:
        async with writing(settings) as store:
            for mark in await store.marks():
                if await store.record_revisit(RevisitResult(mark.source, order, now, by, result.strip(), note)):
                    return True
        return False

    if not run_async(work()):
        raise UsageError(f"the revisit record has no line for an order {order}; `notifier revisits` shows those it has")
    print(f"Order {order}: {result.strip()}.")


def revisits(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", help="Those due from this day on.")] = "",
    until: Annotated[str, typer.Option("--until", help="Those due up to this day.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    format: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,  # noqa: A002
) -> None:
    """List the revisit record: whom to visit again, when, and what came of it."""
    from notifier.rules.masking import mask_customer

    settings = settings_of(context)
    zone = settings.shop.zone
    first = instant_of(since, zone) if since else _BEGINNING
    last = instant_of(until, zone, end=True) if until else _END

    async def work() -> Sequence[RevisitRow]:
        async with reading(settings) as store:
            return await store.revisits(first, last, limit)

    rows = [
        (r.order, r.source, mask_customer(r.customer), r.job, r.due, str(r.state), r.result, r.by, r.at, r.note)
        for r in run_async(work())
    ]
    show("Revisits", _COLUMNS, rows, format, zone, hidden={"source", "customer"})
