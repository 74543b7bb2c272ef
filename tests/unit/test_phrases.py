from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from notifier.cli.show import as_csv, printable
from notifier.cli.table import table
from notifier.model.duration import parse_duration
from notifier.model.job import Step
from notifier.model.order import CaseKind
from notifier.model.reminder import Key
from notifier.rules.masking import mask_customer, mask_recipient
from notifier.rules.phrases import Times, because, count, either, ground, length, part, step_of
from notifier.rules.text import cells
from tests.fakes.orders import make_case, make_job, make_order, make_parcel

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "step", "words"),
    [
        ("order.placed", "12h after", "12 hours after the order was placed"),
        ("order.paid", "0s after", "as soon as the order was paid"),
        ("order.return_by", "1d before", "1 day before the return right ends"),
        ("order.delivered", "2wd after", "2 working days after the order was delivered"),
        ("order.completed", "2mo after", "2 months after the order was completed"),
        ("case.closes_by", "90m before", "90 minutes before the case closes by itself"),
        ("review.written", "1h30m after", "1 hour 30 minutes after the review was written"),
        ("calendar.greetings", "0s after", "for 2026-01-01"),
        ("order.noticed", "1h after", ""),
    ],
)
def test_why_a_reminder_is_due_when_it_is(event: str, step: str, words: str) -> None:
    assert ground(make_job(event=event, step=step), Key("shop", "1", "job", occurrence="2026-01-01")) == words


def test_a_time_of_day_and_a_wait_for_others_belong_to_the_ground() -> None:
    job = make_job("notice", "parcel.shipped", "1d after", at=time(10), merge=parse_duration("10m"))
    assert ground(job, Key("shop", "1", "notice")) == (
        "1 day after the parcel was shipped, at 10:00, after waiting 10 minutes for others"
    )


def test_a_step_that_is_gone_has_no_ground() -> None:
    job = make_job(steps=(Step(parse_duration("1h")), Step(parse_duration("2h"))))
    assert ground(job, Key("shop", "1", "nudge", step=2)) == ""
    assert step_of(job, Key("shop", "1", "nudge", step=1)) == "step 2 of 2"
    assert step_of(make_job(), Key("shop", "1", "nudge")) == ""


def test_parts_of_an_order_are_called_what_people_know_them_by() -> None:
    parcels = (make_parcel(1), replace(make_parcel(2), number=""))
    order = make_order(parcels=parcels, cases=(make_case(CaseKind.EXCHANGE),))
    parcel, case, review = (
        make_job(event=event).subject for event in ("parcel.shipped", "case.paid", "review.written")
    )
    assert part(parcel, "p1", order) == "parcel 1 of 2 (SF1001)"
    assert part(parcel, "p2", order) == "parcel 2 of 2 (p2)"
    assert part(parcel, "p9", order) == "parcel p9"
    assert part(case, "c1", order) == "exchange case c1"
    assert part(review, "r1", order) == "review r1"


def test_times_on_one_clock() -> None:
    times = Times("Asia/Shanghai", NOW)
    assert times.at(NOW) == "Sun 1 Mar, 17:00"
    assert times.at(datetime(2025, 12, 31, 15, tzinfo=UTC)) == "Wed 31 Dec 2025, 23:00"
    waits = [timedelta(0), timedelta(seconds=20), timedelta(minutes=90), timedelta(hours=2), timedelta(days=3)]
    assert [times.ahead(NOW + wait) for wait in waits] == [
        "",
        " (in 1 minute)",
        " (in 90 minutes)",
        " (in 2 hours)",
        "",
    ]


def test_small_words() -> None:
    assert [count(number, "order") for number in (0, 1, 2)] == ["0 orders", "1 order", "2 orders"]
    assert [either(words) for words in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b or c"]
    assert because("") == ""
    assert because("quiet hours") == ", because of the quiet hours"
    assert because("it rains") == ", because it rains"
    assert length(parse_duration("1y")) == "1 year"


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("anna@example.com", "a***@example.com"),
        ("@example.com", "***@example.com"),
        ("+8613800138000", "+86138****8000"),
        ("(202) 555-0100", "(202) ****0100"),
        ("zhangsan", "***an"),
        ("wei", "***"),
        ("", "***"),
    ],
)
def test_recipients_are_masked(address: str, masked: str) -> None:
    assert mask_recipient(address) == masked


def test_a_customer_who_is_called_by_a_mail_address_is_masked_too() -> None:
    assert (mask_customer("anna@example.com"), mask_customer("c17")) == ("a***@example.com", "c17")


def test_wide_characters_take_two_columns() -> None:
    assert (cells("abc"), cells("订单"), cells("e\u0301")) == (3, 4, 1)
    assert table(["name", "n"], [["订单", "1"], ["ab", "12"]], 80, ()) == [
        "name   n",
        "────────",
        "订单   1",
        "ab    12",
    ]


def test_a_sentence_wraps_in_the_room_that_is_left_or_stands_below() -> None:
    rows = [["1", "it is rather long and has to be wrapped somewhere"], ["2", ""]]
    assert table(["id", "reason"], rows, 40, ("reason",)) == [
        "id  reason",
        "───────────────────────────────────",
        " 1  it is rather long and has to be",
        "    wrapped somewhere",
        " 2",
    ]
    assert table(["id", "reason"], rows, 24, ("reason",)) == [
        "id",
        "─────────────────────",
        " 1",
        "    it is rather long",
        "    and has to be",
        "    wrapped somewhere",
        " 2",
    ]


def test_what_does_not_fit_is_cut_but_never_a_time() -> None:
    rows = [["2026-03-01 09:00", "a-job-with-a-long-name"]]
    assert table(["time", "job"], rows, 30, ())[2] == "2026-03-01 09:00  a-job-with-…"
    assert table(["time", "job"], rows, 10, ())[2] == "2026-03-01 09:00  a-job-w…"


def test_lists_hold_neither_formulas_nor_control_characters() -> None:
    assert as_csv(["a", "b"], [["=1", None], ["-", 3]]) == "a,b\n'=1,\n'-,3\n"
    assert printable("a\x1b[2Jb\n") == "a [2Jb "
