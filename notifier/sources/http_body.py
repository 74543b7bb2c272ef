"""What a shop answered: JSON of which only as much is taken apart as is needed."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from notifier.sources.json_records import lenient
from notifier.sources.paths import compile_path

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw] | None)


class Body:
    """An answer. Raises ValueError when it is no JSON at all."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._decoded: Any = None
        self._strict = True
        try:
            msgspec.json.decode(content, type=msgspec.Raw)
        except (ValueError, RecursionError):
            self._decoded, self._strict = lenient(content), False

    def items(self, path: str) -> list[Any]:
        """The orders in the list at `path`: their raw bytes, or decoded ones where only a lenient reader could."""
        names = path.split(".") if path else []
        if not self._strict:
            found = compile_path(path)(self._decoded) if path else self._decoded
            if not isinstance(found, list):
                raise ValueError("is not a list")
            return found
        return [bytes(item) for item in _LIST.decode(_descend(self._content, names)) or ()]

    def item(self, path: str) -> Any:
        """The single order at `path`, raw or decoded as in `items`."""
        if not self._strict:
            return compile_path(path)(self._decoded) if path else self._decoded
        return bytes(_descend(self._content, path.split(".") if path else []))

    def value(self, path: str) -> Any:
        """What stands at `path`, None when nothing does; only that branch of the answer is decoded."""
        if not self._strict:
            return compile_path(path)(self._decoded)
        name = re.match(r"[^.\[\]]+", path)
        try:
            if name is None:
                return compile_path(path)(msgspec.json.decode(self._content))
            branch = _OBJECT.decode(self._content).get(name[0])
            return None if branch is None else compile_path(path)({name[0]: msgspec.json.decode(branch)})
        except msgspec.ValidationError:
            return None


def _descend(content: bytes, names: list[str]) -> bytes | msgspec.Raw:
    found: bytes | msgspec.Raw = content
    for name in names:
        branches = _OBJECT.decode(found)
        if name not in branches:
            raise ValueError(f"has no {name}")
        found = branches[name]
    return found
