"""The check of what the staff is told: every mistake with its file and line, and nothing said about what is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.model.job import Job
from notifier.model.shop import Shop
from notifier.render import Texts, check_texts
from notifier.shipped import shipped
from tests.fakes.orders import make_job

SHOP = Shop(name="Tea House")
JOB = make_job("pack-first", "order.ship_by", "2h before", to="warehouse")
FILE = "en/pack-first/alert.txt"
PLAIN = "{{ alert.number }}a {{ alert.headline }}"
FRAMES = {f"en/alert/{kind}.txt": PLAIN for kind in ("sms", "chat", "voice")} | {
    "en/alert/email.txt": "Subject: {{ alert.headline }}\n\n{{ shop.name }}"
}
GOOD = {FILE: "Order {{ order.id }} is late\n\nPack it.\n"}


def check(folder: Path, files: Mapping[str, str], *jobs: Job) -> list[str]:
    """What the check says about these files beside plain frames, with paths from the folder on."""
    for name, content in {**FRAMES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    problems = check_texts(Texts([folder], SHOP), jobs or [JOB])
    return [str(problem).removeprefix(f"{folder}/") for problem in problems]


def said(folder: Path, text: str, job: Job = JOB) -> list[str]:
    """What the check says about a job's text, without the job's name."""
    return [found.removeprefix(FILE).replace(f"{job.name}: ", "") for found in check(folder, {FILE: text}, job)]


# A job's own text


def test_a_good_text_passes(tmp_path: Path) -> None:
    every = (
        "{{ alert.number }} {{ alert.times }} {{ alert.opened | time }} {{ alert.urgency }} {{ alert.step }} "
        "{{ alert.risk | money if alert.risk else '' }} {{ customer.name }} {{ deadline | until }}\n\n"
        "{{ alert.what }} {{ source }} {{ order.link }} {{ customer.language }}"
    )
    assert said(tmp_path, every) == []


def test_nobody_is_told_to_offer_something_for_a_review(tmp_path: Path) -> None:
    why = "in a text about reviews: nothing may be given for a review, nor a good one asked for"
    assert said(tmp_path, "A bad review\n\nOffer a coupon.") == [f":3: 'coupon' {why}"]
    assert said(tmp_path, "订单 {{ order.id }} 的评价\n\n请买家修改评价。") == [f":3: '修改评价' {why}"]


def test_a_job_that_is_off_or_makes_digests_needs_no_text(tmp_path: Path) -> None:
    assert check(tmp_path, {}, replace(JOB, enabled=False), replace(JOB, digest="daily-report")) == []


def test_a_text_that_is_missing_is_told_for_every_language_that_has_the_job(tmp_path: Path) -> None:
    missing = "pack-first/alert.txt: pack-first: is missing: the staff is alerted with it"
    assert check(tmp_path / "none", {}) == [f"en/{missing}"]
    files = {**GOOD, "zh-CN/pack-first/sms.txt": "x", "de/other/alert.txt": "x"}
    assert check(tmp_path, files) == [f"zh-CN/{missing}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\n\n{{ nobody }}", ":3: there is no 'nobody'"),
        ("{% if order.note_ %}{% endif %}a", ":1: there is no 'note_'"),
        ("{{ alert.nothing }}", ":1: there is no 'nothing'"),
        ("{{ customer.phone }}", ":1: there is no 'phone'"),
        ("{{ customer.email }}", ":1: there is no 'email'"),
        ("{{ order.address }}", ":1: there is no 'address'"),
        ("{{ alert.risk | money }}", ":1: there is nothing to show as money; wrap it in {% if … %}"),
        ("a{% if %}", ":1: Expected an expression, got 'end of statement block'"),
        ("{{ '' }}", ":1: says nothing"),
        ("a\nb", ":1: an empty line must follow the first one; there is none with a full order"),
    ],
)
def test_mistakes_have_their_line(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in said(tmp_path, text)


def test_a_headline_must_be_short(tmp_path: Path) -> None:
    assert said(tmp_path, "x" * 120) == []
    assert said(tmp_path, "{{ 'x' * 104 if customer.name else 'x' }}{{ order.id }}") == []
    assert said(tmp_path, "{{ 'x' * 105 if customer.name else 'x' }}{{ order.id }}") == [
        ":1: its first line has 121 characters with a full order; at most 120 are allowed",
        ":1: its first line has 121 characters with an order in Chinese; at most 120 are allowed",
    ]


def test_alerts_of_the_system_are_tried_without_an_order(tmp_path: Path) -> None:
    job = make_job(JOB.name, "system.clock_wrong", to="admins")
    assert said(tmp_path, "{% if order.id %}Order{% endif %}", job) == [":1: says nothing"]


# Frames


def test_the_shipped_frames_pass(tmp_path: Path) -> None:
    check(tmp_path / "own", {FILE: GOOD[FILE], "en/alert/sms.txt": PLAIN})
    assert check_texts(Texts([shipped("templates"), tmp_path / "own"], SHOP), [JOB]) == []


def test_a_shop_without_frames_is_told(tmp_path: Path) -> None:
    (tmp_path / "en" / JOB.name).mkdir(parents=True)
    (tmp_path / FILE).write_text("late", encoding="utf-8")
    found = [str(problem) for problem in check_texts(Texts([tmp_path], SHOP), [JOB])]
    missing = "alert: is missing: the staff is alerted with it"
    assert found == [f"{tmp_path}/en/alert/{kind}.txt: {missing}" for kind in ("chat", "email", "sms", "voice")]


def test_frames_are_looked_at_once_and_only_where_the_staff_is_told(tmp_path: Path) -> None:
    frame = {"en/alert/voice.txt": "{{ nobody }}"}
    texts = {f"en/{name}/alert.txt": "a" for name in ("one", "two")}
    two = [make_job(name, to="warehouse") for name in ("one", "two")]
    assert check(tmp_path, {**frame, **texts}, *two) == ["en/alert/voice.txt:1: alert: there is no 'nobody'"]
    customers = {"en/unpaid-nudge/sms.txt": "x"}
    assert check(tmp_path, customers, make_job(channels=("sms",))) == []


def test_a_language_with_some_frames_needs_all(tmp_path: Path) -> None:
    files = {**GOOD, "de/alert/sms.txt": "{{ shop.name }} {{ alert.number }}a"}
    assert check(tmp_path, files) == [
        f"de/alert/{kind}.txt: alert: is missing: the staff is alerted with it" for kind in ("chat", "email", "voice")
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("en/alert/sms.txt", "{{ alert.headline }}", "must say how to answer: {{ alert.number }}a takes it"),
        ("en/alert/sms.txt", "{{ alert.number }}a{{ 'x' * 460 }}", "is 4 parts long with a long headline; at most 3"),
        ("zh-CN/alert/sms.txt", "{{ alert.number }}a", "must begin with its sender: 【{{ shop.name }}】"),
        (
            "en/alert/chat.txt",
            "{{ 'x' * 40 * count }}",
            "is 16000 bytes long with 400 alerts; at most 2000 are allowed",
        ),
        ("en/alert/email.txt", "{{ alert.headline }}", "the first line of an e-mail must be 'Subject: …'"),
        ("en/alert/email.html", "{{ alerts[7].number }}", "asks for something that is not there"),
        ("en/alert/chat.txt", "{{ alert.order_lnk }}", "there is no 'order_lnk'"),
        ("en/alert/chat.txt", "{{ order.id }}", "there is no 'order'"),
    ],
)
def test_frames_of_the_shops_own_are_checked(tmp_path: Path, name: str, text: str, problem: str) -> None:
    problems = check(tmp_path, {**GOOD, name: text})
    assert any(found.startswith(f"{name}:1: alert: {problem}") for found in problems), problems
