"""What is special to databases: read-only, time limits, forms of time, related rows, settings that cannot work."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.clock import VirtualClock
from notifier.errors import SourceError
from notifier.interfaces import Page, Surroundings
from notifier.model.order import Line, OrderState
from notifier.model.shop import Shop
from notifier.sources.sql import SqlSource

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = "SELECT * FROM orders WHERE updated >= :since AND updated < :until ORDER BY updated, id LIMIT :limit"


class Base:
    """A SQLite file that tests fill with SQL of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run("PRAGMA user_version = 1")

    def run(self, script: str) -> None:
        with closing(sqlite3.connect(self.folder / "shop.db")) as database:
            database.executescript(script)

    @asynccontextmanager
    async def source(self, **options: Any) -> AsyncIterator[SqlSource]:
        plain = {"type": "sql", "url": "sqlite:///shop.db", "orders": WINDOW, "zone": "UTC"}
        plain |= {"order": "SELECT * FROM orders WHERE id IN :ids"}
        around = Surroundings(Shop(zone="UTC", currency="EUR"), VirtualClock(NOW), self.folder)
        source = SqlSource("db", SqlSource.Options.model_validate(plain | options), around)
        try:
            yield source
        finally:
            await source.close()


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base(tmp_path)


async def poll(source: SqlSource, cursor: str | None = None, now: datetime = NOW) -> list[Page]:
    return [page async for page in source.poll(cursor, now)]


async def ids(source: SqlSource, cursor: str | None = None, now: datetime = NOW) -> list[str]:
    return [record.id for page in await poll(source, cursor, now) for record in page.records]


async def failure(source: SqlSource) -> str:
    with pytest.raises(SourceError) as caught:
        await poll(source)
    return str(caught.value)


@pytest.mark.parametrize("url", ["sqlite:///shop.db", "sqlite+aiosqlite:///shop.db", "sqlite+pysqlite:///shop.db"])
async def test_every_way_to_write_a_sqlite_url_opens_the_file_without_writing(base: Base, url: str) -> None:
    base.run("CREATE TABLE orders (id, updated); INSERT INTO orders VALUES ('a', '2026-03-01 09:00:00')")
    before = (base.folder / "shop.db").read_bytes()
    async with base.source(url=url) as source:
        assert await ids(source) == ["a"]
    assert (base.folder / "shop.db").read_bytes() == before
    assert [path.name for path in base.folder.iterdir()] == ["shop.db"]


async def test_a_missing_file_is_an_error_and_is_not_created(base: Base) -> None:
    async with base.source(url="sqlite:///other.db") as source:
        assert await failure(source) == "source db: the database refused: unable to open database file"
    assert not (base.folder / "other.db").exists()


async def test_nothing_can_be_written_even_by_a_select(base: Base) -> None:
    """A writing statement behind WITH is refused by the database itself."""
    base.run("CREATE TABLE orders (id, updated); INSERT INTO orders VALUES ('a', '2026-03-01 09:00:00')")
    async with base.source(
        order="WITH x AS (SELECT :id AS id) DELETE FROM orders WHERE id IN (SELECT id FROM x)"
    ) as source:
        with pytest.raises(SourceError, match="attempt to write a readonly database"):
            await source.look(["a"])
    async with base.source() as source:
        assert await ids(source) == ["a"]


async def test_a_query_that_takes_too_long_is_ended(base: Base) -> None:
    """The thread is free again soon afterwards: closing waits for it."""
    base.run("CREATE TABLE orders (id, updated)")
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS id FROM n"
    for orders in (endless, f"{endless} LIMIT 1"):
        async with base.source(orders=orders, timeout="1s") as source:
            assert await failure(source) == "source db: the database did not answer within 1 s"


async def test_a_locked_database_is_an_error_in_time(base: Base) -> None:
    base.run("CREATE TABLE orders (id, updated)")
    with closing(sqlite3.connect(base.folder / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with base.source(timeout="1s") as source:
            assert await failure(source) == "source db: the database refused: database is locked"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fields": {"placed": "created"}}, "returns no column created, which is needed for placed;"),
        ({"fields": {"id": "number"}}, "returns no column number, which is needed for id;"),
        ({"fields": {"updated": "changed"}}, "returns no column changed, which is needed for updated;"),
        ({"orders": "SELECT nonsense FROM orders"}, "the database refused: no such column: nonsense"),
        ({"url": "sqlite+nothing:///x"}, "url is not a database URL"),
        ({"url": "rubbish"}, "url is not a database URL"),
        ({"url": "mssql+pymssql://127.0.0.1/x"}, "the database needs the Python package pymssql; install it"),
        ({"related": {"lines": {"query": "SELECT id FROM orders WHERE id IN :ids"}}}, "must return a column order_id"),
    ],
)
async def test_what_does_not_fit_the_database_is_said(base: Base, options: Mapping[str, Any], sentence: str) -> None:
    base.run("CREATE TABLE orders (id, updated); INSERT INTO orders VALUES ('a', '2026-03-01 09:00:00')")
    async with base.source(**options) as source:
        assert sentence in await failure(source)


async def test_a_column_that_disappears_is_an_error_and_the_cursor_stays(base: Base) -> None:
    base.run("CREATE TABLE orders (id, updated, total); INSERT INTO orders VALUES ('a', '2026-03-01 11:59:00', 5)")
    async with base.source(fields={"total": "total"}) as source:
        cursor = (await poll(source))[-1].cursor
        base.run("ALTER TABLE orders RENAME COLUMN total TO sum")
        with pytest.raises(SourceError, match="no column total, which is needed for total; add it to the SELECT"):
            await poll(source, cursor)


@pytest.mark.parametrize(
    ("form", "write"),
    [
        ("datetime", lambda t: f"'{t:%Y-%m-%d %H:%M:%S}'"),
        ("iso", lambda t: f"'{t:%Y-%m-%dT%H:%M:%S}.5Z'"),
        ("epoch", lambda t: f"{t.timestamp():.0f}"),
        ("epoch_ms", lambda t: f"{t.timestamp() * 1000:.0f}"),
    ],
)
async def test_times_of_change_in_every_form(base: Base, form: str, write: Callable[[datetime], str]) -> None:
    minutes = [-600, -15, -9, -1, 5]
    rows = ", ".join(f"('m{minute}', {write(NOW + timedelta(minutes=minute))})" for minute in minutes)
    base.run(f"CREATE TABLE orders (id, updated); INSERT INTO orders VALUES {rows}")
    async with base.source(time_format=form, page_size=2) as source:
        assert await ids(source) == ["m-600", "m-15", "m-9", "m-1"]
        cursor = (await poll(source))[-1].cursor
        # Ten minutes of overlap, and nothing that is not yet there by our clock.
        assert await ids(source, cursor, NOW + timedelta(minutes=1)) == ["m-9", "m-1"]
        assert await ids(source, cursor, NOW + timedelta(minutes=6)) == ["m-9", "m-1", "m5"]


@pytest.mark.parametrize(
    ("form", "value", "sentence"),
    [
        ("datetime", "'2026-03-01T09:00:00'", 'is written in another form; set time_format = "iso"'),
        ("iso", "'2026-03-01 09:00:00'", 'is written in another form; set time_format = "datetime"'),
        ("iso", "'2026-03-01T09:00:00+08:00'", "has an offset that is not that of UTC"),
        ("datetime", "1772355600", "is a number; set time_format to epoch or epoch_ms"),
        ("epoch", "1772355600000", "is counted otherwise; set time_format to epoch_ms"),
        ("epoch_ms", "1772355600", "is counted otherwise; set time_format to epoch"),
        ("epoch", "'2026-03-01 09:00:00'", "is no number; set time_format to datetime or iso"),
        ("datetime", "'soon'", "is not a time"),
    ],
)
async def test_times_that_cannot_be_compared_are_noticed(base: Base, form: str, value: str, sentence: str) -> None:
    base.run(f"CREATE TABLE orders (id, updated); INSERT INTO orders VALUES ('a', {value})")
    orders = "SELECT * FROM orders WHERE :since IS NOT NULL LIMIT :limit"
    async with base.source(time_format=form, orders=orders) as source:
        assert f"the column updated {sentence}" in await failure(source)


async def test_changes_in_the_hour_that_comes_twice_are_not_lost(base: Base) -> None:
    """In Berlin 02:00 to 03:00 comes twice on 25 October 2026; each minute an order changes and a poll follows."""
    base.run("CREATE TABLE orders (id, updated)")
    start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    async with base.source(zone="Europe/Berlin", overlap="0s") as source:
        seen: set[str] = set()
        cursor = None
        for minute in range(0, 180, 3):
            now = start + timedelta(minutes=minute)
            offset = timedelta(hours=2 if now < datetime(2026, 10, 25, 1, tzinfo=UTC) else 1)
            base.run(
                f"INSERT INTO orders VALUES ('m{minute}', '{now + offset - timedelta(seconds=30):%Y-%m-%d %H:%M:%S}')"
            )
            pages = await poll(source, cursor, now)
            cursor = pages[-1].cursor
            seen |= {record.id for page in pages for record in page.records}
        assert seen == {f"m{minute}" for minute in range(0, 180, 3)}


async def test_rows_that_belong_to_an_order(base: Base) -> None:
    base.run(
        """
        CREATE TABLE orders (id INTEGER, updated, state);
        INSERT INTO orders VALUES (1, '2026-03-01 09:00:00', 'paid'), (2, '2026-03-01 09:00:00', 'paid');
        CREATE TABLE items (order_id INTEGER, sku, quantity);
        INSERT INTO items VALUES (1, 'a', 1), (1, 'b', 2), (3, 'c', 3), (NULL, 'd', 4);
        """
    )
    related = {
        "lines": {"query": "SELECT * FROM items WHERE order_id IN :ids"},
        "parcels": {"query": "SELECT 9 AS order_id WHERE 1 IN :ids"},
    }
    async with base.source(related=related, id_type="integer") as source:
        (page,) = await poll(source)
        first, second = (source.order(record) for record in page.records)
        assert (first.lines, second.lines) == ((Line("a"), Line("b", quantity=2)), ())
        base.run("UPDATE items SET quantity = 7 WHERE sku = 'b'")
        looked = await source.look(["1", "2", "x"])
        assert looked["1"].digest != page.records[0].digest
        assert looked["2"].digest == page.records[1].digest


@pytest.mark.parametrize(("id_type", "kind"), [("text", "TEXT"), ("integer", "INTEGER"), ("uuid", "TEXT")])
async def test_ids_of_every_type(base: Base, id_type: str, kind: str) -> None:
    known = {"text": "0012", "integer": "12", "uuid": "0" * 31 + "5"}[id_type]
    base.run(f"CREATE TABLE orders (id {kind}, updated); INSERT INTO orders VALUES ('{known}', '2026-03-01 09:00:00')")
    async with base.source(
        id_type=id_type,
        orders="SELECT * FROM orders WHERE id > :after_id ORDER BY id LIMIT :limit",
        order="SELECT * FROM orders WHERE id = :id",
    ) as source:
        assert await ids(source) == [known]
        assert set(await source.look([known, "unknown"])) == {known}


async def test_rows_in_no_order_are_an_error_and_not_an_endless_round(base: Base) -> None:
    rows = ", ".join(f"('{number:02}', '2026-03-01 09:{number % 2:02}:00')" for number in range(20))
    base.run(f"CREATE TABLE orders (id, updated); INSERT INTO orders VALUES {rows}")
    for orders in (
        "SELECT * FROM orders WHERE updated >= :since ORDER BY id LIMIT :limit",
        "SELECT * FROM orders WHERE :after_id IS NOT NULL ORDER BY id LIMIT :limit",
    ):
        async with base.source(orders=orders, page_size=3) as source:
            assert "must end in ORDER BY" in await failure(source)


async def test_columns_that_make_no_position_are_said(base: Base) -> None:
    base.run("CREATE TABLE orders (id, updated); INSERT INTO orders VALUES ('a', NULL), ('b', NULL), (x'01', 5)")
    async with base.source(orders="SELECT * FROM orders WHERE :since <> '' LIMIT :limit", page_size=2) as source:
        assert "never NULL" in await failure(source)
    async with base.source(
        orders="SELECT * FROM orders WHERE id > :after_id ORDER BY id DESC LIMIT :limit", page_size=1
    ) as source:
        assert "must hold texts, numbers or times" in await failure(source)


async def test_a_position_of_another_query_is_a_beginning(base: Base) -> None:
    rows = ", ".join(f"('{number}', '2026-03-01 09:{number:02}:00')" for number in range(9))
    base.run(f"CREATE TABLE orders (id, updated); INSERT INTO orders VALUES {rows}")
    async with base.source(page_size=3) as source:
        pages = await poll(source)
    async with base.source(orders=WINDOW.replace("SELECT *", "SELECT id, updated")) as source:
        assert len(await ids(source, pages[1].cursor)) == 9


async def test_a_round_that_was_broken_off_long_ago_is_followed_by_another_up_to_now(base: Base) -> None:
    rows = ", ".join(f"('{number}', '2026-03-01 09:{number:02}:00')" for number in range(9))
    base.run(f"CREATE TABLE orders (id, updated); INSERT INTO orders VALUES {rows}")
    async with base.source(page_size=3) as source:
        cursor = (await poll(source))[0].cursor
        base.run("INSERT INTO orders VALUES ('late', '2026-03-01 15:00:00')")
        # Row 2 is the one at the border.
        assert await ids(source, cursor, NOW + timedelta(hours=4)) == [*map(str, range(2, 9)), "late"]


async def test_a_state_of_cancelled_needs_no_time(base: Base) -> None:
    base.run(
        "CREATE TABLE orders (id, updated, s); INSERT INTO orders VALUES ('a', '2026-03-01 09:00:00', 'unavailable')"
    )
    async with base.source(fields={"state": "s"}, states={"unavailable": "cancelled"}) as source:
        order = source.order((await source.look(["a"]))["a"])
        assert (order.state, order.state_name, order.cancelled) == (OrderState.CANCELLED, "unavailable", None)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"orders": "DELETE FROM orders"}, "is not a SELECT"),
        ({"orders": "SELECT * FROM orders LIMIT :limit"}, "would read the same rows for ever"),
        ({"orders": "SELECT * FROM orders WHERE id > :after_id"}, "uses :after_id without :limit"),
        ({"orders": "SELECT * FROM orders WHERE at > :start"}, "uses :start; there are :after_id :limit :since :until"),
        ({"order": "SELECT * FROM orders"}, "must use :id or :ids"),
        ({"order": "SELECT :id, id FROM orders WHERE id IN :ids"}, "must use :id or :ids"),
        ({"related": {"lines": {"query": "SELECT * FROM items WHERE order_id = :id"}}}, "uses :id; there are :ids"),
        ({"related": {"things": {"query": "SELECT 1 WHERE 1 IN :ids"}}}, "lines"),
        ({"url": "postgresql://ada:secret@db.example.com/shop"}, "a password does not belong in this file"),
        ({"fields": {"id": ["a", "b"]}}, "fields.id must name one column"),
        ({"fields": {"updated": ""}}, "fields.updated must name one column"),
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, Any], sentence: str) -> None:
    plain = {
        "type": "sql",
        "url": "sqlite:///shop.db",
        "orders": WINDOW,
        "order": "SELECT * FROM orders WHERE id = :id",
    }
    with pytest.raises(ValidationError) as caught:
        SqlSource.Options.model_validate(plain | options)
    assert sentence in str(caught.value)
    assert "secret@" not in str(caught.value)


def test_the_query_for_one_order_is_required() -> None:
    with pytest.raises(ValidationError, match=r"order\n.*Field required"):
        SqlSource.Options.model_validate({"type": "sql", "url": "sqlite:///shop.db", "orders": WINDOW})
