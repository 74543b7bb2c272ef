"""The check of all texts: every mistake with its file and line, and nothing said about what is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.model.job import Condition, Job, Purpose
from notifier.model.shop import Shop
from notifier.render import Texts, check_texts
from notifier.rules.wording import Wording
from tests.fakes.orders import make_job

SHOP = Shop(name="Tea House", contact="help@example.com")
SMS = make_job(channels=("sms",))
MAIL = make_job(channels=("email",))
SMS_FILE = "en/unpaid-nudge/sms.txt:1: unpaid-nudge"


def check(
    folder: Path,
    files: Mapping[str, str],
    job: Job = SMS,
    kinds: Mapping[str, str] | None = None,
    wording: Wording | None = None,
    shop: Shop = SHOP,
) -> list[str]:
    """What the check says, with paths from the folder on."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    problems = check_texts(Texts([folder], shop), [job], kinds, wording or Wording())
    return [str(problem).removeprefix(f"{folder}/") for problem in problems]


def test_a_good_text_passes(tmp_path: Path) -> None:
    files = {"en/unpaid-nudge/sms.txt": "{{ shop.name }}: {% if order.total %}{{ order.total | money }}{% endif %}"}
    assert check(tmp_path, files) == []


def test_unknown_names_are_found_in_every_branch_and_all_at_once(tmp_path: Path) -> None:
    text = "{% if order.note == 'never' %}\n{{ nobody }}\n{{ order.totl }}\n{% endif %}\n{{ custmer.name }}"
    assert check(tmp_path, {"en/unpaid-nudge/sms.txt": text}) == [
        "en/unpaid-nudge/sms.txt:2: unpaid-nudge: there is no 'nobody'",
        "en/unpaid-nudge/sms.txt:3: unpaid-nudge: there is no 'totl'",
        "en/unpaid-nudge/sms.txt:5: unpaid-nudge: there is no 'custmer'",
    ]


def test_names_that_a_template_makes_itself_are_known(tmp_path: Path) -> None:
    page = (
        '{% extends "../frame.html" %}{% from "parts.html" import one as two %}{% import "parts.html" as parts %}'
        "{% set mine = 1 %}{% macro own(it) %}{{ it }}{% endmacro %}"
        "{% block x %}{{ two() }}{{ parts.one() }}{{ mine }}{{ own(1) }}"
        "{% for line in lines %}{{ line.title }}{{ loop.index }}{% endfor %}{% endblock %}"
    )
    files = {
        "parts.html": "{% macro one() %}1{% endmacro %}",
        "en/frame.html": "{% block x %}{% endblock %}",
        "en/unpaid-nudge/email.txt": "Subject: s\n\nt",
        "en/unpaid-nudge/email.html": page,
    }
    assert check(tmp_path, files, MAIL) == []


def test_what_sparse_orders_lack_is_found(tmp_path: Path) -> None:
    assert check(tmp_path, {"en/unpaid-nudge/sms.txt": "ok\n{{ order.total | money }}"}) == [
        "en/unpaid-nudge/sms.txt:2: unpaid-nudge: there is nothing to show as money; wrap it in {% if … %}"
    ]


def test_what_the_conditions_promise_may_be_relied_on(tmp_path: Path) -> None:
    job = replace(SMS, only_if=(Condition("total_at_least", object()),))
    assert check(tmp_path, {"en/unpaid-nudge/sms.txt": "{{ order.total | money }}"}, job) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n{% if %}x", "2: unpaid-nudge: Expected an expression, got 'end of statement block'"),
        ("{{ order.id | shout }}", "1: unpaid-nudge: No filter named 'shout'."),
    ],
)
def test_syntax_and_filters(tmp_path: Path, text: str, problem: str) -> None:
    assert check(tmp_path, {"en/unpaid-nudge/sms.txt": text}) == [f"en/unpaid-nudge/sms.txt:{problem}"]


def test_a_mail_needs_a_subject(tmp_path: Path) -> None:
    assert check(tmp_path, {"en/unpaid-nudge/email.txt": "Hello"}, MAIL) == [
        "en/unpaid-nudge/email.txt:1: unpaid-nudge: the first line of an e-mail must be 'Subject: …'"
    ]


def test_a_page_is_checked_too(tmp_path: Path) -> None:
    files = {"en/unpaid-nudge/email.txt": "Subject: s\n\nt", "en/unpaid-nudge/email.html": "<p>\n{{ nobody }}</p>"}
    assert check(tmp_path, files, MAIL) == ["en/unpaid-nudge/email.html:2: unpaid-nudge: there is no 'nobody'"]


def test_a_kind_without_any_text_is_missing(tmp_path: Path) -> None:
    assert check(tmp_path, {"en/unpaid-nudge/chat.txt": "x"}) == [
        "en/unpaid-nudge/sms.txt: unpaid-nudge: is missing: the job writes to customers by sms"
    ]
    assert check(tmp_path / "none", {}, MAIL) == [
        "en/unpaid-nudge/email.txt: unpaid-nudge: is missing: the job writes to customers by email"
    ]


def test_a_half_translated_job_is_told_a_missing_language_is_not(tmp_path: Path) -> None:
    files = {"en/unpaid-nudge/sms.txt": "x", "fr/unpaid-nudge/chat.txt": "x", "de/other/sms.txt": "x"}
    assert check(tmp_path, files) == [
        "fr/unpaid-nudge/sms.txt: unpaid-nudge: is missing: the job writes to customers by sms"
    ]


def test_configured_names_stand_for_their_kind(tmp_path: Path) -> None:
    files = {"en/unpaid-nudge/chat.txt": "{{ nobody }}"}
    job = make_job(channels=("wecom", "unknown"))
    assert check(tmp_path, files, job) == []
    assert len(check(tmp_path, files, job, {"wecom": "chat"})) == 1


def test_disabled_jobs_are_left_alone(tmp_path: Path) -> None:
    assert check(tmp_path, {"en/unpaid-nudge/sms.txt": "{{ nobody }}"}, replace(SMS, enabled=False)) == []


def test_every_step_is_tried(tmp_path: Path) -> None:
    job = replace(SMS, steps=SMS.steps * 2)
    text = "{% if last_step %}{{ order.pay_by | until }}{% endif %}"
    assert len(check(tmp_path, {"en/unpaid-nudge/sms.txt": text}, job)) == 1


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (make_job("j", "parcel.shipped", "0s after", channels=("sms",)), "{{ parcel.number[5] }}"),
        (make_job("j", "case.paid", "0s after", channels=("sms",)), "{{ case.amount | money }}"),
        (make_job("j", "review.written", "0s after", channels=("sms",)), "{{ case.kind }}"),
        (make_job("j", "order.pay_by", "2h before", channels=("sms",)), "{{ order.ship_by | until }}"),
        (make_job("j", "calendar.greetings", "0s after", channels=("sms",)), "{{ order.placed | date }}"),
    ],
)
def test_jobs_about_parts_are_tried_with_these(tmp_path: Path, job: Job, text: str) -> None:
    good = {"en/j/sms.txt": "{{ order.id }}{% if parcel %}{{ parcel.id }}{% endif %}"}
    assert check(tmp_path / "good", good, job) == []
    assert len(check(tmp_path / "bad", {"en/j/sms.txt": text}, job)) == 1


def test_each_kind_of_case_is_tried(tmp_path: Path) -> None:
    job = make_job("j", "case.paid", "0s after", channels=("sms",))
    text = "{{ {'refund': 1, 'return': 2, 'exchange': 3}[case.kind] }}"
    assert len(check(tmp_path, {"en/j/sms.txt": text}, job)) == 1
    kinds = Condition("case_kind", frozenset({"refund", "return"}))
    assert check(tmp_path, {}, replace(job, only_if=(kinds,))) == []


# Wording


def test_an_sms_must_not_be_too_long(tmp_path: Path) -> None:
    says = SMS_FILE + ": is 4 parts long with {} (GSM-7, 460 characters); at most 3 are allowed"
    orders = ("a full order", "an order in Chinese", "an order with hardly anything")
    assert check(tmp_path, {"en/unpaid-nudge/sms.txt": "x" * 460}) == [says.format(order) for order in orders]
    assert check(tmp_path, {}, wording=Wording(sms_parts=4)) == []


def test_data_can_turn_an_sms_into_the_longer_encoding(tmp_path: Path) -> None:
    assert check(tmp_path, {"en/unpaid-nudge/sms.txt": "x" * 199 + "{{ customer.name }}"}) == [
        f"{SMS_FILE}: is 4 parts long with an order in Chinese (UCS-2, 202 characters); at most 3 are allowed"
    ]


def test_a_chinese_sms_begins_with_its_sender(tmp_path: Path) -> None:
    shop = replace(SHOP, language="zh-CN")
    assert check(tmp_path, {"zh-CN/unpaid-nudge/sms.txt": "您好"}, shop=shop) == [
        "zh-CN/unpaid-nudge/sms.txt:1: unpaid-nudge: must begin with its sender: 【{{ shop.name }}】"
    ]
    assert check(tmp_path, {"zh-CN/unpaid-nudge/sms.txt": "【{{ shop.name }}】您好"}, shop=shop) == []


def test_a_language_that_nobody_falls_back_to_is_not_enough(tmp_path: Path) -> None:
    assert check(tmp_path, {"zh-CN/unpaid-nudge/sms.txt": "【{{ shop.name }}】您好"}) == [
        "en/unpaid-nudge/sms.txt: unpaid-nudge: is missing: the job writes to customers by sms"
    ]


@pytest.mark.parametrize("channel", ["sms", "email", "chat"])
def test_marketing_must_say_how_to_refuse_it(tmp_path: Path, channel: str) -> None:
    job = make_job(channels=(channel,), purpose=Purpose.MARKETING)
    start = "Subject: News\n\n" if channel == "email" else ""
    path = f"en/unpaid-nudge/{channel}.txt"
    must = "must say how to refuse more of its kind, because its purpose is marketing (“Reply STOP”, “拒收请回复R”)"
    assert check(tmp_path, {path: f"{start}News!"}, job) == [f"{path}:1: unpaid-nudge: {must}"]
    assert check(tmp_path, {path: f"{start}News! Reply STOP to opt out"}, job) == []


def test_nothing_is_given_for_a_review(tmp_path: Path) -> None:
    files = {"en/unpaid-nudge/sms.txt": "Your review?\n{% if order.note == 'x' %}\nA coupon for you!\n{% endif %}"}
    why = "'coupon' in a text about reviews: nothing may be given for a review, nor a good one asked for"
    assert check(tmp_path, files) == [f"en/unpaid-nudge/sms.txt:3: unpaid-nudge: {why}"]
    assert check(tmp_path, {}, wording=Wording(reward=())) == []


def test_a_file_that_is_no_text_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "en/unpaid-nudge/sms.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff")
    assert check(tmp_path, {}) == ["en/unpaid-nudge/sms.txt: unpaid-nudge: is not UTF-8"]
