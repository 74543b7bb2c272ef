"""Every error the program raises on purpose: sentences that tell the reader what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXIT_USAGE = 64
EXIT_IO = 74
EXIT_RUNNING = 75


class NotifierError(Exception):
    """Something a person has to know of. `exit_code` is what a command ends with."""

    exit_code = 1


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in one file. Printed as `file:line: key: what is wrong`."""

    file: Path
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class BadFiles(NotifierError):
    """Settings, jobs or templates have mistakes; `problems` holds all of them, of all files."""

    exit_code = EXIT_USAGE

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(NotifierError):
    """A command was given something that does not exist or does not fit."""

    exit_code = EXIT_USAGE


class StoreError(NotifierError):
    """The database cannot be read or written, or is damaged. Nothing was changed."""

    exit_code = EXIT_IO


class StoreDamaged(StoreError):
    """The database file or the disk under it is broken: trying again does not help, a person has to look.

    The process ends and does not touch the file any more. A plain StoreError (disk full, locked) may pass by itself.
    """


class AlreadyRunning(NotifierError):
    """Another daemon works on the same database."""

    exit_code = EXIT_RUNNING


class ListenError(NotifierError):
    """The web application's address cannot be used: taken by another program, or not this machine's."""

    exit_code = EXIT_IO


class SourceError(NotifierError):
    """A shop could not be read as a whole: down, slow, or its answer was not what it should be.

    The page is rejected, the cursor stays, and the poll is tried again later.
    """

    exit_code = EXIT_IO


class BadOrder(NotifierError):
    """One order of a page makes no sense. It is quarantined; the rest of the page goes on."""


class RenderError(NotifierError):
    """A text could not be made for this order: a template asks for something the order lacks."""
