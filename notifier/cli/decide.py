"""Commands by which people decide: approve."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from notifier.cli.common import run_async, settings_of, writing
from notifier.errors import UsageError

_ABOUT = "Deciding"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=_ABOUT)(approve)


def approve(
    context: typer.Context, source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source's name.")]
) -> None:
    """Let a paused source go on: its next poll may change as much as it likes, once."""
    from notifier.mistakes import did_you_mean

    settings = settings_of(context)
    if source not in settings.sources:
        raise UsageError(f"there is no source {source!r}{did_you_mean(source, settings.sources)}")

    async def work() -> bool:
        async with writing(settings) as store:
            mark = await store.mark(source)
            if mark.paused:
                await store.set_mark(replace(mark, approved=True))
            return bool(mark.paused)

    paused = run_async(work())
    print(f"{source} goes on with its next poll." if paused else f"{source} is not paused.")
