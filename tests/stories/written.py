"""What the daemon writes into its log while a story goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


class Written:
    """The log of the daemon in this process, by `read_new`, and of those in processes of their own, in `file`."""

    def __init__(self, read_new: Callable[[], str], file: Path) -> None:
        self._read_new = read_new
        self._file = file
        self._text = ""

    def lines(self) -> list[dict[str, Any]]:
        """Every line so far."""
        self._text += self._read_new()
        if self._file.exists():
            self._text += self._file.read_text("utf-8")
            self._file.unlink()
        return [json.loads(line) for line in self._text.splitlines() if line.startswith("{")]

    def check(self, personal: Iterable[str], tokens: Iterable[str]) -> None:
        """No line may hold anything about a person, and none may tell of a failure inside the program."""
        lines = self.lines()
        assert self._text, "the daemon wrote no log"
        for one in personal:
            assert one not in self._text, f"the log holds {one!r}"
        for token in tokens:
            assert token not in self._text, "the log holds somebody's link"
        assert not [line for line in lines if "cause" in line or "Traceback" in str(line)]
