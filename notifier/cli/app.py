"""The command line as a whole: its commands, its one global option, its exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from notifier import __version__
from notifier.cli import decide, future, lists, operate, setup
from notifier.errors import EXIT_IO, EXIT_USAGE, NotifierError

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
        code: Any = app(list(arguments), standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show(sys.stderr)
        return EXIT_USAGE
    except NotifierError as error:
        print(f"notifier: {error}" if "\n" not in str(error) else error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        print(f"notifier: {error.strerror}: {error.filename}", file=sys.stderr)
        return EXIT_IO
    return code if isinstance(code, int) else 0
