"""Orders to simulate or import: all that the shops show, or those of a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from notifier.clock import Clock
from notifier.errors import BadOrder, UsageError
from notifier.interfaces import Record, Source, Surroundings
from notifier.mistakes import did_you_mean
from notifier.model.order import Order
from notifier.parts import build_sources
from notifier.settings import Settings
from notifier.sources.files import FilesOptions, FilesSource, read_orders

_PLAIN = FilesOptions.model_validate({"type": "files", "folder": "."})


@dataclass(slots=True)
class Histories:
    """Orders by source, and sentences about those that could not be understood."""

    orders: dict[str, Sequence[Order]] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)


async def from_sources(settings: Settings, clock: Clock, tell: Callable[[str, int], None]) -> Histories:
    """Read everything that the shops of the settings show. `tell` hears how many orders were read so far.

    Raises SourceError when a shop cannot be read.
    """
    found = Histories()
    sources = build_sources(settings, clock)
    try:
        for name, source in sources.items():
            orders: dict[str, Order] = {}
            async for page in source.poll(None, clock.now()):
                found.trouble += page.trouble
                orders |= {order.id: order for order in _understood(source, page.records, found.trouble)}
                tell(name, len(orders))
            found.orders[name] = list(orders.values())
    finally:
        for source in sources.values():
            await source.close()
    return found


def from_file(settings: Settings, file: Path, clock: Clock, source: str = "") -> Histories:
    """Read the orders of a CSV or JSON Lines file, in the words of the `files` source of that name.

    Without a name it is the only `files` source of the settings; without one, our own words. Raises SourceError.
    """
    name, options = _layout(settings, source)
    around = Surroundings(settings.shop, clock, settings.folder)
    reader, found = FilesSource(name, options, around), Histories()
    records = read_orders(file, options, around, found.trouble.append)
    found.orders[name] = list({order.id: order for order in _understood(reader, records, found.trouble)}.values())
    return found


def put_into_folder(settings: Settings, file: Path, source: str = "") -> Path:
    """Lay a file into the folder of a `files` source, whole, where the daemon finds it with its next poll."""
    name, options = _layout(settings, source)
    if name not in settings.sources:
        raise UsageError(
            "the settings have no source that reads files; add [sources.inbox] with "
            'type = "files" and folder = "var/inbox"'
        )
    folder = settings.folder / options.folder
    folder.mkdir(parents=True, exist_ok=True)
    part, target = folder / f".{file.name}.part", folder / file.name
    shutil.copyfile(file, part)
    return part.replace(target)


def _layout(settings: Settings, source: str) -> tuple[str, FilesOptions]:
    readers = {name: s.options for name, s in settings.sources.items() if isinstance(s.options, FilesOptions)}
    if source and source not in readers:
        raise UsageError(f"there is no source {source!r} that reads files{did_you_mean(source, readers)}")
    if not source and len(readers) > 1:
        raise UsageError(f"several sources read files; name one of them with --source: {', '.join(readers)}")
    return next(((name, own) for name, own in readers.items() if source in {"", name}), ("orders", _PLAIN))


def _understood(source: Source, records: Iterable[Record], trouble: list[str]) -> Iterable[Order]:
    for record in records:
        try:
            yield source.order(record)
        except BadOrder as error:
            trouble.append(f"order {record.id} is left out: {error}")
