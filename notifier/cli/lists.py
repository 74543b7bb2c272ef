"""Commands that list and tell: reminders, messages, status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.common import reading, run_async, settings_of
from notifier.cli.show import Format, show
from notifier.errors import UsageError
from notifier.model.reminder import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notifier.interfaces import AttemptRow, Selection, SourceMark
    from notifier.model.reminder import Reminder

States = Annotated[list[str] | None, typer.Option("--state", help=f"One of {', '.join(State)}; may be repeated.")]
OneOrder = Annotated[str, typer.Option("--order", help="Only those of this order.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print them.")]
_REMINDERS = ("id", "source", "order", "job", "about", "step", "state", "due", "next", "reason")
_MESSAGES = ("id", "order", "job", "channel", "to", "state", "time", "reference", "reason")
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

    async def work() -> Sequence[Reminder]:
        async with reading(settings) as store:
            return await store.list_reminders(_selection(state, order, limit))

    rows = [
        (
            r.id,
            r.key.source,
            r.key.order,
            r.key.job,
            r.key.subject,
            r.key.step + 1,
            str(r.state),
            r.due,
            r.wake,
            r.reason,
        )
        for r in run_async(work())
    ]
    hidden = {"source"}
    if not any(row[4] for row in rows):
        hidden.add("about")
    if not any(row[5] > 1 for row in rows):
        hidden.add("step")
    if all(row[7] == row[8] or row[6] != State.PLANNED for row in rows):
        hidden.add("next")
    show("Reminders", _REMINDERS, rows, format, settings.shop.zone, hidden=hidden)


def messages(
    context: typer.Context,
    state: States = None,
    order: OneOrder = "",
    limit: Limit = 100,
    format: FormatOption = Format.TABLE,  # noqa: A002
) -> None:
    """List what was sent, or tried, to whom and with what result; addresses are masked."""
    settings = settings_of(context)

    async def work() -> Sequence[AttemptRow]:
        async with reading(settings) as store:
            return await store.list_attempts(_selection(state, order, limit))

    rows = [(*_who(row), str(row.state), row.attempt.started, row.reference, row.reason) for row in run_async(work())]
    show("Messages", _MESSAGES, rows, format, settings.shop.zone, hidden={"reference"})


def _who(row: AttemptRow) -> tuple[str, ...]:
    from notifier.rules.masking import mask_recipient

    return row.attempt.id[:8], row.order, row.job, row.attempt.channel, mask_recipient(row.attempt.address)


def _selection(states: list[str] | None, order: str, limit: int) -> Selection:
    from notifier.interfaces import Selection
    from notifier.mistakes import did_you_mean

    wanted = states or []
    if unknown := [state for state in wanted if state not in set(State)]:
        raise UsageError(f"there is no state {unknown[0]!r}{did_you_mean(unknown[0], list(State))}")
    return Selection(tuple(State(state) for state in wanted), order, limit)


def status(context: typer.Context) -> None:
    """Tell how the shops are read, what waits and what needs a person."""
    settings = settings_of(context)

    async def work() -> tuple[Sequence[SourceMark], Mapping[State, int], int]:
        async with reading(settings) as store:
            return await store.marks(), await store.counts(), len(await store.quarantined())

    marks, counts, quarantined = run_async(work())
    zone = settings.shop.zone
    rows = [(m.source, m.read, m.failures, _trouble(m)) for m in marks]
    show("Sources", ("source", "last read", "failures", "trouble"), rows, zone=zone)
    show("Reminders", ("state", "count"), [(state, counts[state]) for state in State if state in counts])
    for sentence in _to_do(marks, counts, quarantined):
        print(sentence)


def _trouble(mark: SourceMark) -> str:
    return f"paused: {mark.paused}" if mark.paused else mark.trouble


def _to_do(marks: Sequence[SourceMark], counts: Mapping[State, int], quarantined: int) -> Iterator[str]:
    """What waits for a person, and the command that goes on from there."""
    from notifier.rules.phrases import count

    for mark in marks:
        if mark.paused:
            going = "goes on with its next poll" if mark.approved else f"waits for: notifier approve {mark.source}"
            yield f"{mark.source} {going}"
    if quarantined:
        yield f"{count(quarantined, 'order')} could not be understood: notifier doctor tells why"
    if held := counts.get(State.HELD, 0):
        yield f"{count(held, 'message')} held until a person decides: notifier messages --state held"
