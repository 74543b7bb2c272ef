"""The commands that print digests and keep the revisit record: digest, simulate --report, revisit, revisits."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from notifier.cli.app import run
from notifier.interfaces import Changes, SourceMark, StoredOrder
from notifier.model.order import CaseKind, Money, Order, OrderState
from notifier.model.reminder import Key, Planned
from notifier.settings import load_settings
from notifier.store import open_store
from tests.fakes.orders import make_case, make_order

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTINGS = """\
[shop]
name = "Panda Tea"
time_zone = "Asia/Shanghai"
[clock]
start = 2026-03-02T01:00:00Z
[channels.text]
type = "console"
kind = "sms"
[sources.shop]
type = "files"
folder = "in"
"""


class Shop:
    """A folder with settings and a database, and the commands that look at it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "notifier.toml"
        self.file.write_text(SETTINGS, encoding="utf-8")
        self._capsys = capsys

    def keep(self, *orders: Order, planned: tuple[Planned, ...] = ()) -> None:
        async def work() -> None:
            store = await open_store(load_settings(self.file).store_url)
            rows = [StoredOrder(order, order.id, NOW) for order in orders]
            inserts = [(plan, "anna@example.com") for plan in planned]
            await store.apply(Changes(orders=rows, inserts=inserts, mark=SourceMark("shop", rounds=1), now=NOW))
            await store.close()

        asyncio.run(work())

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; its sentence on standard error when it fails."""
        assert run(["--config", str(self.file), *arguments]) == code
        printed = self._capsys.readouterr()
        return printed.err if code else printed.out


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    found = Shop(tmp_path, capsys)
    case = make_case(CaseKind.REFUND, requested=NOW - 20 * HOUR, agreed=None, amount=Money(Decimal(20), "CNY"))
    done = make_order(id="1003", placed=NOW - 90 * DAY, paid=NOW - 90 * DAY, state=OrderState.COMPLETED, cases=(case,))
    visit = Planned(Key("shop", "1003", "revisit"), NOW - DAY, NOW + DAY)
    placed = make_order(id="1001", placed=NOW - 10 * HOUR)
    bought = make_order(id="1002", placed=NOW - 12 * HOUR, paid=NOW - 10 * HOUR, state=OrderState.PAID)
    found.keep(placed, bought, done, planned=(visit,))
    return found


def test_a_digest_as_a_table(shop: Shop) -> None:
    printed = shop.run("digest", "morning-list")
    assert printed.splitlines()[:2] == [
        "Morning list, March 2, 2026",
        "3 things are left to do, the most pressing first.",
    ]
    lines = [line.split()[:2] for line in printed.partition("To do")[2].splitlines()[3:]]
    assert lines == [["Not", "shipped"], ["Refund", "1003"], ["Unpaid", "1001"]]


def test_a_digest_of_another_day_shows_the_orders_as_they_stood(shop: Shop) -> None:
    printed = shop.run("digest", "morning-list", "--date", "2026-03-01", "--language", "zh-CN")
    assert printed == "2026年3月1日晨间清单\n昨日没有遗留事项。\n"
    assert "1001" in shop.run("digest", "morning-list", "--date", "2026-03-02")


def test_a_digest_for_programs(shop: Shop) -> None:
    data = json.loads(shop.run("digest", "daily-report", "--format", "json"))
    figures = {row["what"]: row for row in data["tables"][0]["rows"]}
    assert figures["paid"]["count"] == 1
    assert figures["paid"]["amount"] == [{"amount": "128.50", "currency": "CNY"}]
    rows = list(csv.reader(io.StringIO(shop.run("digest", "daily-report", "--format", "csv"))))
    assert ["Orders paid", "1", "128.50", "CNY", ""] in rows
    page = shop.run("digest", "daily-report", "--format", "html")
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert "Orders paid" in page


@pytest.mark.parametrize("name", ["handover", "takeover", "monthly-plan", "reviews-to-answer", "refund-rate"])
def test_every_digest_can_be_asked_for(shop: Shop, name: str) -> None:
    assert len(shop.run("digest", name).splitlines()) >= 2


def test_what_is_wrong_with_a_digest_is_said(shop: Shop) -> None:
    wrong = shop.run("digest", "morning-lst", code=64)
    assert wrong == "notifier: there is no digest 'morning-lst'; did you mean \"morning-list\"?\n"
    assert "is not a date" in shop.run("digest", "morning-list", "--date", "yesterday", code=64)
    assert "is a digest" in shop.run("preview", "morning-list", code=64)


def test_the_revisit_record_is_filled_in(shop: Shop) -> None:
    before = json.loads(shop.run("revisits", "--format", "json"))
    assert [(row["order"], row["job"], row["result"]) for row in before] == [("1003", "revisit", "")]
    assert before[0]["customer"] == "a***@example.com"
    done = shop.run("revisit", "1003", "--result", "satisfied", "--by", "amy", "--note", "=wants more")
    assert done == "Order 1003: satisfied.\n"
    (row,) = csv.DictReader(io.StringIO(shop.run("revisits", "--format", "csv")))
    assert (row["result"], row["by"], row["note"], row["at"][:16]) == (
        "satisfied",
        "amy",
        "'=wants more",
        "2026-03-02T09:00",
    )
    shop.run("revisit", "1003", "--result", "moved away")
    assert "moved away" in shop.run("revisits")
    assert "satisfied" not in shop.run("revisits")


def test_revisits_of_some_days(shop: Shop) -> None:
    assert json.loads(shop.run("revisits", "--since", "2026-03-02", "--format", "json")) == []
    assert len(json.loads(shop.run("revisits", "--until", "2026-03-01", "--format", "json"))) == 1
    assert shop.run("revisits", "--until", "2026-02-28") == "No revisits.\n"


def test_a_revisit_that_there_is_none_of(shop: Shop) -> None:
    wrong = shop.run("revisit", "1001", "--result", "x", code=64)
    assert wrong.startswith("notifier: the revisit record has no line for an order 1001")
    assert "the result is empty" in shop.run("revisit", "1003", "--result", " ", code=64)


def simulated(shop: Shop, *options: str, code: int = 0) -> str:
    """Three orders, each nudged after twelve hours: one pays after an hour more, one never, one had paid before."""
    customer = {"id": "c1", "phone": "+8613800138000"}
    orders: list[dict[str, Any]] = [
        {"id": "1", "placed": "2026-03-01T01:00:00Z", "paid": "2026-03-01T14:00:00Z", "total": 100},
        {"id": "2", "placed": "2026-03-01T01:00:00Z", "total": 50},
        {"id": "3", "placed": "2026-03-01T01:00:00Z", "paid": "2026-03-01T12:00:00Z", "total": 30},
    ]
    file = shop.file.parent / "orders.jsonl"
    lines = [json.dumps({**order, "customer": {**customer, "id": f"c{order['id']}"}}) for order in orders]
    file.write_text("\n".join(lines), encoding="utf-8")
    return shop.run("simulate", "--orders", str(file), *options, code=code)


def test_the_report_of_a_simulated_day(shop: Shop) -> None:
    data = json.loads(simulated(shop, "--report", "2026-03-02", "--format", "json"))
    figures = {row["what"]: row["count"] for row in data["tables"][0]["rows"]}
    assert (figures["placed"], figures["paid"]) == (3, 2)
    (nudge,) = (row for row in data["tables"][1]["rows"] if row["job"] == "unpaid-nudge")
    assert (nudge["sent"], nudge["recovered"], nudge["rate"]) == (2, 1, 0.5)
    assert nudge["amount"] == [{"amount": "100", "currency": "CNY"}]


def test_the_report_of_a_day_is_as_it_was_known_then(shop: Shop) -> None:
    printed = simulated(shop, "--report", "2026-03-02")
    assert printed.startswith("Daily report, March 2, 2026\nMarch 1, 2026: 2 orders paid, CN¥130.00. ")
    assert "Recovered by reminders: 1." in printed
    assert "the orders begin after the report" in simulated(shop, "--report", "2026-02-28", code=64)
    assert "is not a date" in simulated(shop, "--report", "1 March", code=64)
