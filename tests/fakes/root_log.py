"""Everything that reaches the root logger, at every level: what a daemon's log would get at its most talkative."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def root_log() -> Iterator[list[str]]:
    """The lines, with their fields. pytest's caplog will not do: it also listens to loggers that are shut off."""
    lines: list[str] = []
    handler = _Listening(lines)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


class _Listening(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{self.format(record)} {record.__dict__.get('fields', '')}")
