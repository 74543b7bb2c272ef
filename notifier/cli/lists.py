"""Commands that list and tell: reminders, messages, status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.common import local, reading, run_async, settings_of
from notifier.cli.show import Format, show
from notifier.errors import UsageError
from notifier.model.reminder import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notifier.interfaces import AttemptRow, Selection, SourceMark
    from notifier.model.reminder import Reminder

States = Annotated[list[str] | None, typer.Option("--state", help=f"One of {', '.join(State)}; may be repeated.")]
OneOrder = Annotated[str, typer.Option("--order", help="Only those of this order.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print them.")]
_ABOUT = "Looking at what it does"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=_ABOUT)(reminders)
    app.command(rich_help_panel=_ABOUT)(messages)
    app.command(rich_help_panel=_ABOUT)(status)


def reminders(
    context: typer.Context,
    state: States = None,
    order: OneOrder = "",
    limit: Limit = 100,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List reminders: what is planned, what was said, what was not and why."""
    settings = settings_of(context)
    zone = settings.shop.zone

    async def work() -> Sequence[Reminder]:
        async with reading(settings) as store:
            return await store.list_reminders(_selection(state, order, limit))

    rows = [
        (
            r.id,
            r.key.order,
            r.key.job,
            r.key.subject,
            r.key.step + 1,
            r.state,
            local(r.due, zone),
            local(r.wake, zone),
            r.reason,
        )
        for r in run_async(work())
    ]
    show("Reminders", ("id", "order", "job", "about", "step", "state", "due", "next", "reason"), rows, format)


def messages(
    context: typer.Context,
    state: States = None,
    order: OneOrder = "",
    limit: Limit = 100,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List what was sent, or tried, to whom and with what result; addresses are masked."""
    from notifier.rules.masking import mask_recipient

    settings = settings_of(context)
    zone = settings.shop.zone

    async def work() -> Sequence[AttemptRow]:
        async with reading(settings) as store:
            return await store.list_attempts(_selection(state, order, limit))

    rows = [
        (
            row.attempt.id[:8],
            row.order,
            row.job,
            row.attempt.channel,
            mask_recipient(row.attempt.address),
            row.state,
            local(row.attempt.started, zone),
            row.reason,
            row.reference,
        )
        for row in run_async(work())
    ]
    columns = ("id", "order", "job", "channel", "to", "state", "time", "reason", "reference")
    show("Messages", columns, rows, format)


def _selection(states: list[str] | None, order: str, limit: int) -> Selection:
    from notifier.interfaces import Selection

    wanted = states or []
    if unknown := [state for state in wanted if state not in set(State)]:
        raise UsageError(f"there is no state {unknown[0]!r}; there are {', '.join(State)}")
    return Selection(tuple(State(state) for state in wanted), order, limit)


def status(context: typer.Context) -> None:
    """Tell how the shops are read, what waits and what needs a person."""
    settings = settings_of(context)
    zone = settings.shop.zone

    async def work() -> tuple[Sequence[SourceMark], Mapping[State, int], int]:
        async with reading(settings) as store:
            return await store.marks(), await store.counts(), len(await store.quarantined())

    marks, counts, quarantined = run_async(work())
    rows = [(m.source, local(m.read, zone), m.failures, m.paused or m.trouble) for m in marks]
    show("Sources", ("source", "last read", "failures", "trouble"), rows)
    show("Reminders", ("state", "count"), [(state, counts[state]) for state in State if state in counts])
    if quarantined:
        print(f"{quarantined} orders could not be understood; notifier doctor lists them.")
    if held := counts.get(State.HELD, 0):
        print(f"{held} messages are held for a person to decide: notifier messages --state held")
