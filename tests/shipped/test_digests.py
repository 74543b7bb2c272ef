"""Every digest has every word in every language, in every kind of message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from notifier.interfaces import SaidRow, SourceMark
from notifier.jobfiles import load_jobs
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.digest import Digest, Kind
from notifier.model.job import Urgency
from notifier.model.order import CaseKind, Line, Money, Order, OrderState, Review
from notifier.model.reminder import State
from notifier.model.shop import Shop
from notifier.render.digest_style import Reader
from notifier.render.digest_words import DigestWords
from notifier.render.digests import DigestTexts
from notifier.render.library import Library
from notifier.rules.digests import DIGESTS
from notifier.rules.digests.fold import News
from notifier.rules.digests.scope import Scope
from notifier.rules.sms import measure
from notifier.shipped import shipped
from notifier.tomlfile import Overlay, read_toml
from tests.fakes.orders import make_case, make_job, make_order, make_parcel

FOLDER = shipped("templates")
LANGUAGES = ("en", "zh-CN")
JOBS = {name: job for name, (job, _) in load_jobs([shipped("jobs")], Overlay(), []).items()}
SHOP = Shop(name="云栖茶铺", zone="Asia/Shanghai")
TEXTS = DigestTexts(Library([FOLDER]), SHOP)
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONEY = Money(Decimal("12.50"), "CNY")
EACH = pytest.mark.parametrize(("language", "name"), [(lang, name) for lang in LANGUAGES for name in DIGESTS])


def orders() -> Iterator[Order]:
    """Orders about which every class of every digest has something to say."""
    yesterday: dict[str, Any] = {"placed": AT - 10 * HOUR}
    paid = yesterday | {"paid": AT - 10 * HOUR, "state": OrderState.PAID}
    yield make_order(id="1", **yesterday)
    yield make_order(id="2", **paid)
    yield make_order(id="3", **paid | {"ship_by": AT - HOUR})
    yield make_order(id="4", **paid | {"ship_by": AT + HOUR})
    reviews = (Review("r1", 1, AT - 10 * HOUR),)
    parcels = (make_parcel(shipped=AT - 3 * DAY), make_parcel(2, shipped=AT - 5 * HOUR, carrier="EMS"))
    late = {"shipped": AT - 10 * HOUR, "ship_by": AT - DAY}
    yield make_order(id="5", paid=AT - 9 * DAY, **late, reviews=reviews, parcels=parcels)
    for number, kind in enumerate(CaseKind):
        cases = (make_case(kind, requested=AT - DAY, agreed=AT - DAY, evidence_by=AT + HOUR, closes_by=AT + HOUR),)
        yield make_order(id=f"6{number}", paid=AT - DAY, confirm_by=AT + DAY, cases=cases, lines=(Line("T", "Tea"),))
    for number, reason in enumerate(("arrived broken", "a cup is missing")):
        yield make_order(id=f"7{number}", cases=(make_case(requested=AT - DAY, reason=reason, paid=None),))
    refunded = make_case(CaseKind.REFUND, requested=AT - DAY, paid=AT - 10 * HOUR, amount=MONEY, reason="late")
    yield make_order(id="8", paid=AT - DAY, cases=(refunded,), lines=(Line("T", "Tea"),))


def made(name: str, *found: Order) -> Digest:
    cls = DIGESTS[name]
    jobs = {"unpaid-nudge": make_job(goal="paid"), "last-call": make_job("last-call", goal="paid")}
    fold = cls(Scope(make_job(name), AT, SHOP, jobs, {**cls.limits, "orders": 1}))
    for number, job in enumerate(jobs):
        fold.hear(SaidRow(number, "shop", "2", job, 0, AT - 12 * HOUR, State.UNDELIVERED, "sms"))
    for order in found:
        fold.see(order)
    if found:
        alert = Alert(7, AlertKey("shop", "1", "dispute"), AlertState.OPEN, "p", Urgency.URGENT, AT, AT, AT)
        taken = Alert(8, AlertKey("shop", "1", "x"), AlertState.ACKNOWLEDGED, "p", Urgency.LOW, AT, AT, AT, by="amy")
        plain = Alert(9, AlertKey("shop", "2", "x"), AlertState.OPEN, "p", Urgency.NORMAL, AT, AT, AT)
        note = AlertEntry(7, AT - HOUR, "note", "amy", "called")
        fold.learn(News([alert, taken, plain], {7: [note]}, [], [SourceMark("shop", trouble="down")], {State.HELD: 1}))
    return fold.digest()


def test_every_digest_has_a_job_and_every_job_a_recipient() -> None:
    digests = [job for job in JOBS.values() if job.digest]
    assert {job.digest for job in digests} == DIGESTS.keys()
    policies = read_toml(shipped("config") / "oncall.toml").data["policies"]
    assert {job.to for job in digests} <= policies.keys()
    assert all(job.enabled for job in digests)


def test_the_words_have_no_mistakes_and_all_languages_have_all() -> None:
    assert list(DigestWords([FOLDER]).problems()) == []
    tables = [read_toml(FOLDER / language / "digests.toml").data for language in LANGUAGES]
    names = [{(group, name) for group, entries in table.items() for name in entries} for table in tables]
    assert names[0] == names[1]


@EACH
def test_every_column_and_every_word_is_translated(language: str, name: str) -> None:
    words = TEXTS.words.words(language).table.data
    digest = made(name, *orders())
    assert all(table.rows for table in digest.tables), "the orders show nothing there"
    for table in digest.tables:
        assert table.name in words["tables"] or not table.name
        for number, column in enumerate(table.columns):
            assert column.name in words["columns"]
            if column.kind is Kind.WORD:
                assert {row[number] for row in table.rows} <= words["words"].keys()


def test_every_word_is_used() -> None:
    used = {
        row[number]
        for name in DIGESTS
        for table in made(name, *orders()).tables
        for number, column in enumerate(table.columns)
        for row in table.rows
        if column.kind is Kind.WORD
    }
    assert TEXTS.words.words("en").table.data["words"].keys() == used


@EACH
@pytest.mark.parametrize("kind", ["sms", "chat", "email"])
def test_nothing_is_left_to_fill_in(language: str, name: str, kind: str) -> None:
    for digest in (made(name, *orders()), made(name)):
        rendered = TEXTS.render(digest, kind, Reader(language))
        whole = rendered.subject + rendered.text + rendered.html
        body = re.sub(r"<style.*?</style>", "", whole, flags=re.DOTALL)
        assert not re.search(r"\{\w+\}|\{\{|\{%|None|\[\]|Decimal|datetime", body)
        assert rendered.language == language
        assert bool(rendered.html) == bool(rendered.subject) == (kind == "email")


@EACH
def test_an_sms_is_short_and_signed(language: str, name: str) -> None:
    for digest in (made(name, *orders()), made(name)):
        sms = TEXTS.render(digest, "sms", Reader(language)).text
        assert measure(sms).parts <= 2
        assert "\n" not in sms
        assert sms.startswith("【云栖茶铺】" if language == "zh-CN" else "云栖茶铺: ")


@EACH
def test_pages_are_small_enough_for_mail_programs(language: str, name: str) -> None:
    """Gmail cuts what is longer than 102 KB."""
    many = [order for _ in range(60) for order in orders()]
    assert len(TEXTS.render(made(name, *many), "email", Reader(language)).html.encode()) < 64_000
