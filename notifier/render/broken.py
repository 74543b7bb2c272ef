"""What is wrong with a template, and where, in words that cannot carry data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from jinja2 import TemplateNotFound
from jinja2.exceptions import FilterArgumentError, SecurityError, TemplateSyntaxError, UndefinedError

from notifier.errors import RenderError

_QUOTED = re.compile(r"'([^']*)'(?: is undefined)?$")


class BrokenText(RenderError):
    """A template cannot be filled: `file` and `line` say where, `fault` why. Never carries what customers wrote."""

    def __init__(self, file: Path, line: int, fault: str) -> None:
        self.file, self.line, self.fault = file, line, fault
        super().__init__(f"{file}:{line}: {fault}" if line else f"{file}: {fault}")


def broken_text(error: Exception, template: Path, folders: Sequence[Path]) -> BrokenText:
    """The error for an exception that `template`, or one it includes, raised while it was compiled or filled."""
    file, line = _place(error, template, folders)
    return BrokenText(file, line, _fault(error, _line(file, line)))


def _place(error: Exception, template: Path, folders: Sequence[Path]) -> tuple[Path, int]:
    """Where it broke: the last template on the stack, which is an included one as often as not."""
    if isinstance(error, TemplateSyntaxError):
        return Path(error.filename or template), error.lineno
    file, line = template, 0
    trace = error.__traceback__
    while trace is not None:
        place = Path(trace.tb_frame.f_code.co_filename)
        if any(place.is_relative_to(folder) for folder in folders):
            file, line = place, trace.tb_lineno
        trace = trace.tb_next
    return file, line


def _line(file: Path, line: int) -> str:
    try:
        return file.read_text(encoding="utf-8").splitlines()[line - 1] if line else ""
    except (OSError, UnicodeDecodeError, IndexError):
        return ""


def _fault(error: Exception, line: str) -> str:
    """What is wrong, in words that cannot carry data: a name is repeated only if the template itself says it."""
    message = str(error)
    match error:
        case TemplateNotFound() if not line or PurePosixPath(message).name in line:
            return f"there is no template {message!r}"
        case TemplateNotFound():
            return "asks for a template that is not there"
        case SecurityError():
            return "does what a template must not do"
        case TemplateSyntaxError() | FilterArgumentError():
            return message
        case UndefinedError():
            return _undefined(message, line)
        case UnicodeDecodeError():
            return "is not UTF-8"
        case _:
            return f"cannot be filled with this order ({type(error).__name__})"


def _undefined(message: str, line: str) -> str:
    quoted = _QUOTED.search(message)
    if not quoted or quoted[1] not in line:
        return "asks for something that is not there"
    name = quoted[1]
    if message.startswith("'None'"):
        return f"asks for {name!r} of something that this order lacks; wrap it in {{% if … %}}"
    return f"there is no {name!r}"
