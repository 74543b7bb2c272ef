"""Where a value stands in a JSON object: `billing.email`, `lines[0].sku`, `meta_data[key=_tracking].value`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Getter = Callable[[Any], Any]
_STEP = re.compile(r"(?P<name>[^.\[\]]+)|\[(?P<index>-?\d+)\]|\[(?P<key>[^=\[\]]+)=(?P<value>[^\[\]]*)\]")


def compile_path(path: str) -> Getter:
    """Makes a function that fetches what stands at `path`, None when nothing does.

    A name goes into an object, `[0]` takes one of a list (`[-1]` the last), `[key=value]` the first object of a list
    whose `key` is `value`. Raises ValueError with a sentence that says what would be right.
    """
    steps = [_step(match) for match in _matches(path)]
    if len(steps) == 1:
        return steps[0]

    def fetch(value: Any) -> Any:
        for step in steps:
            if value is None:
                return None
            value = step(value)
        return value

    return fetch


def _matches(path: str) -> list[re.Match[str]]:
    """The steps of `path`, refusing what is between them and is no single point before a name."""
    found: list[re.Match[str]] = []
    position = 0
    while position < len(path):
        if found and path[position] == ".":
            match = _STEP.match(path, position + 1)
            match = match if match and match["name"] else None
        else:
            match = _STEP.match(path, position)
            match = match if match and not (found and match["name"]) else None
        if match is None:
            break
        found.append(match)
        position = match.end()
    if not found or position < len(path):
        raise ValueError(f"{path!r} is not a path; write names with points, [0], or [key=value]")
    return found


def _step(match: re.Match[str]) -> Getter:
    if match["name"] is not None:
        return _named(match["name"])
    if match["index"] is not None:
        return _numbered(int(match["index"]))
    return _selected(match["key"].strip(), match["value"].strip())


def _named(name: str) -> Getter:
    return lambda value: value.get(name) if isinstance(value, Mapping) else None


def _numbered(index: int) -> Getter:
    def fetch(value: Any) -> Any:
        return value[index] if isinstance(value, list) and -len(value) <= index < len(value) else None

    return fetch


def _selected(key: str, wanted: str) -> Getter:
    def fetch(value: Any) -> Any:
        for item in value if isinstance(value, list) else ():
            if isinstance(item, Mapping) and (found := item.get(key)) is not None and _same(found, wanted):
                return item
        return None

    return fetch


def _same(found: Any, wanted: str) -> bool:
    """JSON writes true, people write true: Python's own words for it are nobody's."""
    if isinstance(found, bool):
        return wanted == ("true" if found else "false")
    return isinstance(found, str | int) and str(found) == wanted
