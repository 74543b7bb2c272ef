"""A shop that lays its orders down as files: `type = "files"`, a folder of CSV or JSON Lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from notifier.clock import SystemClock
from notifier.errors import BadOrder, SourceError
from notifier.interfaces import Page, Record, Surroundings
from notifier.model.order import Order
from notifier.options import Length
from notifier.sources.files_reading import Entry, Layout, entries
from notifier.sources.json_records import JsonRecords, decoded
from notifier.sources.mapping import MappingOptions, column
from notifier.sources.normalise import Normaliser, row_content
from notifier.sources.paths import Getter, compile_path

_UNFINISHED = {".tmp", ".part", ".partial", ".crdownload", ".swp"}


class FilesOptions(MappingOptions):
    """The folder, and how its files are written.

    A file is read when it has stood still for `settle`; `max_files` may lie in the folder. A CSV file has a header;
    columns such as `lines.sku` belong to the entries of an order's lists, and rows that follow each other with one id
    are one order.
    """

    folder: Path
    patterns: tuple[str, ...] = ("*.csv", "*.jsonl", "*.ndjson")
    encoding: Literal["utf-8", "gb18030", "latin-1", "cp1252"] = "utf-8"
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    settle: Length = timedelta(seconds=1)
    max_files: int = Field(5000, ge=1)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it stands: another size or time of writing makes it another one, to be read again."""

    path: Path
    key: str
    written: int


class FilesSource:
    """Reads the orders in a folder's files, older files first; a later record of an order replaces an earlier one.

    Each file is read once, and again when it has changed, which does no harm: what has not changed in it has the same
    digest. Writers should write aside and rename the file into the folder. For those who cannot, a file that was
    written to less than `settle` ago is left for the next poll, one called .tmp or .part for ever; what is caught
    halfway nevertheless is read again as soon as it has grown.

    `look` is as fresh as the files are: it answers with the newest record of an order in the folder, files that no
    poll has read yet included. An order whose files were all removed is unknown to it, so files stay in the folder for
    as long as their orders are to be spoken about.
    """

    Options = FilesOptions

    def __init__(self, name: str, options: FilesOptions, around: Surroundings) -> None:
        self.name = name
        self._options = options
        self._folder = around.folder / options.folder
        self._normaliser = Normaliser(name, options, around.shop, _column_or_path)
        self._json = JsonRecords(self._normaliser, options)
        self._layout = Layout(options.encoding, options.delimiter, options.fields)
        self._index: dict[str, dict[str, int]] = {}
        self._indexing = asyncio.Lock()

    async def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]:
        """The records of files that were not read yet; a file that was broken off goes on where it was."""
        files = await self._in_thread(self._files)
        read, key, offset = _load(cursor)
        read &= {file.key for file in files}
        waiting = [file for file in files if file.key not in read]
        for file in waiting:
            at = offset if file.key == key else 0
            more = True
            while more:
                records, trouble, at, more = await self._in_thread(self._piece, file.path, at)
                if not more:
                    read.add(file.key)
                yield Page(records, _dump(read, file.key if more else "", at), trouble)
        if not waiting:
            yield Page((), _dump(read, "", 0))

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """The newest records of these orders in the folder; those in none of its files are left out."""
        async with self._indexing:
            found: dict[str, Record] = await self._in_thread(self._find, ids)
            return found

    def order(self, record: Record) -> Order:
        """Understand a record. Raises BadOrder."""
        return self._normaliser.order(decoded(record.fields))

    async def close(self) -> None:
        """Forget where the orders stand; no file is kept open."""
        self._index.clear()

    def records_of(self, path: Path) -> Iterator[Record | str]:
        """Every order of one file; a sentence in the place of one that has no usable id or cannot be read."""
        with closing(entries(path, self._layout)) as found:
            for entry in found:
                yield self._record(path, entry)

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            async with asyncio.timeout(self._options.timeout.total_seconds()):
                return await asyncio.to_thread(work, *arguments)
        except TimeoutError:
            raise self._error(f"the folder {self._folder} does not answer") from None
        except OSError as error:
            raise self._error(f"{error.filename or self._folder} cannot be read: {error.strerror}") from None

    def _files(self) -> list[_File]:
        """The files to read, in the order in which they were written."""
        if not self._folder.is_dir():
            raise self._error(f"there is no folder {self._folder}")
        paths = {path for pattern in self._options.patterns for path in self._folder.glob(pattern)}
        most = self._options.max_files
        if len(paths) > most:
            raise self._error(f"there are more than {most} files in {self._folder}; move old ones away")
        found = [file for path in paths if (file := self._file(path))]
        return sorted(found, key=lambda file: (file.written, file.path.name))

    def _file(self, path: Path) -> _File | None:
        if path.name.startswith(".") or path.suffix.lower() in _UNFINISHED or not path.is_file():
            return None
        state = path.stat()
        # Files carry the machine's time, whatever clock the daemon runs on; one from the future was not just written.
        age = SystemClock().now() - datetime.fromtimestamp(state.st_mtime, UTC)
        if timedelta(0) <= age < self._options.settle:
            return None
        name = f"{path.relative_to(self._folder)}|{state.st_size}|{state.st_mtime_ns}"
        key = blake2b(name.encode("utf-8", "replace"), digest_size=9, salt=self._normaliser.fingerprint).hexdigest()
        return _File(path, key, state.st_mtime_ns)

    def _piece(self, path: Path, start: int) -> tuple[tuple[Record, ...], tuple[str, ...], int, bool]:
        """The next page of a file: records, troubles, the byte it goes on at, and whether it does."""
        size = self._options.page_size
        with closing(entries(path, self._layout, start)) as found:
            taken = list(islice(found, size))
        made = [self._record(path, entry) for entry in taken]
        records = tuple(one for one in made if isinstance(one, Record))
        trouble = tuple(one for one in made if isinstance(one, str))
        return records, trouble, taken[-1].end if taken else start, len(taken) == size

    def _record(self, path: Path, entry: Entry) -> Record | str:
        try:
            if entry.trouble:
                raise BadOrder(entry.trouble)
            if isinstance(entry.fields, bytes):
                return self._json.record(entry.fields)
            digest = self._normaliser.digest(row_content(entry.rows))
            return Record(self._normaliser.id_of(entry.fields), digest, entry.fields)
        except BadOrder as error:
            return f"an order at byte {entry.offset} of {path.name} is left out: {error}"

    def _find(self, ids: Sequence[str]) -> dict[str, Record]:
        files = self._files()
        self._index = {file.key: self._index.get(file.key) or self._indexed(file.path) for file in files}
        found: dict[str, Record] = {}
        for id_ in ids:
            for file in reversed(files):
                if id_ in self._index[file.key]:
                    found[id_] = self._read_at(file.path, self._index[file.key][id_])
                    break
        return found

    def _indexed(self, path: Path) -> dict[str, int]:
        """Where in a file the last record of each order begins."""
        places: dict[str, int] = {}
        with closing(entries(path, self._layout)) as found:
            for entry in found:
                record = self._record(path, entry)
                if isinstance(record, Record):
                    places[record.id] = entry.offset
        return places

    def _read_at(self, path: Path, offset: int) -> Record:
        with closing(entries(path, self._layout, offset)) as found:
            record = self._record(path, next(found, Entry(offset, offset, trouble="it is gone")))
        if isinstance(record, str):
            raise self._error(f"{path} was changed while it was read")
        return record

    def _error(self, sentence: str) -> SourceError:
        return SourceError(f"source {self.name}: {sentence}")


def read_orders(
    path: Path, options: FilesOptions, around: Surroundings, on_trouble: Callable[[str], None]
) -> Iterator[Record]:
    """The orders of one file, for those who import it; `on_trouble` gets a sentence for each that cannot be read.

    `FilesSource(name, options, around).order` understands them. Raises SourceError when the file cannot be read.
    """
    source = FilesSource(path.name, options, around)
    try:
        for found in source.records_of(path):
            if isinstance(found, Record):
                yield found
            else:
                on_trouble(found)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None


def _column_or_path(where: str) -> Getter:
    """A CSV column's name may look like a path, so it is tried first."""
    by_name = column(where)
    try:
        by_path = compile_path(where)
    except ValueError:
        return by_name

    def fetch(raw: Any) -> Any:
        found = by_name(raw)
        return by_path(raw) if found is None else found

    return fetch


def _dump(read: set[str], key: str, offset: int) -> str:
    return json.dumps({"read": sorted(read), "at": [key, offset] if key else None})


def _load(cursor: str | None) -> tuple[set[str], str, int]:
    """Which files were read, and where one was broken off; nothing for None and another source's cursor."""
    try:
        saved = json.loads(cursor) if cursor else {"read": [], "at": None}
        key, offset = saved["at"] or ("", 0)
        return set(map(str, saved["read"])), str(key), int(offset)
    except (ValueError, TypeError, KeyError):
        return set(), "", 0
