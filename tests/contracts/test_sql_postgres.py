"""What is special to PostgreSQL: its types, its zones, read-only transactions, limits, servers that go away."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from notifier.clock import VirtualClock
from notifier.errors import SourceError
from notifier.interfaces import Page, Surroundings
from notifier.model.order import Line, Money
from notifier.model.shop import Shop
from notifier.sources.sql import SqlSource
from tests.fakes.postgres import PostgresServer, PostgresShop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = "SELECT * FROM orders WHERE updated >= :since AND updated < :until ORDER BY updated, id LIMIT :limit"
KEYSET = (
    "SELECT * FROM orders WHERE (updated, id) > (:since, :after_id) AND updated < :until "
    "ORDER BY updated, id LIMIT :limit"
)


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[SqlSource]:
    plain = {"type": "sql", "url": url, "orders": WINDOW, "order": "SELECT * FROM orders WHERE id IN :ids"}
    settings = SqlSource.Options.model_validate(plain | {"zone": "UTC"} | options)
    source = SqlSource("db", settings, Surroundings(Shop(zone="UTC", currency="EUR"), VirtualClock(NOW), Path()))
    try:
        yield source
    finally:
        await source.close()


async def poll(source: SqlSource, cursor: str | None = None, now: datetime = NOW) -> list[Page]:
    return [page async for page in source.poll(cursor, now)]


async def ids(source: SqlSource, cursor: str | None = None, now: datetime = NOW) -> list[str]:
    return [record.id for page in await poll(source, cursor, now) for record in page.records]


async def failure(source: SqlSource) -> str:
    with pytest.raises(SourceError) as caught:
        await poll(source)
    return str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"])
async def test_every_way_to_write_the_url_reaches_the_database(postgres: PostgresShop, scheme: str) -> None:
    postgres.run("CREATE TABLE orders (id text, updated timestamptz); INSERT INTO orders VALUES ('a', '2026-03-01')")
    async with opened(postgres.url.replace("postgresql", scheme)) as source:
        assert await ids(source) == ["a"]


async def test_an_order_of_columns_of_its_own_types(postgres: PostgresShop) -> None:
    key = "0192d1f0-7c1e-7000-8000-0000000000aa"
    postgres.run(
        f"""
        CREATE TYPE stage AS ENUM ('paid', 'sent');
        CREATE TABLE orders (
            id uuid, updated timestamptz, state stage, placed timestamp, paid timestamptz, total numeric(12, 2),
            lines jsonb, tags text[]
        );
        INSERT INTO orders VALUES (
            '{key}', '2026-03-01 09:00+00', 'paid', '2026-03-01 08:00', '2026-03-01 08:30+00', 1234.50,
            '[{{"sku": "a", "quantity": 2, "price": 617.25}}]', '{{gift,heavy}}'
        );
        """
    )
    async with opened(postgres.url, id_type="uuid", zone="Asia/Shanghai") as source:
        (page,) = await poll(source)
        order = source.order(page.records[0])
        assert (order.id, order.state_name, order.tags) == (key, "paid", ("gift", "heavy"))
        assert order.total == Money(Decimal("1234.50"), "EUR")
        assert order.lines == (Line("a", quantity=2, price=Money(Decimal("617.25"), "EUR")),)
        # A column without a zone has the clocks of the source's zone, one with a zone its own.
        assert order.placed == datetime(2026, 3, 1, 0, tzinfo=UTC)
        assert order.paid == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
        looked = await source.look([key, str(UUID(int=5)), "no uuid"])
        assert {id_: record.digest for id_, record in looked.items()} == {key: page.records[0].digest}


@pytest.mark.parametrize(
    ("id_type", "kind", "keys"),
    [
        ("text", "text", ["", "10", "9"]),
        ("integer", "bigint", ["-5", "9", "10", "9000000000"]),
        ("uuid", "uuid", [str(UUID(int=number)) for number in (1, 2, 2**127)]),
    ],
)
async def test_pages_by_ids_of_every_type(postgres: PostgresShop, id_type: str, kind: str, keys: list[str]) -> None:
    postgres.run(f"CREATE TABLE orders (id {kind}, updated timestamptz)")
    for key in keys:
        postgres.run(f"INSERT INTO orders VALUES ('{key or 'A'}', '2026-03-01 09:00+00')")
    wanted = [key or "A" for key in keys]
    by_id = "SELECT * FROM orders WHERE id > :after_id ORDER BY id LIMIT :limit"
    for orders in (WINDOW, KEYSET, by_id):
        async with opened(postgres.url, id_type=id_type, orders=orders, page_size=2) as source:
            assert sorted(await ids(source)) == sorted(wanted)
            assert set(await source.look([*wanted, "x"])) == set(wanted)


@pytest.mark.parametrize("column", ["timestamptz", "timestamp"])
async def test_the_window_is_right_whether_columns_have_a_zone_or_not(postgres: PostgresShop, column: str) -> None:
    """The session has the source's zone, not the server's, which is New York's here."""
    postgres.run(f"CREATE TABLE orders (id text, updated {column}); SET TIME ZONE 'Asia/Shanghai'")
    for minute in (-600, -15, -9, -1, 5):
        moment = (NOW + timedelta(minutes=minute)).isoformat()
        postgres.run(f"SET TIME ZONE 'Asia/Shanghai'; INSERT INTO orders VALUES ('m{minute}', timestamptz '{moment}')")
    async with opened(postgres.url, zone="Asia/Shanghai", page_size=2) as source:
        assert await ids(source) == ["m-600", "m-15", "m-9", "m-1"]
        cursor = (await poll(source))[-1].cursor
        assert await ids(source, cursor, NOW + timedelta(minutes=1)) == ["m-9", "m-1"]
        assert await ids(source, cursor, NOW + timedelta(minutes=6)) == ["m-9", "m-1", "m5"]


@pytest.mark.parametrize("orders", [WINDOW, KEYSET])
async def test_pages_go_on_through_the_hour_that_comes_twice(postgres: PostgresShop, orders: str) -> None:
    """In Berlin 02:00 to 03:00 comes twice on 25 October 2026: the clocks' hands go back, time does not."""
    start = datetime(2026, 10, 25, 0, tzinfo=UTC)
    postgres.run("CREATE TABLE orders (id text, updated timestamptz)")
    wanted = [f"o{number:02}" for number in range(24)]
    postgres.insert("orders", *((id_, start + timedelta(minutes=5 * place)) for place, id_ in enumerate(wanted)))
    async with opened(postgres.url, zone="Europe/Berlin", orders=orders, page_size=3) as source:
        found = await ids(source, None, start + timedelta(hours=3))
        assert list(dict.fromkeys(found)) == wanted


async def test_a_select_cannot_write_whatever_it_calls(postgres: PostgresShop) -> None:
    postgres.run(
        """
        CREATE TABLE orders (id text, updated timestamptz);
        INSERT INTO orders VALUES ('a', '2026-03-01');
        CREATE FUNCTION wipe() RETURNS integer LANGUAGE sql AS 'DELETE FROM orders; SELECT 1';
        """
    )
    async with opened(postgres.url, orders="SELECT *, wipe() FROM orders") as source:
        assert await failure(source) == (
            "source db: the database refused: cannot execute DELETE in a read-only transaction"
        )
    async with opened(postgres.url, orders="SELECT id FROM orders; COMMIT; SELECT wipe()") as source:
        assert "cannot insert multiple commands" in await failure(source)
    # Not even when a session is told that it may.
    free = "SELECT id, set_config('transaction_read_only', 'off', false) FROM orders"
    async with opened(postgres.url, orders=free) as source:
        assert "transaction read-write mode must be set before any query" in await failure(source)
    async with opened(postgres.url, order="SELECT id, wipe() FROM orders WHERE id = :id") as source:
        with pytest.raises(SourceError, match="cannot execute DELETE in a read-only transaction"):
            await source.look(["a"])
    assert postgres.run("SELECT count(*) FROM orders") == [(1,)]


@pytest.mark.parametrize("orders", ["SELECT 'a' AS id, pg_sleep(60)", "SELECT 'a' AS id, pg_sleep(60) LIMIT 5"])
async def test_a_query_that_takes_too_long_is_ended_on_the_server_too(postgres: PostgresShop, orders: str) -> None:
    postgres.run("CREATE TABLE orders (id text, updated timestamptz)")
    began = monotonic()
    async with opened(postgres.url, orders=orders, timeout="1s") as source:
        assert await failure(source) == "source db: the database did not answer within 1 s"
    assert monotonic() - began < 5
    # statement_timeout ends it there, at most some moments later.
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s AND state = 'active'"
    await asyncio.to_thread(_until_idle, postgres)
    assert postgres.server.run("postgres", ended, postgres.name) == []


def _until_idle(shop: PostgresShop) -> None:
    """Wait on the server for the shop's sessions to be over, ten seconds at most."""
    shop.server.run(
        "postgres",
        f"""
        DO $$ BEGIN
            FOR attempt IN 1..1000 LOOP
                PERFORM pg_stat_clear_snapshot();
                EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = '{shop.name}');
                PERFORM pg_sleep(0.01);
            END LOOP;
        END $$
        """,
    )


async def test_a_server_that_says_nothing_any_more_holds_nobody_up(postgres: PostgresShop) -> None:
    """Its host hangs in the middle of a stream: the poll fails in time, and so the source can be closed."""
    postgres.run("CREATE TABLE orders AS SELECT n::text AS id, now() AS updated FROM generate_series(1, 5000) AS n")
    async with opened(postgres.url, orders="SELECT * FROM orders", page_size=10, timeout="1s") as source:
        pages = source.poll(None, NOW)
        await anext(pages)
        began = monotonic()
        with postgres.frozen():
            with pytest.raises(SourceError, match="did not answer within 1 s"):
                async for _ in pages:
                    pass
            await source.close()
            assert monotonic() - began < 5
        assert len(await ids(source)) == 5000


async def test_a_server_that_is_gone_is_an_error_and_found_again_when_it_is_back(
    postgres: PostgresShop, postgres_server: PostgresServer
) -> None:
    postgres.run("CREATE TABLE orders (id text, updated timestamptz); INSERT INTO orders VALUES ('a', '2026-03-01')")
    async with opened(postgres.url, timeout="5s") as source:
        assert await ids(source) == ["a"]
        postgres_server.stop()
        try:
            assert "source db: the database refused: connection is bad: connection to server" in await failure(source)
        finally:
            postgres_server.start()
        assert await ids(source) == ["a"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fields": {"placed": "created"}}, "returns no column created, which is needed for placed; add it"),
        ({"orders": "SELECT nonsense FROM orders"}, 'the database refused: column "nonsense" does not exist'),
        ({"orders": "SELECT * FROM shop_orders"}, 'the database refused: relation "shop_orders" does not exist'),
        ({"time_format": "epoch"}, "the database refused: operator does not exist: timestamp with time zone >= "),
    ],
)
async def test_what_does_not_fit_the_database_is_said(
    postgres: PostgresShop, options: dict[str, Any], sentence: str
) -> None:
    postgres.run("CREATE TABLE orders (id text, updated timestamptz); INSERT INTO orders VALUES ('a', '2026-03-01')")
    async with opened(postgres.url, **options) as source:
        assert sentence in await failure(source)


@pytest.mark.parametrize("cast", ["note::integer", "note::timestamptz", "note::jsonb", "note::uuid", "note::boolean"])
async def test_what_stands_in_a_row_is_not_told_when_it_cannot_be_converted(postgres: PostgresShop, cast: str) -> None:
    postgres.run("""CREATE TABLE orders (id text, note text); INSERT INTO orders VALUES ('a', E'Ada "A"\\nLovelace')""")
    async with opened(postgres.url, orders=f"SELECT id, {cast} FROM orders") as source:
        told = await failure(source)
        assert told.startswith("source db: the database refused: invalid input syntax for type")
        assert "Ada" not in told
        assert "Lovelace" not in told


async def test_passwords_are_in_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_URL", "postgresql://ada:hunter2@127.0.0.1:1/shop?sslmode=disable")
    async with opened({"env": "SHOP_URL"}) as source:  # type: ignore[arg-type]
        told = await failure(source)
        assert "127.0.0.1" in told
        assert "hunter2" not in told


async def test_a_missing_driver_is_named_by_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    async with opened("postgresql://127.0.0.1:1/shop") as source:
        assert await failure(source) == (
            'source db: the database needs its driver; pip install "shop-notifier[postgres]"'
        )
