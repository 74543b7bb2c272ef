"""Commands that answer questions about one message or order: explain, preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.common import reading, run_async, settings_of
from notifier.cli.show import colours, heading, paragraph, printable
from notifier.errors import EXIT_USAGE, UsageError

if TYPE_CHECKING:
    from notifier.explain import Explanation
    from notifier.model.order import Order
    from notifier.preview import Preview
    from notifier.settings import Settings

_ABOUT = "Seeing what will be said, and why"
_SIGNS = {
    "sent": ("✓", "green"),
    "raised": ("◆", "magenta"),
    "planned": ("◷", "cyan"),
    "no": ("–", None),
    "stuck": ("!", "yellow"),
}


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=_ABOUT)(explain)
    app.command(rich_help_panel=_ABOUT)(preview)


def explain(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's number, as the shop writes it.")],
) -> None:
    """Tell what was said about an order and why, what will be said, and why the rest is not."""
    from notifier.daemon import clock_for
    from notifier.explain import explain as ask
    from notifier.parts import build_planner

    settings = settings_of(context)

    async def work() -> list[Explanation]:
        now = clock_for(settings.clock).now()
        async with reading(settings) as store:
            return await ask(store, build_planner(settings), order, now, settings.sending)

    found = run_async(work())
    print("\n\n".join(map(_told, found)))
    if not all(explanation.known for explanation in found):
        raise typer.Exit(EXIT_USAGE)


def _told(explanation: Explanation) -> str:
    """An explanation as lines that fit the terminal."""
    lines = [heading(printable(explanation.title)), paragraph(" ".join(explanation.story))]
    for section in explanation.sections:
        lines += ["", heading(section.heading)]
        for item in section.items:
            sign, colour = _SIGNS[item.mark]
            text = paragraph(item.text, "  X ")
            lines.append(text.replace("X", typer.style(sign, fg=colour) if colours() else sign, 1))
    return "\n".join(lines)


def preview(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="The job's name.")],
    order: Annotated[str, typer.Option(help="An order that the daemon knows; otherwise a made-up one.")] = "",
    channel: Annotated[str, typer.Option(help="A channel of the settings, or sms, email, chat, voice.")] = "",
    language: Annotated[str, typer.Option(help="Such as en or zh-CN; otherwise the customer's.")] = "",
) -> None:
    """Show the message of a job as it would go out; for SMS also its length, encoding and parts.

    The alert of a job for the staff is shown in every way it may go out, unless you name one.
    """
    from notifier.daemon import clock_for
    from notifier.preview import preview as render

    settings = settings_of(context)
    known = run_async(_known(settings, order)) if order else None
    shown = render(settings, job, known, channel, language, clock_for(settings.clock).now())
    print("\n\n\n".join(map(_shown, shown)))


def _shown(preview: Preview) -> str:
    """A preview's facts and its text."""
    facts = "\n".join(f"{name + ':':<10} {value}" for name, value in preview.facts)
    return f"{facts}\n\n{preview.text}"


async def _known(settings: Settings, name: str) -> Order:
    async with reading(settings) as store:
        for mark in await store.marks():
            if (row := (await store.orders(mark.source, [name])).get(name)) is not None:
                return row.order
    raise UsageError(f"no source has shown an order {name}; `notifier explain {name}` tells more")
