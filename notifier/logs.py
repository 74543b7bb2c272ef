"""What the daemon writes about itself: one line an event, JSON for machines or text for people, nothing personal in it.

`log = logs.get(__name__)`, then `log.info("page read", source="shop", orders=250)`: the event is a constant phrase,
everything that varies is a field. Messages of libraries take the same way, from warnings upwards.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, date, datetime
from pathlib import PurePath
from typing import Any, TextIO

from notifier.redact import HIDDEN, redact

_OURS = "notifier"
_IDENTIFIERS = frozenset({"order", "attempt", "reference", "subject"})
_SECRETS = frozenset({"authorization", "credential", "email", "password", "phone", "recipient", "secret", "token"})
_DEEPEST = 4


class Log:
    """Where one module says what happened. Costs nothing while its level is switched off."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **fields: object) -> None:
        """For somebody who is looking for a mistake."""
        self._say(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        """What went as it should and an admin may want to know."""
        self._say(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """What did not go as it should, and the daemon deals with."""
        self._say(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        """What an admin has to do something about."""
        self._say(logging.ERROR, event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """An error, with the exception being handled under `cause`."""
        self._say(logging.ERROR, event, fields, failed=True)

    def _say(self, level: int, event: str, fields: Mapping[str, object], failed: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, exc_info=failed, extra={"fields": fields})


def get(name: str) -> Log:
    """The log of a module, by its `__name__`. Modules from outside log under ours, so that our level holds for them."""
    return Log(name if name.partition(".")[0] == _OURS else f"{_OURS}.{name}")


def configure(format: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:  # noqa: A002
    """Write events from this level upwards to the stream (stderr), as "json", as "text", or "auto": text on a terminal.

    May be called again, after a reload: it replaces what it set up before and leaves other handlers alone.
    """
    # Not at the top: it takes a quarter of a second, and only the daemon needs it.
    import structlog

    out = sys.stderr if stream is None else stream
    text = format == "text" or (format == "auto" and out.isatty())
    render = _text if text else structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = _Handler(out)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[_describe, _redact, render]))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    wanted = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(wanted, logging.WARNING))
    logging.getLogger(_OURS).setLevel(wanted)
    logging.captureWarnings(True)


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be found again; a line that cannot be written must not print its arguments, as the standard one does."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        kind, _, _ = sys.exc_info()
        print(f"a line of {record.name} was not logged: {kind and kind.__name__}", file=sys.stderr)  # noqa: T201


def _describe(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """When, how bad, who, what – then the fields, and the cause of a failure in the same line."""
    record: logging.LogRecord = event["_record"]
    described: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event["event"],
    }
    described |= {name: value for name, value in getattr(record, "fields", {}).items() if name not in described}
    error = event["exc_info"][1] if "exc_info" in event else None
    return described | {"cause": _cause(error)} if error else described


def _cause(error: BaseException, depth: int = 0) -> str:
    """An exception in one line: what, where from the inside out, and what it came from."""
    where = [f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    told = f"{type(error).__name__}: {error}" + (f" ({' < '.join(reversed(where))})" if where else "")
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    before = [*inner, *([earlier] if earlier else [])] if depth < _DEEPEST else []
    return "; after ".join([told, *(_cause(one, depth + 1) for one in before)])


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    head = {name: event.pop(name) for name in ("timestamp", "level", "logger")}
    return head | {name: HIDDEN if name in _SECRETS else _clean(value, name) for name, value in event.items()}


def _clean(value: Any, name: str, depth: int = 0) -> Any:
    """A value made of nothing but numbers, redacted texts, and lists and tables of them."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {redact(str(key)): _clean(inner, str(key), depth + 1) for key, inner in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner, name, depth + 1) for inner in value]
    return redact(str(value), phones=name not in _IDENTIFIERS)


def _text(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """`2026-03-01T09:00:00.000+00:00 WARNING notifier.pipeline: page rejected source=shop`."""
    head = [event.pop(name) for name in ("timestamp", "level", "logger", "event")]
    fields = "".join(f" {name}={_word(value)}" for name, value in event.items())
    return f"{head[0]} {head[1].upper():<7} {head[2]}: {head[3]}{fields}"


def _word(value: Any) -> str:
    text = str(value)
    return text if text and not any(c in text for c in ' ="') else f'"{text.replace(chr(34), chr(39))}"'
