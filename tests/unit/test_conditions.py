"""Every condition, once where it holds and once where it does not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from notifier.model.order import AftersalesCase, CaseKind, Customer, Line, Money, Order, OrderState, Parcel, Review
from notifier.rules.conditions import CONDITIONS, View, parse_condition

T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW = T0 + timedelta(days=2)
PLAIN = Order("shop", "1", OrderState.UNPAID, placed=T0)


def order(**changes: Any) -> Order:
    return replace(PLAIN, **changes)


def state(name: str) -> Order:
    return order(state=OrderState(name))


def of(**customer: Any) -> Order:
    return order(customer=Customer(**customer))


FREIGHT = Money(Decimal(12), "CNY")
PARCEL, CASE, REVIEW = Parcel("p"), AftersalesCase("c"), Review("r")
DAY = timedelta(days=1)
ENDING = order(confirm_by=T0 + 9 * DAY)
PROMISED = order(promised_carrier="顺丰速运")
BACK = Parcel("p", shipped=T0, returned=T0 + DAY)
AGAIN = Parcel("q", shipped=NOW)
AGAIN_VOID = replace(AGAIN, voided=True)
BOUGHT = order(lines=(Line("mug"),))
LATER = order(id="2", placed=T0 + timedelta(hours=1), lines=(Line("mug"),))

CASES: list[tuple[Any, Any, Any]] = [
    ("unpaid", PLAIN, order(paid=T0)),
    ("unpaid", state("cancelled"), state("shipped")),
    ("paid", state("paid"), PLAIN),
    ("unshipped", state("paid"), order(shipped=T0)),
    ("shipped", state("delivered"), state("paid")),
    ("undelivered", state("shipped"), state("completed")),
    ("delivered", order(delivered=T0), state("shipped")),
    ("uncompleted", state("delivered"), order(completed=T0)),
    ("active", PLAIN, state("cancelled")),
    ("not_reviewed", PLAIN, order(reviews=(REVIEW,))),
    ("no_open_case", order(cases=(replace(CASE, closed=T0), replace(CASE, paid=T0))), order(cases=(CASE,))),
    ("no_open_case", order(cases=(replace(CASE, kind=CaseKind.EXCHANGE, shipped=T0),)), order(cases=(CASE,))),
    ("no_case", PLAIN, order(cases=(replace(CASE, closed=T0),))),
    ("not_returned", order(parcels=(PARCEL,)), order(parcels=(replace(PARCEL, returned=T0),))),
    ("not_refunded", order(cases=(CASE,)), order(cases=(replace(CASE, paid=T0),))),
    ("returnable", order(lines=(Line(returnable=False), Line())), order(lines=(Line(returnable=False),))),
    ({"total_at_least": "100 CNY"}, order(total=Money(Decimal(100), "CNY")), order(total=Money(Decimal(99), "CNY"))),
    ({"total_at_least": "100 CNY"}, order(total=Money(Decimal(100), "CNY")), order(total=Money(Decimal(999), "USD"))),
    ({"total_at_most": "100 CNY"}, order(total=Money(Decimal(100), "CNY")), PLAIN),
    ({"payment_method": ["bank"]}, order(payment_method="bank"), PLAIN),
    ({"not_payment_method": "cod"}, PLAIN, order(payment_method="cod")),
    ({"tagged": "vip"}, order(tags=("vip", "x")), PLAIN),
    ({"not_tagged": ["test"]}, PLAIN, order(tags=("test",))),
    ({"ordered_within": "3d"}, PLAIN, order(placed=T0 - timedelta(days=2))),
    ({"ordered_within": "1y"}, order(placed=T0 - timedelta(days=360)), order(placed=T0 - timedelta(days=367))),
    ("tracked", replace(PARCEL, number="SF1"), PARCEL),
    ("not_voided", PARCEL, replace(PARCEL, voided=True)),
    ("unscanned", PARCEL, replace(PARCEL, first_scan=T0)),
    ("parcel_undelivered", PARCEL, replace(PARCEL, delivered=T0)),
    ("parcel_not_returned", PARCEL, replace(PARCEL, returned=T0)),
    ("address_unclear", order(address="test"), order(address="12 West Lake Road, Hangzhou 310000")),
    ("before_shipping", (PLAIN, replace(CASE, requested=T0)), (order(shipped=T0), replace(CASE, requested=NOW))),
    ("before_shipping", (order(shipped=NOW), replace(CASE, requested=T0)), (state("shipped"), CASE)),
    ("before_shipping", (order(shipped=T0), replace(CASE, requested=T0)), (order(shipped=T0), CASE)),
    ({"receipt_ends_within": "10d"}, (ENDING, replace(CASE, agreed=T0)), (ENDING, replace(CASE, agreed=T0 - 3 * DAY))),
    ({"receipt_ends_within": "10d"}, (ENDING, replace(CASE, agreed=NOW)), (PLAIN, replace(CASE, agreed=NOW))),
    ("not_reshipped", (order(parcels=(BACK, AGAIN_VOID)), BACK), (order(parcels=(BACK, AGAIN)), BACK)),
    ("not_reshipped", (order(parcels=(BACK, replace(AGAIN, shipped=T0))), BACK), (order(parcels=(BACK, AGAIN)), BACK)),
    ("other_carrier", (PROMISED, Parcel("p", "中通快递")), (PROMISED, Parcel("p", "SF Express"))),
    ("case_open", CASE, replace(CASE, closed=T0)),
    ("case_unpaid", CASE, replace(CASE, paid=T0)),
    ("no_return_number", CASE, replace(CASE, number="SF1")),
    ("no_return_number", replace(CASE, agreed=T0), replace(CASE, received=T0)),
    ("case_unanswered", CASE, replace(CASE, agreed=T0)),
    ("case_unanswered", replace(CASE, requested=T0), replace(CASE, returned=T0)),
    ("case_undecided", replace(CASE, agreed=T0), replace(CASE, decided=T0)),
    ("no_evidence", CASE, replace(CASE, evidence=True)),
    ("freight_owed", replace(CASE, freight=FREIGHT), CASE),
    ("freight_owed", replace(CASE, freight=FREIGHT), replace(CASE, freight=Money(Decimal(0), "CNY"))),
    ("freight_owed", replace(CASE, freight=FREIGHT), replace(CASE, freight=FREIGHT, freight_paid=T0)),
    ({"case_reason": ["质量", "fault"]}, replace(CASE, reason="商品质量问题"), replace(CASE, reason="不喜欢")),
    ({"case_reason": "Fault"}, replace(CASE, reason="A FAULT of the lid"), CASE),
    ({"case_kind": ["return", "exchange"]}, replace(CASE, kind=CaseKind.RETURN), CASE),
    ({"rating_at_most": 3}, Review("r", 3), Review("r", 4)),
    ({"rating_at_most": 3}, Review("r", 1), Review("r", 0)),
    ("unanswered", REVIEW, replace(REVIEW, answered=T0)),
    ("no_marketing_consent", PLAIN, of(consents=("sms",), phone="+13")),
    (
        "no_marketing_consent",
        of(consents=("sms",), refuses=("sms",), phone="+13"),
        of(consents=("email",), email="a@b"),
    ),
    ("no_marketing_consent", of(consents=("chat", "sms"), email="a@b"), of(consents=("chat",), chat={"wecom": "x"})),
    ("nothing_refused", PLAIN, of(refuses=("sms",))),
]
OTHERS: list[tuple[str, Order, Order]] = [
    ("no_newer_order", replace(LATER, placed=T0 - timedelta(days=1)), LATER),
    ("not_bought_elsewhere", LATER, replace(LATER, paid=NOW)),
    ("not_bought_elsewhere", replace(LATER, paid=NOW, lines=(Line("bowl"),)), replace(LATER, paid=NOW)),
    ("not_duplicate", LATER, replace(LATER, placed=T0 - timedelta(hours=1))),
    ("not_duplicate", replace(LATER, placed=T0), replace(LATER, id="0", placed=T0)),
    ("duplicate", replace(LATER, placed=T0 - DAY), LATER),
    ("duplicate", replace(LATER, id="0", placed=T0), replace(LATER, id="0", placed=T0, paid=T0)),
    ("duplicate", replace(LATER, placed=T0 - DAY), replace(LATER, placed=T0 - DAY, lines=(Line("bowl"),))),
]


def holds(raw: Any, what: Any, others: list[Order] | None = None) -> bool:
    """Asked about an order, a part of some order, or an order and a part of it."""
    condition = parse_condition(raw)
    whole, part = what if isinstance(what, tuple) else (what if isinstance(what, Order) else PLAIN, what)
    return CONDITIONS[condition.name].test(View(whole, part, NOW, others), condition.argument)


@pytest.mark.parametrize(("raw", "good", "bad"), CASES, ids=lambda value: str(value)[:30])
def test_it_holds_and_it_does_not(raw: Any, good: Any, bad: Any) -> None:
    assert holds(raw, good)
    assert not holds(raw, bad)


@pytest.mark.parametrize(("name", "good", "bad"), OTHERS)
def test_conditions_on_the_customers_other_orders(name: str, good: Order, bad: Order) -> None:
    assert holds(name, BOUGHT, [good])
    assert not holds(name, BOUGHT, [bad])
    assert holds(name, BOUGHT, None)


def test_every_condition_is_tried_here() -> None:
    tried = {parse_condition(raw).name for raw, _, _ in CASES} | {name for name, _, _ in OTHERS}
    assert tried == set(CONDITIONS)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ("unpayed", "there is no condition 'unpayed'"),
        ({"unpaid": 3}, "unpaid takes no argument"),
        ("rating_at_most", "needs an argument"),
        ({"rating_at_most": 6}, "from 1 to 5"),
        ({"rating_at_most": True}, "from 1 to 5"),
        ({"total_at_least": "100"}, '"100 CNY"'),
        ({"total_at_least": "much CNY"}, '"100 CNY"'),
        ({"total_at_least": "NaN CNY"}, '"100 CNY"'),
        ({"total_at_least": "-1 CNY"}, '"100 CNY"'),
        ({"payment_method": []}, "not a word"),
        ({"case_kind": "gift"}, "there is no case kind 'gift'"),
        ({"ordered_within": "3wd"}, "working days"),
        ({"a": 1, "b": 2}, "is not a condition"),
        (7, "is not a condition"),
    ],
)
def test_mistakes_are_told(raw: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        parse_condition(raw)
