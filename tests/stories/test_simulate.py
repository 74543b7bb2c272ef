"""`notifier simulate` on a virtual clock: what would be said, when and why, before any customer sees it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.cli.app import run
from notifier.model.duration import parse_duration
from notifier.model.job import Job, Step
from notifier.model.order import Customer, Order, OrderState
from notifier.model.reminder import State
from notifier.model.shop import Shop
from notifier.model.simulation import Simulation
from notifier.render.page import timeline_page
from tests.fakes.lived import live
from tests.fakes.orders import PLACED, make_job, only_if

ZONE = ZoneInfo("Asia/Shanghai")
SHOP = Shop(name="Panda Tea", zone="Asia/Shanghai")
HOUR = timedelta(hours=1)
ANNA = {"id": "anna@example.com", "name": "Anna Smith", "email": "anna@example.com", "phone": "+8613800138000"}
FILE: list[dict[str, Any]] = [
    {"id": "1001", "placed": "2026-03-01T01:00:00Z", "customer": ANNA},
    {"id": "1002", "placed": "2026-03-01T01:00:00Z", "paid": "2026-03-01T12:59:00Z", "customer": {"id": "c2"} | ANNA},
    {"id": "1003", "placed": "2026-03-01T01:00:00Z", "cancelled": "2026-03-01T05:00:00Z", "customer": ANNA},
]
SETTINGS = """\
[shop]
name = "Panda Tea"
time_zone = "Asia/Shanghai"
[channels.text]
type = "console"
kind = "sms"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Settings with one channel for SMS, and a file of three orders of which one is never paid."""
    (tmp_path / "notifier.toml").write_text(SETTINGS, encoding="utf-8")
    write_orders(tmp_path, FILE)
    return tmp_path


def write_orders(folder: Path, orders: Sequence[dict[str, Any]]) -> None:
    text = "".join(json.dumps(order) + "\n" for order in orders)
    (folder / "orders.jsonl").write_text(text, encoding="utf-8")


def simulate(shop: Path, *options: str) -> int:
    return run(["--config", str(shop / "notifier.toml"), "simulate", "--orders", str(shop / "orders.jsonl"), *options])


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_orders_are_lived_through_and_what_came_later_is_not_known_before(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(shop, "--format", "json") == 0
    assert [(row["time"], row["order"], row["job"], row["reason"]) for row in rows(capsys)] == [
        ("2026-03-01T20:59:00+08:00", "1002", "order-confirmation", "as soon as the order was paid"),
        ("2026-03-01T21:00:00+08:00", "1001", "unpaid-nudge", "12 hours after the order was placed"),
    ]


def test_a_setting_can_be_tried_without_touching_a_file(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(shop, "--set", "jobs.unpaid-nudge.after=6h", "--format", "json") == 0
    nudges = [(row["time"], row["order"]) for row in rows(capsys) if row["job"] == "unpaid-nudge"]
    assert nudges == [("2026-03-01T15:00:00+08:00", "1001"), ("2026-03-01T15:00:00+08:00", "1002")]


def test_what_is_not_said_is_listed_with_its_reason(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(shop, "--unsaid", "--format", "json") == 0
    nudges = [row for row in rows(capsys) if row["job"] == "unpaid-nudge" and row["state"] != "sent"]
    assert {(row["order"], row["state"], row["reason"]) for row in nudges} == {
        ("1002", "cancelled", "the order is paid"),
        ("1003", "cancelled", "the order was cancelled"),
    }


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (("--until", "2026-03-01"), ["order-confirmation", "unpaid-nudge"]),
        (("--until", "2026-03-01T21:00"), ["order-confirmation", "unpaid-nudge"]),
        (("--until", "2026-03-01T20:59:30"), ["order-confirmation"]),
        (("--from", "2026-03-01T21:00:00+08:00"), ["unpaid-nudge", "order-confirmation"]),
        (("--from", "2026-03-03"), []),
    ],
)
def test_only_what_is_asked_for_is_played(
    shop: Path, capsys: pytest.CaptureFixture[str], window: Sequence[str], expected: Sequence[str]
) -> None:
    assert simulate(shop, *window, "--format", "json") == 0
    assert [row["job"] for row in rows(capsys)] == expected


def test_a_table_fits_the_terminal_and_ends_with_a_summary(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert simulate(shop, "--unsaid", "--from", "2026-03-01") == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert [line for line in out.splitlines() if line != line.rstrip()] == []
    assert "2026-03-01 21:00   1001  unpaid-nudge        text     +86138****8000  sent" in out
    assert out.endswith("2 messages for 3 orders.\n")
    assert "anna@example.com" not in out
    assert "unpaid-nudge           1       0          2" in out


REVIEWED: dict[str, Any] = {
    **FILE[0],
    "paid": "2026-03-01T01:05:00Z",
    "delivered": "2026-03-04T01:00:00Z",
    "reviews": [
        {"id": "r1", "rating": 2, "written": "2026-03-05T02:30:00Z"},
        {"id": "r2", "rating": 5, "written": "2026-03-06T02:30:00Z"},
    ],
}


def test_what_the_staff_is_alerted_to_is_listed_among_the_messages(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_orders(shop, [REVIEWED])
    assert simulate(shop, "--format", "json") == 0
    found = rows(capsys)
    assert [row["time"] for row in found] == sorted(row["time"] for row in found)
    (alert,) = (row for row in found if row["state"] == "raised")
    assert alert == {
        "time": "2026-03-05T10:30:00+08:00",
        "source": "orders",
        "order": "1001",
        "customer": "a***@example.com",
        "job": "bad-review",
        "step": 1,
        "about": "r1",
        "channel": "alert",
        "to": "reviews",
        "state": "raised",
        "reason": "as soon as the review was written",
    }


def test_the_table_and_the_page_show_alerts_as_what_they_are(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_orders(shop, [REVIEWED])
    page = shop / "page.html"
    assert simulate(shop, "--set", "jobs.order-confirmation.enabled=false", "--html", str(page)) == 0
    out, html = capsys.readouterr().out, page.read_text(encoding="utf-8")
    assert re.search(r"2026-03-05 10:30 +1001 +bad-review +alert +reviews", out)
    assert re.search(r"^job +sent +alerts", out, re.MULTILINE)
    assert re.search(r"^bad-review +0 +1", out, re.MULTILINE)
    assert re.search(r"\d message\w? and 1 alert for 1 order\.$", out.rstrip())
    assert "and 1 alert about 1 order, from" in html
    assert html.count('<svg x="') == 1
    assert "<b>bad-review (r1): alert</b> <span>· order 1001, to reviews</span>" in html
    assert "<b>1</b> raised" not in html


def test_an_alert_that_comes_late_tells_when_it_was_due_and_knows_no_quiet_hours(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_orders(shop, [{**REVIEWED, "reviews": [{"id": "r1", "rating": 1, "written": "2026-03-04T18:30:00Z"}]}])
    assert simulate(shop, "--from", "2026-03-06", "--format", "json") == 0
    (alert,) = (row for row in rows(capsys) if row["state"] == "raised")
    assert alert["time"] == "2026-03-06T00:00:00+08:00"
    assert alert["reason"] == "as soon as the review was written; due Thu 5 Mar, 02:30"


def test_a_first_look_at_a_shop_raises_nothing_about_old_reviews(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_orders(shop, [REVIEWED])
    assert simulate(shop, "--from", "2026-03-20") == 0
    out = capsys.readouterr().out
    assert "reviews" not in out
    assert re.search(r"^bad-review +0 +0 +1$", out, re.MULTILINE)


def test_columns_for_programs_never_change_and_hold_no_formulas(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_orders(shop, [{**FILE[0], "id": "=1+1"}])
    assert simulate(shop, "--format", "csv") == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert ",".join(row) == "time,source,order,customer,job,step,about,channel,to,state,reason"
    assert (row["order"], row["customer"], row["to"]) == ("'=1+1", "a***@example.com", "'+86138****8000")


def test_what_was_due_long_before_is_counted_as_too_old(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(shop, "--from", "2026-03-20") == 0
    out = capsys.readouterr().out
    assert "No messages." in out
    assert "Too old: due so long before the simulation begins" in out


def test_orders_that_make_no_sense_are_left_out_and_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_orders(shop, [FILE[0], {"id": "9", "placed": "soon"}])
    assert simulate(shop) == 0
    told = capsys.readouterr()
    assert told.err.startswith("order 9 is left out: ")
    assert "1 message for 1 order." in told.out


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--from", "soon"), 64, "'soon' is not a date; write it as 2026-03-01 or 2026-03-01T09:00"),
        (("--until", "2020-01-01"), 64, "--until must be later than --from"),
        (("--set", "nonsense"), 64, "'nonsense' is not a setting; write it as jobs.unpaid-nudge.after=6h"),
        (("--source", "nope"), 64, "there is no source 'nope' that reads files"),
        (("--html", "nowhere/page.html"), 74, "No such file or directory: nowhere/page.html"),
    ],
)
def test_mistakes_are_sentences(
    shop: Path, capsys: pytest.CaptureFixture[str], options: Sequence[str], code: int, told: str
) -> None:
    assert simulate(shop, *options) == code
    assert capsys.readouterr().err == f"notifier: {told}\n"


def test_without_orders_there_is_nothing_to_play(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_orders(shop, [])
    assert simulate(shop) == 64
    assert run(["--config", str(shop / "notifier.toml"), "simulate"]) == 64
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "notifier: there are no orders with a time; nothing can be simulated",
        "notifier: the settings name no source; give orders with --orders FILE",
    ]


def test_the_shops_of_the_settings_are_read_when_no_file_is_named(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "in").mkdir()
    (shop / "orders.jsonl").rename(shop / "in" / "orders.jsonl")
    source = '[sources.inbox]\ntype = "files"\nfolder = "in"\nsettle = "0s"\n'
    (shop / "notifier.toml").write_text(SETTINGS + source, encoding="utf-8")
    assert run(["--config", str(shop / "notifier.toml"), "simulate", "--format", "json"]) == 0
    assert {(row["source"], row["order"]) for row in rows(capsys)} == {("inbox", "1001"), ("inbox", "1002")}


def test_the_page_holds_every_message_and_nothing_of_a_shop_runs_in_it(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "</pre><script>alert('x')</script>"
    write_orders(shop, [*FILE, {**FILE[0], "id": f"13{evil}", "customer": {**ANNA, "id": evil, "name": evil}}])
    page = shop / "page.html"
    assert simulate(shop, "--html", str(page), "--format", "json") == 0
    messages = rows(capsys)
    html = page.read_text(encoding="utf-8")
    assert html.count('<details class="text">') == len(messages) == 3
    assert html.count("<script>") == html.count("</script>") == 1
    assert "alert(&#39;x&#39;)" in html
    assert "default-src 'none'" in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "anna@example.com" not in html
    assert "a***@example.com" in html
    assert "<b>2</b> cancelled" not in html
    assert "<b>1</b> cancelled: the order was cancelled" in html


def test_a_page_about_nothing_says_so() -> None:
    html = timeline_page(Simulation(PLACED, PLACED + HOUR), SHOP)
    assert "No job says anything about these orders." in html
    assert "0 messages about 0 orders, from 1 Mar 2026 to 1 Mar 2026." in html


@pytest.mark.parametrize("days", [1, 8, 40, 100, 400, 3000])
def test_the_axis_of_a_page_is_divided_well(days: int) -> None:
    html = timeline_page(simulation_of(days), SHOP)
    axis = html.partition('<div class="row axis"')[2].partition("</div>")[0]
    assert 1 <= axis.count("<text") <= 10


def simulation_of(days: int) -> Simulation:
    """Two nudges, so many days apart."""
    found = Simulation(PLACED, PLACED + timedelta(days=days))
    job = make_job()
    orders = [order(number, PLACED + timedelta(days=days * number)) for number in (0, 1)]
    found.said = [message for one in orders for message in played([one], [job]).said]
    return found


def order(number: int, placed: datetime, **moments: Any) -> Order:
    state = OrderState.PAID if "paid" in moments else OrderState.UNPAID
    state = OrderState.CANCELLED if "cancelled" in moments else state
    customer = Customer(id=f"c{number % 3}", phone="+8613800138000")
    return Order("shop", str(number), state, placed=placed, customer=customer, **moments)


def played(orders: Sequence[Order], jobs: Sequence[Job]) -> Simulation:
    """Play in a loop of its own, as the command does."""
    import asyncio

    begin = min(one.placed for one in orders if one.placed) - HOUR
    return asyncio.run(live(orders, begin + timedelta(days=40), jobs, SHOP, begin=begin))


minutes = st.integers(0, 3 * 24 * 60).map(lambda count: timedelta(minutes=count))


@st.composite
def shops(draw: st.DrawFn) -> list[Order]:
    orders = []
    for number in range(draw(st.integers(1, 6))):
        placed = PLACED + draw(minutes)
        end = draw(st.sampled_from(["", "paid", "cancelled"]))
        orders.append(order(number, placed, **({end: placed + draw(minutes)} if end else {})))
    return orders


STEPS = make_job(
    steps=(Step(parse_duration("2h")), Step(parse_duration("12h"))),
    within=parse_duration("24h"),
    only_if=only_if("unpaid", "active"),
)
THANKS = make_job("thanks", "order.paid", "0s after", only_if=only_if("paid", "active"))


@given(shops())
@settings(max_examples=60)
def test_nothing_is_ever_said_early_at_night_twice_or_after_it_became_untrue(orders: list[Order]) -> None:
    found = played(orders, [STEPS, THANKS])
    by_id = {one.id: one for one in orders}
    for said in found.said:
        own, local = by_id[said.order], said.at.astimezone(ZONE).time()
        ended = own.paid or own.cancelled or datetime.max.replace(tzinfo=UTC)
        assert own.placed is not None
        assert time(8) <= local < time(22)
        assert said.at >= said.due
        if said.job == "thanks":
            assert own.paid is not None
            assert said.at >= own.paid
        else:
            assert own.placed + (2, 12)[said.step] * HOUR <= said.at < ended
    keys = [(said.order, said.job, said.step) for said in found.said]
    keys += [(one.order, one.job, one.step) for one in found.unsaid]
    assert len(keys) == len(set(keys))
    assert State.SENDING not in {one.state for one in found.unsaid}
