"""Commands that do something: run, demo, import, send-test, backup."""

from __future__ import annotations

import gc
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.common import config_of, run_async, settings_of
from notifier.errors import EXIT_IO, UsageError

_ABOUT = "Running it"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=_ABOUT)(run)
    app.command(rich_help_panel=_ABOUT)(demo)
    app.command("import", rich_help_panel=_ABOUT)(import_)
    app.command("send-test", rich_help_panel=_ABOUT)(send_test)
    app.command(rich_help_panel=_ABOUT)(backup)


def run(context: typer.Context) -> None:
    """Run the daemon: read the shops, send what is due, until told to stop."""
    gc.disable()  # what is loaded now, stays
    from notifier import logs
    from notifier.collector import look_seldom
    from notifier.daemon import Daemon
    from notifier.settings import load_settings

    settings = settings_of(context, secrets=True)
    logs.configure(settings.log.format, settings.log.level)
    look_seldom()

    async def work() -> None:
        await Daemon(settings, partial(load_settings, config_of(context))).run()

    run_async(work())


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Option(help="Where the mails and the database go.")] = Path("var"),
) -> None:
    """Watch a pretend shop live through three months in a minute, and read the mails it causes."""
    from notifier.demo import run_demo

    run_async(run_demo(folder))


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines.", exists=True, dir_okay=False)],
    source: Annotated[str, typer.Option(help="Which source it is for, when several read files.")] = "",
) -> None:
    """Check a file of orders and lay it where the daemon reads it. Reminders that are too old by now are not sent."""
    from notifier.daemon import clock_for
    from notifier.histories import from_file, put_into_folder

    settings = settings_of(context)
    found = from_file(settings, file, clock_for(settings.clock), source)
    for sentence in found.trouble:
        print(sentence)
    count = sum(map(len, found.orders.values()))
    if not count:
        raise UsageError(f"{file} has no order that can be understood; nothing was imported")
    put_into_folder(settings, file, source)
    orders = "1 order" if count == 1 else f"{count} orders"
    print(f"{orders} of {file.name} will be read with the next poll of {next(iter(found.orders))}.")


def send_test(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="A channel of the settings.")],
    address: Annotated[str, typer.Argument(help="Where to: a mail address, a phone number, …")],
) -> None:
    """Send one test message through a channel, and tell what the provider answers."""
    from notifier.daemon import clock_for
    from notifier.model.message import Receipt
    from notifier.preview import answer_of
    from notifier.preview import send_test as send

    settings = settings_of(context, secrets=True)
    outcome = run_async(send(settings, channel, address, clock_for(settings.clock)))
    print(answer_of(outcome))
    if not isinstance(outcome, Receipt):
        raise typer.Exit(EXIT_IO)


def backup(context: typer.Context, file: Annotated[Path, typer.Argument(help="The copy.")]) -> None:
    """Copy the database, also while the daemon runs, and check the copy."""
    from notifier.store import backup as copy

    run_async(copy(settings_of(context).store_url, file))
    print(f"Copied to {file} and checked.")
