"""What is special to HTTP: hostile and broken answers, paging that never ends, credentials, addresses."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from notifier.clock import VirtualClock
from notifier.errors import BadOrder, SourceError
from notifier.interfaces import Page, Surroundings
from notifier.model.order import OrderState
from notifier.model.shop import Shop
from notifier.sources.http import HttpSource
from tests.fakes.loopback import Loopback, Trouble
from tests.fakes.shop import PretendShop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JSON = {"Content-Type": "application/json"}
ZIPPED = JSON | {"Content-Encoding": "gzip"}


@asynccontextmanager
async def opened(settings: dict[str, Any]) -> AsyncIterator[HttpSource]:
    around = Surroundings(Shop(zone="Asia/Shanghai", currency="EUR"), VirtualClock(NOW), Path())
    source = HttpSource("web", HttpSource.Options.model_validate(settings), around)
    try:
        yield source
    finally:
        await source.close()


@pytest.fixture
async def shop() -> AsyncIterator[PretendShop]:
    async with PretendShop() as shop:
        yield shop
        assert shop.surprises == []


async def poll(source: HttpSource, cursor: str | None = None, now: datetime = NOW) -> list[Page]:
    return [page async for page in source.poll(cursor, now)]


async def ids(source: HttpSource, cursor: str | None = None, now: datetime = NOW) -> list[str]:
    return [record.id for page in await poll(source, cursor, now) for record in page.records]


async def failure(source: HttpSource, cursor: str | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        await poll(source, cursor)
    return str(caught.value)


def order(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"o{number}", "updated": "2026-03-01T09:00:00Z", "placed": "2026-03-01T09:00:00Z"} | fields


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (Trouble(500), "127.0.0.1 answered HTTP 500"),
        (Trouble(204), "127.0.0.1 answered HTTP 204"),
        (Trouble(401), "refuses our credentials (HTTP 401); check auth"),
        (Trouble(302, headers={"Location": "http://127.0.0.1:1/"}), "redirects (HTTP 302), which is not followed"),
        (Trouble(429, headers={"Retry-After": "30"}), "asks to wait 30 s (HTTP 429)"),
        (Trouble(503, headers={"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}), "until Sun, 01 Mar 2026 12:01:00 GMT"),
        (Trouble(503), "answered HTTP 503"),
        (Trouble(200, b"<html>", {"Content-Type": "text/html"}), "sent text/html instead of JSON"),
        (Trouble(200, b"<html>", JSON), "the answer is not whole JSON"),
        (Trouble(200, b"", JSON), "the answer is not whole JSON"),
        (Trouble(200, b'{"orders": [{"id": "o1"}', JSON), "the answer is not whole JSON"),
        (Trouble(200, b"[" * 100_000, JSON), "the answer is not whole JSON"),
        (Trouble(200, b'{"orders": {"id": "o1"}}', JSON), "the answer holds no list at orders; check items"),
        (Trouble(200, b'{"order": []}', JSON), "the answer holds no list at orders; check items"),
        (Trouble(200, b'{"orders": "\\ud800"}', JSON), "the answer holds no list at orders; check items"),
        (Trouble(200, b"[1]", JSON), "the answer holds no list at orders; check items"),
        (Trouble(200, b'{"orders": [], "x": "' + b"x" * 9_000_000 + b'"}', JSON), "sent more than 8388608 bytes"),
        (
            Trouble(200, gzip.compress(b" " * 20_000_000), JSON | {"Content-Encoding": "gzip"}),
            "sent more than 8388608",
        ),
        (Trouble(200, b"not gzip", JSON | {"Content-Encoding": "gzip"}), "broke off its answer"),
        (Trouble(reset=True), "broke off its answer"),
        (Trouble(hang=True), "did not answer within 1 s"),
    ],
)
async def test_a_bad_answer_rejects_the_page_and_the_next_poll_has_everything(
    shop: PretendShop, trouble: Trouble, sentence: str
) -> None:
    shop.put(order(1))
    async with opened(shop.settings() | {"timeout": "1s"}) as source:
        # A connection that breaks at once is tried a second time.
        times = 2 if trouble.reset else 1
        shop.troubles.extend([trouble] * times)
        assert sentence in await failure(source)
        assert await ids(source) == ["o1"]
        shop.troubles.extend([trouble] * times)
        with pytest.raises(SourceError, match=r"^source web: "):
            await source.look(["o1"])


async def test_one_broken_text_does_not_take_the_page_away(shop: PretendShop) -> None:
    """A lone surrogate, a raw control character, bad UTF-8 and NaN: legal for some writers, and each in one order."""
    shop.put(order(1))
    shop.raw = {
        "s": b'{"id": "s", "customer_name": "Ad\\ud800a"}',
        "c": b'{"id": "c", "note": "a\x01b"}',
        "u": b'{"id": "u", "customer_name": "Ad\xff"}',
        "n": b'{"id": "n", "total": NaN}',
    }
    async with opened(shop.settings() | {"paging": {"style": "none"}}) as source:
        first, second = await poll(source), await poll(source)
        assert first == second
        found = {record.id: record for record in first[0].records}
        assert set(found) == {"o1", "s", "c", "u", "n"}
        assert source.order(found["s"]).customer.name == "Ada"
        assert source.order(found["c"]).note == "ab"
        with pytest.raises(BadOrder, match="total is"):
            source.order(found["n"])
        assert set(await source.look(["s", "c", "u", "n"])) == {"s", "c", "u", "n"}


async def test_bad_bytes_alone_leave_the_other_orders_unparsed(shop: PretendShop) -> None:
    shop.raw = {"u": b'{"id": "u", "customer_name": "Ad\xffa"}', "d": b'{"id": "d", "total": 1e999}', "x": b"5"}
    async with opened(shop.settings() | {"paging": {"style": "none"}}) as source:
        (page,) = await poll(source)
        found = {record.id: record for record in page.records}
        assert {id_: type(record.fields) for id_, record in found.items()} == {"u": bytes, "d": bytes}
        assert source.order(found["u"]).customer.name == "Ad\ufffda"
        with pytest.raises(BadOrder):
            source.order(found["d"])
        assert len(page.trouble) == 1


async def test_the_window_is_asked_for_as_the_settings_say(shop: PretendShop) -> None:
    shop.put(order(1))
    settings = shop.settings() | {"until_param": "until", "params": {"status": "any"}, "overlap": "1h"}
    async with opened(settings | {"oldest": "30d"}) as source:
        cursor = (await poll(source))[-1].cursor
        assert shop.queries[0] == {
            "since": "2026-01-30T12:00:00Z",
            "until": "2026-03-01T12:00:00Z",
            "status": "any",
            "page": "1",
            "size": "250",
        }
        shop.queries.clear()
        await poll(source, cursor, NOW + timedelta(minutes=5))
        assert (shop.queries[0]["since"], shop.queries[0]["until"]) == ("2026-03-01T11:00:00Z", "2026-03-01T12:05:00Z")


@pytest.mark.parametrize(
    ("form", "zone", "since"),
    [
        ("local", None, "2026-03-01T19:50:00"),
        ("blank", "Europe/Berlin", "2026-03-01 12:50:00"),
        ("epoch", None, "1772365800"),
        ("epoch_ms", None, "1772365800000"),
    ],
)
async def test_times_may_stand_in_the_address(form: str, zone: str | None, since: str) -> None:
    async with Recorder(b"[]") as shop:
        settings = {"type": "http", "url": f"{shop.url}/list/{{since}}?to={{until}}", "order_url": f"{shop.url}/{{id}}"}
        async with opened(settings | {"time_format": form, "zone": zone}) as source:
            await poll(source, json.dumps({"read": NOW.isoformat()}), NOW)
        assert shop.paths == [f"/list/{since}"]


class Recorder(Loopback):
    """Gives one answer to everybody and writes down what was asked."""

    def __init__(self, body: bytes, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.body = body
        self.more = headers or {}
        self.paths: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        self.queries.append(dict(request.query))
        self.headers.append(dict(request.headers))
        return web.Response(body=self.body, headers=JSON | self.more)

    def settings(self, **more: Any) -> dict[str, Any]:
        return {"type": "http", "url": f"{self.url}/list", "order_url": f"{self.url}/one/{{id}}"} | more


async def test_credentials_go_with_every_request_and_into_no_error() -> None:
    secret = SecretStr("s3cret")
    ways: list[tuple[dict[str, Any], str, str]] = [
        ({"type": "bearer", "token": secret}, "Authorization", "Bearer s3cret"),
        ({"type": "basic", "user": "ck", "password": secret}, "Authorization", "Basic Y2s6czNjcmV0"),
        ({"type": "header", "name": "X-Shop-Token", "value": secret}, "X-Shop-Token", "s3cret"),
    ]
    for auth, name, value in ways:
        async with Recorder(b"[]") as shop, opened(shop.settings(auth=auth, headers={"X-Own": "1"})) as source:
            await poll(source)
            assert (shop.headers[0][name], shop.headers[0]["X-Own"]) == (value, "1")
    async with Recorder(b"[]") as shop:
        auth = {"type": "query", "parameters": {"key": secret}}
        async with opened(shop.settings(auth=auth)) as source:
            await poll(source)
            assert shop.queries == [{"key": "s3cret"}]
            for trouble in (Trouble(500), Trouble(reset=True), Trouble(200, b"{", JSON)):
                shop.troubles.extend([trouble] * (2 if trouble.reset else 1))
                assert "s3cret" not in await failure(source)
            await shop.close()
            assert "s3cret" not in await failure(source)


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/list?page=2", "https://evil.example.com/"])
@pytest.mark.parametrize("style", ["link", "cursor"])
async def test_a_link_to_another_host_is_not_followed(link: str, style: str) -> None:
    body = json.dumps({"orders": [], "next": link}).encode()
    async with Recorder(body, {"Link": f'<{link}>; rel="next"'}) as shop:
        settings = shop.settings(items="orders", paging={"style": style, "next": "next"})
        async with opened(settings) as source:
            assert "the next page is on another host, which is not asked" in await failure(source)


async def test_a_cursor_may_be_an_address_of_the_same_host() -> None:
    async with Recorder(b"") as relay:
        relay.body = json.dumps({"orders": [{"id": "a"}], "next": f"{relay.url}/list?page=2"}).encode()
        async with opened(relay.settings(items="orders", paging={"style": "cursor", "next": "next"})) as source:
            assert "two pages are the same" in await failure(source)
        assert relay.queries == [{}, {"page": "2"}]


@pytest.mark.parametrize(
    ("paging", "sentence"),
    [
        ({"style": "page"}, "two pages are the same; does the shop know the parameters under paging?"),
        ({"style": "offset"}, "two pages are the same"),
        ({"style": "cursor", "next": "next"}, "two pages are the same"),
    ],
)
async def test_a_shop_that_knows_no_paging_is_noticed(paging: dict[str, Any], sentence: str) -> None:
    async with Recorder(b'{"orders": [{"id": "a"}], "next": 7}') as shop:
        async with opened(shop.settings(items="orders", paging=paging)) as source:
            assert sentence in await failure(source)
        assert len(shop.paths) == 2


async def test_a_list_that_leads_back_or_never_ends_is_an_error() -> None:
    async with Recorder(b'{"orders": [], "next": "same"}') as shop:
        settings = shop.settings(items="orders", paging={"style": "cursor", "next": "next"})
        async with opened(settings) as source:
            assert "the list leads back to a page that was read before" in await failure(source)
        async with opened(settings | {"max_pages": 1}) as source:
            assert "the list has no end after 1 pages; if it is that long, raise max_pages" in await failure(source)
    async with Recorder(b'{"orders": [], "next": {"a": 1}}') as shop:
        settings = shop.settings(items="orders", paging={"style": "cursor", "next": "next"})
        async with opened(settings) as source:
            assert "what stands at paging.next is not a cursor" in await failure(source)


async def test_a_place_that_the_shop_has_forgotten_is_a_new_beginning(shop: PretendShop) -> None:
    shop.style = "cursor"
    shop.put(*(order(number) for number in range(9)))
    async with opened(shop.settings() | {"page_size": 3}) as source:
        cursor = (await poll(source))[1].cursor
        shop.troubles.append(Trouble(410))
        assert len(await ids(source, cursor)) == 9
        assert len(await ids(source, cursor)) == 3
        shop.troubles.append(Trouble(500))
        assert "HTTP 500" in await failure(source, cursor)


async def test_a_404_behind_the_last_page_is_the_end(shop: PretendShop) -> None:
    shop.put(order(1))
    async with opened(shop.settings()) as source:
        shop.after_list = lambda _number: shop.troubles.append(Trouble(404))
        assert await ids(source) == ["o1"]
        assert shop.lists == 1
        shop.troubles.append(Trouble(404))
        assert "HTTP 404" in await failure(source)


async def test_a_shop_may_say_itself_that_there_is_no_more(shop: PretendShop) -> None:
    shop.put(order(1))
    async with opened(shop.settings() | {"paging": {"style": "page", "more": "meta.next"}}) as source:
        assert await ids(source) == ["o1"]
        assert shop.lists == 1


async def test_a_shop_may_give_smaller_pages_than_it_is_asked_for(shop: PretendShop) -> None:
    shop.largest = 2
    shop.put(*(order(number) for number in range(7)))
    for style in ("page", "offset"):
        settings = shop.settings() | {"paging": {"style": style, "size_param": ""}}
        async with opened(settings) as source:
            shop.style = "offset" if style == "offset" else "page"
            assert len(await ids(source)) == 7


async def test_batches_are_looked_at_together_and_what_they_leave_out_singly(shop: PretendShop) -> None:
    shop.largest = 10
    shop.put(*(order(number) for number in range(40)), {"id": "a,b"})
    batch = {"orders_url": f"{shop.url}/orders?ids={{ids}}", "look_batch": 15}
    async with opened(shop.settings() | batch) as source:
        found = await source.look([*(f"o{number}" for number in range(42)), "a,b"])
        assert set(found) == {*(f"o{number}" for number in range(40)), "a,b"}
        assert len(shop.queries) == 3
        # The shop gave thirty in three batches; ten more, two unknown ones and the one with a comma were asked for.
        assert shop.requests == 3 + 13
    async with opened(shop.settings() | batch | {"order_url": "", "look_batch": 10}) as source:
        assert set(await source.look(["o1", "nobody", "a,b"])) == {"o1"}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"error": "not found"}', "the answer to order_url is not an order; check item and fields.id"),
        (b'{"id": "another"}', "the answer to order_url is another order than the one that was asked for"),
        (b"[]", "the answer to order_url is not an order"),
    ],
)
async def test_an_answer_that_is_not_the_order_is_an_error_and_no_absence(body: bytes, sentence: str) -> None:
    async with Recorder(body) as shop, opened(shop.settings()) as source:
        with pytest.raises(SourceError, match=sentence):
            await source.look(["a"])


async def test_an_id_is_never_part_of_the_address() -> None:
    async with Recorder(b'{"order": {"id": "../admin?x=1#y"}}') as shop:
        async with opened(shop.settings(item="order")) as source:
            assert set(await source.look(["../admin?x=1#y", "..", "."])) == {"../admin?x=1#y"}
        assert shop.paths == ["/one/../admin?x=1#y"]
        assert shop.queries == [{}]


async def test_a_woocommerce_order_is_read_by_paths() -> None:
    page = [
        {
            "id": 727,
            "status": "processing",
            "currency": "USD",
            "date_created_gmt": "2026-03-01T08:00:00",
            "date_modified_gmt": "2026-03-01T09:00:00",
            "date_paid_gmt": "2026-03-01T08:05:00",
            "total": "29.35",
            "customer_id": 0,
            "billing": {"first_name": "Ada", "last_name": "L", "email": "ada@example.com", "phone": "+12025550123"},
            "line_items": [{"sku": "H1", "name": "Hat", "quantity": 2, "price": 14.675}],
            "meta_data": [{"id": 1, "key": "_tracking_number", "value": "Z1"}],
        }
    ]
    fields = {
        "state": "status",
        "placed": "date_created_gmt",
        "updated": "date_modified_gmt",
        "paid": "date_paid_gmt",
        "customer.name": ["billing.first_name", "billing.last_name"],
        "customer.email": "billing.email",
        "customer.phone": "billing.phone",
        "lines": "line_items",
        "lines.title": "name",
        "tracking_number": "meta_data[key=_tracking_number].value",
    }
    states = {"pending": "unpaid", "processing": "paid"}
    async with Recorder(json.dumps(page).encode()) as shop:
        async with opened(shop.settings(fields=fields, states=states, zone="UTC")) as source:
            (found,) = (await poll(source))[0].records
            order = source.order(found)
        assert (order.id, order.state, order.state_name) == ("727", OrderState.PAID, "processing")
        assert order.paid == datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
        assert (order.customer.name, order.customer.id.startswith("guest-")) == ("Ada L", True)
        assert (order.lines[0].title, order.lines[0].quantity) == ("Hat", 2)


async def test_an_id_may_stand_anywhere() -> None:
    async with Recorder(b'[{"node": {"key": 5}}, {"node": 7}]') as shop:
        settings = shop.settings(fields={"id": "node.key"})
        async with opened(settings) as source:
            (page,) = await poll(source)
            assert ([record.id for record in page.records], len(page.trouble)) == (["5"], 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"url": "ftp://shop.example.com/"}, "is not a web address"),
        ({"url": "https://ada:secret@shop.example.com/"}, "holds a password; put it under auth"),
        ({"order_url": ""}, "needs order_url or orders_url"),
        ({"order_url": "https://shop.example.com/order"}, "order_url needs {id}"),
        ({"orders_url": "https://shop.example.com/orders"}, "orders_url needs {ids}"),
        ({"items": "a[0]"}, "is not a path of names"),
        ({"paging": {"style": "cursor"}}, "needs next, the path of the next cursor"),
        ({"paging": {"style": "cursor", "next": "a..b"}}, "is not a path"),
        ({"fields": {"placed": "a..b"}}, "is not a path"),
        ({"fields": {"customer.name": ["a", "b["]}}, "is not a path"),
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, Any], sentence: str) -> None:
    plain = {"type": "http", "url": "https://shop.example.com/orders", "order_url": "https://shop.example.com/{id}"}
    with pytest.raises(ValidationError) as caught:
        HttpSource.Options.model_validate(plain | options)
    assert sentence in str(caught.value)
