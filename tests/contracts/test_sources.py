"""One contract for every source: each test runs over a real database, a real HTTP server and a real folder."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from notifier.clock import VirtualClock
from notifier.errors import BadOrder, SourceError
from notifier.interfaces import Page, Record, Source, Surroundings
from notifier.model.order import OrderState
from notifier.model.shop import Shop
from notifier.sources.files import FilesSource
from notifier.sources.http import HttpSource
from notifier.sources.sql import SqlSource
from tests.fakes.postgres import PostgresShop
from tests.fakes.shop import PretendShop, Style

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = ("id", "state", "placed", "paid", "updated", "total", "customer_id", "customer_name", "note")


def at(minutes: float) -> str:
    """An instant as shops write it, so many minutes from NOW."""
    return (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def order(number: int, changed: float = -120, **fields: Any) -> dict[str, Any]:
    """An order that was last changed so many minutes from NOW."""
    plain = {"id": f"o{number:03}", "state": "unpaid", "placed": at(-180), "updated": at(changed), "total": "10.00"}
    return plain | {"customer_id": f"c{number}"} | fields


class Stand(Protocol):
    """A shop of one kind, and the source that reads it. `changes_only` sources give only what has changed."""

    changes_only: bool
    resumes: bool

    def put(self, *orders: Mapping[str, Any]) -> None: ...

    def source(self, **options: Any) -> Source: ...

    async def down(self) -> None: ...


def surroundings(folder: Path) -> Surroundings:
    return Surroundings(Shop(zone="UTC", currency="EUR"), VirtualClock(NOW), folder)


class SqlStand:
    """A database; the shop's query knows `:after_id`, or only the time of change, or neither."""

    url = "sqlite:///shop.db"
    time_format = "iso"

    def __init__(self, folder: Path, orders: str, changes_only: bool, resumes: bool) -> None:
        self.folder = folder
        self.orders = orders
        self.changes_only = changes_only
        self.resumes = resumes

    def source(self, **options: Any) -> Source:
        plain = {
            "type": "sql",
            "url": self.url,
            "orders": f"SELECT * FROM orders {self.orders}",
            "order": "SELECT * FROM orders WHERE id IN :ids",
            "time_format": self.time_format,
            "zone": "UTC",
        }
        return SqlSource("shop", SqlSource.Options(**(plain | options)), surroundings(self.folder))


class SqliteStand(SqlStand):
    """A SQLite file, where everything is a text."""

    def __init__(self, folder: Path, orders: str, changes_only: bool, resumes: bool) -> None:
        super().__init__(folder, orders, changes_only, resumes)
        with closing(sqlite3.connect(folder / "shop.db")) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(f"CREATE TABLE orders ({', '.join(f'{name} TEXT' for name in COLUMNS)}, PRIMARY KEY (id))")

    def put(self, *orders: Mapping[str, Any]) -> None:
        with closing(sqlite3.connect(self.folder / "shop.db")) as database, database:
            rows = [[order.get(name) for name in COLUMNS] for order in orders]
            database.executemany(f"REPLACE INTO orders VALUES ({', '.join('?' * len(COLUMNS))})", rows)

    async def down(self) -> None:
        (self.folder / "shop.db").write_bytes(b"this is no database at all " * 100)


class PostgresStand(SqlStand):
    """A shop in PostgreSQL, with types of its own for amounts and the time of change."""

    time_format = "datetime"

    def __init__(self, shop: PostgresShop, folder: Path, orders: str, changes_only: bool, resumes: bool) -> None:
        super().__init__(folder, orders, changes_only, resumes)
        self.url = shop.url
        self.shop = shop
        types = {"id": "text PRIMARY KEY", "paid": "timestamptz", "updated": "timestamptz", "total": "numeric(12, 2)"}
        columns = ", ".join(f"{name} {types.get(name, 'text')}" for name in COLUMNS)
        shop.run(f"CREATE TABLE orders ({columns})")

    def put(self, *orders: Mapping[str, Any]) -> None:
        self.shop.insert("orders", *(tuple(order.get(name) for name in COLUMNS) for order in orders))

    async def down(self) -> None:
        self.shop.shut_out()


class HttpStand:
    """The pretend shop over HTTP."""

    changes_only = True
    resumes = True

    def __init__(self, shop: PretendShop) -> None:
        self.shop = shop

    def put(self, *orders: Mapping[str, Any]) -> None:
        self.shop.put(*orders)

    def source(self, **options: Any) -> Source:
        settings = HttpSource.Options(**(self.shop.settings() | options))
        return HttpSource("shop", settings, surroundings(Path()))

    async def down(self) -> None:
        await self.shop.close()


class FilesStand:
    """A folder; each `put` is a new file, and the oldest is read first."""

    changes_only = True
    resumes = True

    def __init__(self, folder: Path, form: str) -> None:
        self.folder = folder / "inbox"
        self.folder.mkdir()
        self.form = form
        self._number = 0

    def put(self, *orders: Mapping[str, Any]) -> None:
        self._number += 1
        path = self.folder / f"{self._number:03}.{self.form}"
        if self.form == "jsonl":
            path.write_text("".join(json.dumps(order) + "\n" for order in orders))
        else:
            text = io.StringIO()
            writer = csv.DictWriter(text, COLUMNS)
            writer.writeheader()
            writer.writerows(orders)
            path.write_text(text.getvalue())
        os.utime(path, (1_700_000_000 + self._number,) * 2)

    def source(self, **options: Any) -> Source:
        settings = FilesSource.Options(**({"type": "files", "folder": "inbox"} | options))
        return FilesSource("shop", settings, surroundings(self.folder.parent))

    async def down(self) -> None:
        shutil.rmtree(self.folder)


WINDOW = "WHERE updated >= :since AND updated < :until ORDER BY updated, id LIMIT :limit"
KEYSET = "WHERE (updated, id) > (:since, :after_id) AND updated < :until ORDER BY updated, id LIMIT :limit"
SQL = {
    "window": (WINDOW, True, True),
    "keyset": (KEYSET, True, True),
    "unlimited": ("WHERE updated >= :since AND updated < :until", True, False),
    "all-by-id": ("WHERE id > :after_id ORDER BY id LIMIT :limit", False, True),
    "all": ("", False, False),
}
SQLITE = {f"sqlite-{name}": query for name, query in SQL.items()}
POSTGRES = {f"postgres-{name}": query for name, query in SQL.items()}
HTTP: dict[str, Style] = {"http-page": "page", "http-offset": "offset", "http-cursor": "cursor", "http-link": "link"}
FILES = {"files-jsonl": "jsonl", "files-csv": "csv"}


@pytest.fixture(params=[*SQLITE, *POSTGRES, *HTTP, *FILES])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    if request.param in SQLITE:
        yield SqliteStand(tmp_path, *SQLITE[request.param])
    elif request.param in POSTGRES:
        yield PostgresStand(request.getfixturevalue("postgres"), tmp_path, *POSTGRES[request.param])
    elif request.param in FILES:
        yield FilesStand(tmp_path, FILES[request.param])
    else:
        async with PretendShop(HTTP[request.param]) as shop:
            yield HttpStand(shop)
            assert shop.surprises == []


@asynccontextmanager
async def opened(source: Source) -> AsyncIterator[Source]:
    try:
        yield source
    finally:
        await source.close()


async def poll(source: Source, cursor: str | None, now: datetime = NOW) -> list[Page]:
    """Every page of a poll."""
    return [page async for page in source.poll(cursor, now)]


def records(pages: Sequence[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def digests(pages: Sequence[Page]) -> dict[str, str]:
    return {record.id: record.digest for record in records(pages)}


async def test_an_empty_shop_is_one_empty_page(stand: Stand) -> None:
    if isinstance(stand, FilesStand):
        stand.put()
    async with opened(stand.source()) as source:
        pages = await poll(source, None)
        assert [page.records for page in pages] == [()]
        assert await poll(source, pages[-1].cursor) == pages


async def test_from_nothing_everything_comes_once_and_in_pages(stand: Stand) -> None:
    stand.put(*(order(number, changed=-200 + number) for number in range(25)))
    async with opened(stand.source(page_size=10)) as source:
        pages = await poll(source, None)
        assert sorted(record.id for record in records(pages)) == [f"o{number:03}" for number in range(25)]
        assert max(len(page.records) for page in pages) == 10
        first = source.order(next(record for record in records(pages) if record.id == "o000"))
        assert (first.source, first.id, first.state, first.customer.id) == ("shop", "o000", OrderState.UNPAID, "c0")
        assert first.placed == NOW - timedelta(hours=3)
        assert (str(first.total.amount), first.total.currency) == ("10.00", "EUR") if first.total else False


async def test_a_second_poll_brings_what_has_changed_and_the_overlap_alone(stand: Stand) -> None:
    stand.put(order(1), order(2), order(3, changed=-5))
    async with opened(stand.source(overlap="10m")) as source:
        first = await poll(source, None)
        stand.put(order(1, changed=1, state="paid", paid=at(1)))
        second = await poll(source, first[-1].cursor, NOW + timedelta(minutes=2))
        before, after = digests(first), digests(second)
        assert {id_ for id_ in after if after[id_] != before[id_]} == {"o001"}
        overlap = {"o003"} if stand.changes_only and not isinstance(stand, FilesStand) else set()
        expected = {"o001"} | overlap if stand.changes_only else {"o001", "o002", "o003"}
        assert set(after) == expected
        changed = next(record for record in records(second) if record.id == "o001")
        assert source.order(changed).state == OrderState.PAID


async def test_look_is_fresh_and_leaves_out_what_the_shop_does_not_have(stand: Stand) -> None:
    stand.put(order(1), order(2), order(3))
    async with opened(stand.source()) as source:
        polled = digests(await poll(source, None))
        stand.put(order(1, changed=30, state="paid", paid=at(30)))
        found = await source.look(["o002", "nobody", "o001", "../x", "a,b", "'", "..", ""])
        assert set(found) == {"o001", "o002"}
        assert source.order(found["o001"]).paid == NOW + timedelta(minutes=30)
        assert found["o002"].digest == polled["o002"]
        assert found["o001"].digest != polled["o001"]


async def test_look_needs_no_poll_before_it(stand: Stand) -> None:
    stand.put(*(order(number) for number in range(60)))
    async with opened(stand.source()) as source:
        assert set(await source.look(["o007", "o059"])) == {"o007", "o059"}
        assert await source.look([]) == {}


async def test_one_bad_order_is_bad_for_itself_alone(stand: Stand) -> None:
    stand.put(order(1), order(2, placed="yesterday", customer_name="Ada Lovelace"), order(3))
    async with opened(stand.source()) as source:
        found = {record.id: record for record in records(await poll(source, None))}
        assert {source.order(found[id_]).id for id_ in ("o001", "o003")} == {"o001", "o003"}
        with pytest.raises(BadOrder, match=r"^placed is not a time") as caught:
            source.order(found["o002"])
        assert "yesterday" not in str(caught.value)


async def test_an_order_without_an_id_is_told_and_the_others_come(stand: Stand) -> None:
    stand.put(order(1), order(2))
    stand.put(order(3) | {"id": " "})
    async with opened(stand.source()) as source:
        pages = await poll(source, None)
        assert set(digests(pages)) == {"o001", "o002"}
        (trouble,) = [sentence for page in pages for sentence in page.trouble]
        assert "fields.id" in trouble


async def test_a_flood_of_one_instant_is_read_whole(stand: Stand) -> None:
    stand.put(order(900, changed=-130), *(order(number, changed=-120) for number in range(47)), order(901, changed=-50))
    async with opened(stand.source(page_size=5)) as source:
        pages = await poll(source, None)
        assert len(records(pages)) == 49
        assert set(digests(pages)) == {"o900", "o901"} | {f"o{number:03}" for number in range(47)}
        assert max(len(page.records) for page in pages) <= 5


async def test_orders_that_change_between_two_pages_are_not_lost(stand: Stand) -> None:
    """One that was read already changes, one that is still to come, and a new one appears."""
    stand.put(*(order(number, changed=-200 + number) for number in range(20)))
    touched = (order(2, changed=0.5, note="a"), order(15, changed=0.5, note="b"), order(50, changed=0.5))
    async with opened(stand.source(page_size=6)) as source:
        seen: list[Record] = []
        cursor = None
        async for page in source.poll(None, NOW):
            if cursor is None:
                stand.put(*touched)
            cursor = page.cursor
            seen += page.records
        seen += records(await poll(source, cursor, NOW + timedelta(minutes=1)))
        latest = {record.id: source.order(record) for record in seen}
        assert set(latest) == {f"o{number:03}" for number in range(20)} | {"o050"}
        assert (latest["o002"].note, latest["o015"].note) == ("a", "b")


async def test_a_poll_that_was_broken_off_goes_on_where_it_was(stand: Stand) -> None:
    stand.put(*(order(number, changed=-200 + number) for number in range(30)))
    async with opened(stand.source(page_size=7)) as source:
        pages = await poll(source, None)
        whole = digests(pages)
    async with opened(stand.source(page_size=7)) as another:
        rest = await poll(another, pages[1].cursor)
        assert digests(pages[:2]) | digests(rest) == whole
        if stand.resumes:
            # One row may come twice: the one at the border of a page.
            assert len(records(rest)) <= 30 - len(records(pages[:2])) + 1
        assert (await poll(another, rest[-1].cursor))[-1].cursor == pages[-1].cursor


async def test_a_cursor_of_another_source_is_a_beginning(stand: Stand) -> None:
    stand.put(order(1))
    async with opened(stand.source()) as source:
        for cursor in ('{"something": "else"}', "[]", "rubbish", '{"until": 3}', '{"place": {}, "since": 1}'):
            assert set(digests(await poll(source, cursor))) == {"o001"}


async def test_a_shop_that_is_down_is_an_error_within_the_time_limit(stand: Stand) -> None:
    stand.put(order(1))
    async with opened(stand.source(timeout="2s")) as source:
        cursor = (await poll(source, None))[-1].cursor
        await stand.down()
    async with opened(stand.source(timeout="2s")) as source:
        with pytest.raises(SourceError, match=r"^source shop: "):
            await poll(source, cursor)
        with pytest.raises(SourceError, match=r"^source shop: "):
            await source.look(["o001"])


async def test_times_without_an_offset_are_those_of_the_zone_across_summer_time(stand: Stand) -> None:
    """In Berlin 02:30 does not exist on 29 March 2026, and comes twice on 25 October."""
    stand.put(order(1, placed="2026-03-29 02:30:00"), order(2, placed="2026-10-25T02:30:00"))
    stand.put(order(3, placed="2026-03-29 01:59:59"), order(4, placed="2026-07-01 00:00"))
    options: dict[str, Any] = {"zone": "Europe/Berlin"}
    if isinstance(stand, SqlStand):
        options["orders"] = "SELECT * FROM orders"
    async with opened(stand.source(**options)) as source:
        found = {record.id: source.order(record).placed for record in records(await poll(source, None))}
        assert found == {
            "o001": datetime(2026, 3, 29, 1, tzinfo=UTC),
            "o002": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            "o003": datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
            "o004": datetime(2026, 6, 30, 22, tzinfo=UTC),
        }


async def test_the_same_record_has_another_digest_when_it_is_understood_otherwise(stand: Stand) -> None:
    """Orders are understood again when the settings change what their words mean."""
    stand.put(order(1, state="wait"))
    async with opened(stand.source()) as source, opened(stand.source(states={"wait": "unpaid"})) as other:
        (before,), (after,) = records(await poll(source, None)), records(await poll(other, None))
        assert before.digest != after.digest
        assert source.order(before).state == OrderState.OTHER
        assert other.order(after).state == OrderState.UNPAID


async def test_nothing_is_opened_before_it_is_needed(stand: Stand) -> None:
    await stand.down()
    await stand.source().close()
