"""What is special to files: when one is read, what it may look like, and where an order is found again."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.clock import VirtualClock
from notifier.errors import SourceError
from notifier.interfaces import Page, Surroundings
from notifier.model.order import Line, Money, Order
from notifier.model.shop import Shop
from notifier.sources.files import FilesSource, read_orders

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = 1_700_000_000


class Inbox:
    """A folder that tests lay files into, the later ones written later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "inbox"
        self.folder.mkdir()
        self._written = LONG_AGO

    def lay(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self._written += 10
        os.utime(path, (self._written, self._written))
        return path

    def around(self) -> Surroundings:
        return Surroundings(Shop(zone="UTC", currency="EUR"), VirtualClock(NOW), self.folder.parent)

    def options(self, **changes: Any) -> Any:
        return FilesSource.Options.model_validate({"type": "files", "folder": "inbox"} | changes)

    @asynccontextmanager
    async def source(self, **changes: Any) -> AsyncIterator[FilesSource]:
        source = FilesSource("files", self.options(**changes), self.around())
        try:
            yield source
        finally:
            await source.close()

    async def orders(self, **changes: Any) -> dict[str, Order]:
        async with self.source(**changes) as source:
            return {record.id: source.order(record) for page in await poll(source) for record in page.records}

    async def troubles(self, **changes: Any) -> list[str]:
        async with self.source(**changes) as source:
            return [sentence for page in await poll(source) for sentence in page.trouble]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


async def poll(source: FilesSource, cursor: str | None = None) -> list[Page]:
    return [page async for page in source.poll(cursor, NOW)]


def ids(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


async def test_rows_of_one_order_become_its_lines(inbox: Inbox) -> None:
    inbox.lay(
        "a.csv",
        "id,total,customer.email,customer_name,lines.sku,lines.quantity,parcels.number\n"
        "1,10.00,ada@example.com,,a,1,Z1\n"
        "1,,,Ada,b,2,Z1\n"
        "1,,,,b,2,Z2\n"
        '2,5.00,,"Bob\nSmith",,,\n',
    )
    orders = await inbox.orders()
    first = orders["1"]
    assert first.total == Money(Decimal("10.00"), "EUR")
    assert (first.customer.email, first.customer.name) == ("ada@example.com", "Ada")
    assert first.lines == (Line("a"), Line("b", quantity=2), Line("b", quantity=2))
    assert [parcel.number for parcel in first.parcels] == ["Z1", "Z2"]
    assert (orders["2"].customer.name, orders["2"].lines) == ("Bob Smith", ())


async def test_columns_stand_where_the_settings_say(inbox: Inbox) -> None:
    inbox.lay("a.csv", "Name;Total (EUR);Lineitem sku;ship.date\n#1;9.50;a;2026-03-01\n#1;;b;\n")
    fields = {"id": "Name", "total": "Total (EUR)", "lines.sku": "Lineitem sku", "shipped": "ship.date"}
    order = (await inbox.orders(fields=fields))["#1"]
    assert order.total == Money(Decimal("9.50"), "EUR")
    assert [line.sku for line in order.lines] == ["a", "b"]
    assert order.shipped == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_the_delimiter_is_that_of_the_header(inbox: Inbox, delimiter: str) -> None:
    inbox.lay("a.csv", f"id{delimiter}note\n1{delimiter}x\n")
    assert (await inbox.orders())["1"].note == "x"
    assert (await inbox.orders(delimiter=delimiter))["1"].note == "x"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8", "id,note\n1,张三\n".encode()),
        ("utf-8", "id,note\r\n1,张三\r\n".encode("utf-8-sig")),
        ("gb18030", "id,note\n1,张三\n".encode("gb18030")),
    ],
)
async def test_encodings_of_csv(inbox: Inbox, encoding: str, content: bytes) -> None:
    inbox.lay("a.csv", content)
    assert (await inbox.orders(encoding=encoding))["1"].note == "张三"


async def test_json_lines_in_another_encoding_and_with_nested_lists(inbox: Inbox) -> None:
    order = {"id": 1, "customer": {"name": "张三"}, "lines": [{"sku": "a"}], "reviews": [{"rating": 5}]}
    inbox.lay("a.jsonl", "\n" + json.dumps(order, ensure_ascii=False) + "\n\n")
    inbox.lay("b.jsonl", (json.dumps(order | {"id": 2}, ensure_ascii=False)).encode("gb18030"))
    assert (await inbox.orders())["1"].customer.name == "张三"
    orders = await inbox.orders(encoding="gb18030", patterns=["b.*"], fields={"customer.name": "customer.name"})
    assert (orders["2"].customer.name, orders["2"].lines) == ("张三", (Line("a"),))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "number,total\n1,2\n", "there is no column id; say in fields.id which one it is"),
        ("a.csv", "", "there is no column id"),
        ("a.csv", "id,note\n1,2,3\n", "it has 3 columns, the header has 2"),
        ("a.csv", "id,note\n1\n", "it has 1 columns, the header has 2"),
        ("a.csv", b"id,note\n1,\xff\n", "it is not written in utf-8; set encoding"),
        ("a.csv", 'id,note\n1,"' + "x" * 200_000 + '"\n', "it cannot be read as CSV; is a quotation mark missing?"),
        ("a.csv", "id,note\n,x\n", "it has no id"),
        ("a.jsonl", '{"id": 1', "it is not JSON"),
        ("a.jsonl", b'{"id": "\xff"}\n', "it is not written in utf-8"),
        ("a.jsonl", "[1]\n", "it has no id"),
        ("a.jsonl", '{"id": "' + "x" * 9_000_000 + '"}\n', "it is longer than 8388608 bytes"),
    ],
)
async def test_what_cannot_be_read_is_told_and_the_rest_is_read(
    inbox: Inbox, name: str, content: str | bytes, sentence: str
) -> None:
    path = inbox.lay(name, content)
    if content and "no column" not in sentence:
        good = b"7,x\n" if name == "a.csv" else b'{"id": 7}\n'
        inbox.lay(name, path.read_bytes().removesuffix(b"\n") + b"\n" + good)
        assert set(await inbox.orders()) == {"7"}
    (trouble,) = await inbox.troubles()
    assert trouble.startswith("an order at byte ")
    assert f"of {name} is left out: " in trouble
    assert sentence in trouble


async def test_a_bad_row_does_not_cut_an_order_in_two(inbox: Inbox) -> None:
    inbox.lay("a.csv", "id,lines.sku\n0\n1,a\n1\n1,b\n2,c\n3\n")
    orders = await inbox.orders()
    assert {id_: [line.sku for line in order.lines] for id_, order in orders.items()} == {"1": ["a", "b"], "2": ["c"]}
    assert len(await inbox.troubles()) == 3
    assert len(await inbox.troubles(page_size=1)) <= 3


async def test_only_finished_files_are_read(inbox: Inbox) -> None:
    for name in (".hidden.csv", "a.csv.tmp", "b.part", "c.jsonl.tmp"):
        inbox.lay(name, "id\n1\n")
    (inbox.folder / "folder.csv").mkdir()
    fresh = inbox.folder / "fresh.csv"
    fresh.write_text("id\n2\n")
    async with inbox.source(settle="1h", patterns=["*"]) as source:
        pages = await poll(source)
        assert ids(pages) == []
        assert await source.look(["2"]) == {}
        os.utime(fresh, (LONG_AGO, LONG_AGO))
        assert ids(await poll(source, pages[-1].cursor)) == ["2"]
        assert set(await source.look(["2"])) == {"2"}


async def test_a_file_from_the_future_is_read(inbox: Inbox) -> None:
    path = inbox.lay("a.csv", "id\n1\n")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    assert set(await inbox.orders(settle="1h")) == {"1"}


async def test_a_file_that_has_grown_is_read_again(inbox: Inbox) -> None:
    inbox.lay("a.jsonl", '{"id": 1}\n{"id": 2, "to')
    async with inbox.source() as source:
        first = await poll(source)
        assert ids(first) == ["1"]
        assert len(first[0].trouble) == 1
        assert ids(await poll(source, first[-1].cursor)) == []
        inbox.lay("a.jsonl", '{"id": 1}\n{"id": 2, "total": 5}\n')
        again = await poll(source, first[-1].cursor)
        assert ids(again) == ["1", "2"]
        assert again[0].records[0].digest == first[0].records[0].digest


async def test_files_are_read_again_when_they_are_understood_otherwise(inbox: Inbox) -> None:
    inbox.lay("a.csv", "number\n1\n")
    async with inbox.source() as source:
        cursor = (await poll(source))[-1].cursor
    async with inbox.source(fields={"id": "number"}) as source:
        assert ids(await poll(source, cursor)) == ["1"]


async def test_the_cursor_forgets_files_that_are_gone(inbox: Inbox) -> None:
    async with inbox.source() as source:
        cursor: str | None = None
        for number in range(20):
            path = inbox.lay(f"{number}.csv", f"id\n{number}\n")
            cursor = (await poll(source, cursor))[-1].cursor
            path.unlink()
        assert len(str(cursor)) < 100


async def test_look_answers_with_the_newest_record_in_the_folder(inbox: Inbox) -> None:
    inbox.lay("z.csv", "id,note\n1,oldest\n2,two\n1,older\n")
    inbox.lay("a.jsonl", '{"id": "1", "note": "newer"}\n{"id": "3"}\n')
    async with inbox.source() as source:
        assert source.order((await source.look(["1"]))["1"]).note == "newer"
        newest = inbox.lay("b.jsonl", '{"id": "1", "note": "unread"}\n')
        assert source.order((await source.look(["1"]))["1"]).note == "unread"
        newest.unlink()
        (inbox.folder / "a.jsonl").unlink()
        found = await source.look(["1", "2", "3"])
        assert {id_: source.order(record).note for id_, record in found.items()} == {"1": "older", "2": "two"}


async def test_look_gives_the_record_that_a_poll_gives(inbox: Inbox) -> None:
    inbox.lay("a.csv", "id,lines.sku\n1,a\n1,b\n2,c\n3,d\n3,e\n")
    async with inbox.source(page_size=2) as source:
        polled = {record.id: record for page in await poll(source) for record in page.records}
        assert await source.look(["1", "2", "3"]) == polled


async def test_too_many_files_are_an_error(inbox: Inbox) -> None:
    for number in range(3):
        inbox.lay(f"{number}.csv", "id\n")
    async with inbox.source(max_files=2) as source:
        with pytest.raises(SourceError, match="there are more than 2 files"):
            await poll(source)


async def test_a_folder_that_is_none_is_an_error(inbox: Inbox) -> None:
    async with inbox.source(folder="elsewhere") as source:
        with pytest.raises(SourceError, match="source files: there is no folder"):
            await poll(source)


def test_one_file_is_read_for_an_import(inbox: Inbox) -> None:
    path = inbox.lay("orders.csv", "id,total\n1,5\n2\n3,6\n")
    troubles: list[str] = []
    records = list(read_orders(path, inbox.options(), inbox.around(), troubles.append))
    assert [record.id for record in records] == ["1", "3"]
    assert len(troubles) == 1
    source = FilesSource("import", inbox.options(), inbox.around())
    assert source.order(records[1]).total == Money(Decimal(6), "EUR")


def test_a_file_that_is_not_there_is_an_error(inbox: Inbox) -> None:
    with pytest.raises(SourceError, match=r"nothing\.csv cannot be read: No such file"):
        list(read_orders(inbox.folder / "nothing.csv", inbox.options(), inbox.around(), print))


@pytest.mark.parametrize("options", [{"encoding": "utf-16"}, {"delimiter": "x"}, {"folder": None}])
def test_settings_that_cannot_work_are_refused(inbox: Inbox, options: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        inbox.options(**options)
