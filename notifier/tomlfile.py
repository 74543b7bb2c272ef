"""TOML files that know on which line each of their keys stands, and how they lie over each other."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from notifier.errors import Problem, UsageError

KeyPath = tuple[str | int, ...]
"""Where a value stands: names of tables and keys, positions in lists from 0."""

_TOKEN = re.compile(
    r'#[^\n]*|"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|[\[\]{}\n]', re.DOTALL
)
_REPEATED = "is not TOML: this key or table stands in the file already"
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class TomlFile:
    """One TOML file: its values, the lines they stand on, and its mistakes in spelling.

    A line that is no TOML is reported in `problems` and left out, so that the rest can be checked all the same; after
    a mistake in a header, or one that nobody can tell the end of, `data` is empty.
    """

    def __init__(self, path: Path, text: str, problems: Sequence[Problem] = ()) -> None:
        self.path = path
        self.problems = list(problems)
        self.comment = text.partition("\n")[0].lstrip("#").strip() if text.startswith("#") else ""
        self.data, readable = self._parse(text.replace("\r\n", "\n").split("\n"))
        self._lines: dict[KeyPath, int] = {}
        self._last: dict[KeyPath, int] = {}
        under: KeyPath = ()
        for line, statement in _statements(readable):
            under = self._place(statement, line, under)

    def __contains__(self, path: KeyPath) -> bool:
        return path in self._lines

    def line(self, path: KeyPath) -> int:
        """The line of the statement that `path`, or the deepest part of it that exists, was written in."""
        return self._lines.get(path, 1) if path in self._lines or not path else self.line(path[:-1])

    def _parse(self, lines: list[str]) -> tuple[dict[str, Any], str]:
        """Parse, and again without each line that is wrong by itself. Returns the values and the text they are from.

        A mistake whose own line is right may be the consequence of one before; then it is not reported.
        """
        found: list[Problem] = []
        while True:
            text = "\n".join(lines)
            try:
                data = tomllib.loads(text)
                break
            except tomllib.TOMLDecodeError as error:
                line, message = _explain(error, lines)
                alone = _parses(lines[line - 1]) == (message == _REPEATED)
                if alone or not found:
                    found.append(Problem(self.path, line, "", message))
                if not alone or lines[line - 1].lstrip().startswith("["):
                    data, text = {}, ""
                    break
                lines[line - 1] = ""
        self.problems += found
        return data, text

    def _place(self, statement: str, line: int, under: KeyPath) -> KeyPath:
        """Note where the keys of a statement stand. Returns the table that the next statement belongs to."""
        tree = tomllib.loads(statement)
        if not statement.lstrip().startswith("["):
            self._note(tree, line, under)
            return under
        keys, is_list = _header(tree)
        path: KeyPath = ()
        for number, key in enumerate(keys, start=1):
            path = (*path, key)
            self._lines.setdefault(path, line)
            if is_list and number == len(keys):
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path = (*path, self._last[path])
                self._lines.setdefault(path, line)
        self._lines[path] = line
        return path

    def _note(self, value: Any, line: int, path: KeyPath) -> None:
        if path:
            self._lines.setdefault(path, line)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            self._note(item, line, (*path, key))


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file. One that cannot be read is empty, and says why in its `problems`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return TomlFile(path, "", [Problem(path, 0, "", f"cannot be read: {error.strerror}")])
    try:
        return _understood(path, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return TomlFile(path, "", [Problem(path, line, "", "is not UTF-8; save the file in that encoding")])


class GivenSetting(TomlFile):
    """One `key=value` of the command line, as if it stood in a file: it has no lines.

    A value that is no TOML is text, so that `after=6h` needs no quotes. Raises UsageError when it is no setting.
    """

    def __init__(self, text: str) -> None:
        key, equals, value = text.partition("=")
        candidates = (f"{key} = {value}", f"{key} = {json.dumps(value, ensure_ascii=False)}")
        statement = next(filter(_parses, candidates), None) if equals and key.strip() else None
        if statement is None:
            raise UsageError(f"{text!r} is not a setting; write it as jobs.unpaid-nudge.after=6h")
        super().__init__(Path("--set"), statement)

    def line(self, path: KeyPath) -> int:
        return 0


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _explain(error: tomllib.TOMLDecodeError, lines: list[str]) -> tuple[int, str]:
    """The line a parser's message is about, and the message as a sentence."""
    place = _PLACE.search(str(error))
    line = int(place[1]) if place and place[1] else len(lines)
    what = _PLACE.sub("", str(error))
    if what == "Invalid value":
        return line, 'is not TOML: the value makes no sense; text stands in quotes, as in key = "text"'
    if what == "Cannot overwrite a value" or what.startswith("Cannot declare"):
        return line, _REPEATED
    return line, f"is not TOML: {what[:1].lower()}{what[1:]}"


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Cut valid TOML into statements, each with the number of its first line."""
    start, line, depth = 0, 1, 0
    for token in _TOKEN.finditer(text + "\n"):
        if token[0] in {"[", "{"}:
            depth += 1
        elif token[0] in {"]", "}"}:
            depth -= 1
        elif token[0] == "\n" and depth == 0:
            statement = text[start : token.end()]
            yield line, statement
            line += statement.count("\n")
            start = token.end()


@lru_cache(1024)
def _understood(path: Path, text: str) -> TomlFile:
    """Nothing changes a file once it was read, and a reload finds most of them as they were."""
    return TomlFile(path, text)


def _header(tree: dict[str, Any]) -> tuple[list[str], bool]:
    """The keys of a `[table]` or `[[list of tables]]` that was parsed alone, and whether it is a list."""
    keys: list[str] = []
    node: Any = tree
    while isinstance(node, dict) and node:
        ((key, node),) = node.items()
        keys.append(key)
    return keys, isinstance(node, list)


class Overlay:
    """Tables of several files laid over each other: a later file's values replace those of an earlier one, key by key.

    Each layer is a file and the path of a table in it. `data` is what they amount to.
    """

    def __init__(self, *layers: tuple[TomlFile, KeyPath]) -> None:
        self.layers = layers
        self.data: dict[str, Any] = {}
        for file, path in layers:
            self.data = _merged(self.data, _table(file.data, path))

    @property
    def broken(self) -> bool:
        """True when a file has lines that are no TOML: what seems to be missing may stand there."""
        return any(file.problems for file, _ in self.layers)

    def has(self, path: KeyPath) -> bool:
        """True when a file says something at `path`."""
        return any(prefix + path in file for file, prefix in self.layers)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A mistake at `path`: it points to the last file that has that path, or to where the key would stand."""
        said = [layer for layer in self.layers if layer[1] + path in layer[0]]
        file, prefix = said[-1] if said else max(self.layers, key=lambda layer: _depth(layer[0], layer[1] + path))
        return Problem(file.path, file.line(prefix + path), spell(prefix + path), message)

    def line(self, path: KeyPath) -> int:
        return self.problem(path, "").line

    def under(self, path: KeyPath, *beneath: tuple[TomlFile, KeyPath]) -> Overlay:
        """The same files' tables at `path`, laid over the tables of `beneath`."""
        return Overlay(*beneath, *((file, prefix + path) for file, prefix in self.layers))


def spell(path: KeyPath) -> str:
    """A path as people write it: `jobs.unpaid-nudge.only_if[2]`, positions counted from 1."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _table(data: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    node: Any = data
    for part in path:
        node = node.get(part) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _depth(file: TomlFile, path: KeyPath) -> int:
    """Minus the number of parts at the end of `path` that the file lacks."""
    return -sum(path[:end] not in file for end in range(1, len(path) + 1))
