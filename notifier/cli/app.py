"""The command line as a whole: its commands, its one global option, its exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from notifier import __version__
from notifier.cli import decide, future, lists, operate, setup
from notifier.errors import EXIT_IO, EXIT_USAGE, BadFiles, NotifierError

_USAGE = 2

app = typer.Typer(
    name="notifier",
    help="Reminds customers of their orders: once, at the right hour, and only while it is true.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"notifier {__version__}")
        raise typer.Exit


@app.callback()
def everything(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The settings file.", envvar="NOTIFIER_CONFIG")
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Remember which settings file to use."""
    context.obj = config


for part in (setup, future, operate, lists, decide):
    part.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are printed as sentences, never as tracebacks."""
    try:
        app(list(arguments))
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
        return EXIT_USAGE if code == _USAGE else code
    except NotifierError as error:
        text = str(error)
        print(text if "\n" in text or isinstance(error, BadFiles) else f"notifier: {text}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain again while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"notifier: {error.strerror}: {error.filename}", file=sys.stderr)
        return EXIT_IO
    return 0
