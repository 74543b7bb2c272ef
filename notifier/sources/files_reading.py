"""Orders in CSV and JSON Lines files, one after the other, from any byte on."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from notifier.sources.mapping import GROUPS, FieldMap

_MOST_BYTES = 8_388_608
_DELIMITERS = ",;\t|"
_JSON_SUFFIXES = {".jsonl", ".ndjson", ".json"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of a file: its `fields` (JSON still as bytes), or the `trouble` with it.

    `offset` is where it begins, `end` where the next one does.
    """

    offset: int
    end: int
    fields: Any = None
    rows: Any = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How files are written. `delimiter` "auto" takes the one that the header has most of."""

    encoding: str
    delimiter: str
    fields: FieldMap


def entries(path: Path, layout: Layout, start: int = 0) -> Generator[Entry, None, None]:
    """The orders of a file that begin at byte `start` or later. Raises OSError."""
    with path.open("rb") as file:
        if path.suffix.lower() in _JSON_SUFFIXES:
            file.seek(start)
            yield from _json_entries(file, layout)
        else:
            yield from _csv_entries(file, layout, start)


def _json_entries(file: BinaryIO, layout: Layout) -> Iterator[Entry]:
    lines = _Lines(file, layout.encoding)
    for text in lines:
        content = text.strip().encode("utf-8", "replace")
        if lines.trouble:
            yield Entry(lines.start, lines.end, trouble=lines.trouble)
            lines.trouble = ""
        elif content:
            yield Entry(lines.start, lines.end, content)


def _csv_entries(file: BinaryIO, layout: Layout, start: int) -> Iterator[Entry]:
    """Rows that follow each other with one id are one order, each row one of its lines."""
    lines = _Lines(file, layout.encoding)
    header_line = next(lines, "")
    delimiter = layout.delimiter if layout.delimiter != "auto" else max(_DELIMITERS, key=header_line.count)
    header = next(csv.reader([header_line], delimiter=delimiter), [])
    columns = _Columns([name.strip() for name in header], layout.fields)
    if columns.id is None:
        yield Entry(0, lines.end, trouble=f"there is no column {columns.id_name}; say in fields.id which one it is")
        return
    lines.go_to(max(start, lines.end))
    order: list[list[str]] = []
    bad: list[Entry] = []
    begin = lines.end
    for offset, row, trouble in _rows(lines, delimiter, len(header)):
        if trouble:
            bad.append(Entry(offset, lines.end, trouble=trouble))
            continue
        if order and row[columns.id] != order[0][columns.id]:
            yield Entry(begin, offset, columns.merged(order), order)
            order = []
        begin = begin if order else offset
        order.append(row)
        # An order may go on behind a bad row, so what is wrong is said when the order is complete.
        if len(order) == 1 and bad:
            yield from (replace(entry, end=offset) for entry in bad)
            bad = []
    if order:
        yield Entry(begin, lines.end, columns.merged(order), order)
    yield from (replace(entry, end=lines.end) for entry in bad)


def _rows(lines: _Lines, delimiter: str, width: int) -> Iterator[tuple[int, list[str], str]]:
    """Each row with the byte it begins at, or the trouble with it; a row may go over several lines."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        offset = lines.end
        lines.trouble = ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield offset, [], "it cannot be read as CSV; is a quotation mark missing?"
            continue
        if not row:
            continue
        wrong = f"it has {len(row)} columns, the header has {width}" if len(row) != width else ""
        yield offset, row, lines.trouble or wrong


class _Columns:
    """Which column belongs to the order, and which to an entry of one of its lists (`lines.sku`)."""

    def __init__(self, header: Sequence[str], fields: FieldMap) -> None:
        self._order: list[tuple[int, str]] = []
        self._groups: dict[str, list[tuple[int, str]]] = {}
        placed = {
            str(where): field.partition(".")[0] for field, where in fields.items() if field.partition(".")[0] in GROUPS
        }
        for place, name in enumerate(header):
            group, dot, field = name.partition(".")
            if name in placed:
                self._groups.setdefault(placed[name], []).append((place, name))
            elif dot and group in GROUPS:
                self._groups.setdefault(group, []).append((place, field))
            else:
                self._order.append((place, f"customer_{field}" if dot and group == "customer" else name))
        self.id_name = str(fields.get("id", "id"))
        self.id = next((place for place, name in self._order if name == self.id_name), None)

    def merged(self, rows: Sequence[Sequence[str]]) -> dict[str, Any]:
        """One record of an order's rows: what a row leaves empty is taken from a later one."""
        record: dict[str, Any] = {
            name: next((row[place] for row in rows if row[place]), "") for place, name in self._order
        }
        for group, columns in self._groups.items():
            found: list[dict[str, str]] = []
            for row in rows:
                entry = {name: row[place] for place, name in columns if row[place]}
                if entry and (group == "lines" or entry not in found):
                    found.append(entry)
            record[group] = found
        return record


class _Lines:
    """The lines of a file as text. `start` and `end` are the bytes of the last one.

    `trouble` is what was wrong with one since somebody emptied it.
    """

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self.start = self.end = file.tell()
        self.trouble = ""

    def go_to(self, offset: int) -> None:
        """Continue at byte `offset`, where a line must begin."""
        self._file.seek(offset)
        self.start = self.end = offset

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.start = self.end
        line = self._file.readline(_MOST_BYTES)
        if not line:
            raise StopIteration
        self.end += len(line)
        if len(line) == _MOST_BYTES:
            self._skip()
            self.trouble = f"it is longer than {_MOST_BYTES} bytes"
            return ""
        if self.start == 0:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            self.trouble = f"it is not written in {self._encoding}; set encoding"
            return line.decode(self._encoding, "replace")

    def _skip(self) -> None:
        while rest := self._file.readline(_MOST_BYTES):
            self.end += len(rest)
            if rest.endswith(b"\n"):
                return
