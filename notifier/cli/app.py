"""The command line as a whole: its commands, its one global option, its exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from notifier import __version__
from notifier.cli import alerts, answers, decide, digests, handle, lists, oncall, operate, revisits, setup, simulation
from notifier.errors import EXIT_IO, EXIT_USAGE, BadFiles, NotifierError

_USAGE = 2
_WHOLE = 500


class Commands(TyperGroup):
    """Lists the commands by what they are for, each with its first sentence, whole."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each group of commands."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            title = str(getattr(command, "rich_help_panel", None) or "Commands")
            sections.setdefault(title, []).append((name, command.get_short_help_str(_WHOLE)))
        for title, commands in sections.items():
            with formatter.section(title):
                formatter.write_dl(commands, col_max=12)


# Without rich: its help costs a quarter of a second, and `notifier --help` shall not make anybody wait.
app = typer.Typer(
    name="notifier",
    cls=Commands,
    help="Reminds customers of their orders: once, at the right hour, and only while it is true. "
    "Calls the staff to what needs a person, until somebody takes it.",
    epilog="Exit codes: 0 fine, 64 usage or settings, 74 input, output or damaged data, 75 already running.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"notifier {__version__}")
        raise typer.Exit


@app.callback()
def everything(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="The settings file; without it notifier.toml, config/notifier.toml or /etc/notifier/notifier.toml.",
            envvar="NOTIFIER_CONFIG",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Remember which settings file to use."""
    context.obj = config


for part in (setup, simulation, answers, operate, lists, oncall, digests, revisits, alerts, handle, decide):
    part.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are printed as sentences, never as tracebacks.

    A reader that has seen enough of the output, as `head` has, is no error.
    """
    try:
        return _told(arguments)
    except BrokenPipeError:
        # What is still in the buffer has nowhere to go; Python would complain about it when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _told(arguments: Sequence[str]) -> int:
    try:
        code = _ended(arguments)
        sys.stdout.flush()
    except NotifierError as error:
        text = str(error)
        print(text if "\n" in text or isinstance(error, BadFiles) else f"notifier: {text}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"notifier: {error.strerror or error}{where}", file=sys.stderr)
        return EXIT_IO
    return code


def _ended(arguments: Sequence[str]) -> int:
    """The exit code of a command that came to its end."""
    try:
        _commands()(list(arguments), prog_name="notifier")
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # which the library takes for a failure
            raise ended.__context__ from None
        code = ended.code if isinstance(ended.code, int) else 0
        return EXIT_USAGE if code == _USAGE else code
    return 0


@cache
def _commands() -> Any:
    """All commands, ready to be run; to make them of their functions takes longer than some of them do."""
    return get_command(app)
