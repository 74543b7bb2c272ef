"""A record becomes an order: times, money, words, lists, and what is wrong with a bad one."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from notifier.errors import BadOrder
from notifier.model.order import AftersalesCase, CaseKind, Line, Money, Order, OrderState, Parcel, Review
from notifier.model.shop import Shop
from notifier.sources.mapping import MappingOptions
from notifier.sources.normalise import Normaliser
from notifier.sources.paths import compile_path

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def normaliser(zone: str = "UTC", **options: Any) -> Normaliser:
    return Normaliser("shop", MappingOptions.model_validate({"type": "x"} | options), Shop(zone=zone, currency="EUR"))


def by_paths(**options: Any) -> Normaliser:
    checked = MappingOptions.model_validate({"type": "x"} | options)
    return Normaliser("shop", checked, Shop(zone="UTC", currency="EUR"), compile_path)


def read(record: dict[str, Any], **options: Any) -> Order:
    """The order of a record that has an id."""
    return normaliser(**options).order({"id": "1"} | record)


def refusal(record: dict[str, Any], **options: Any) -> str:
    with pytest.raises(BadOrder) as caught:
        read(record, **options)
    return str(caught.value)


# Times


@pytest.mark.parametrize(
    "raw",
    [
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:00:00.000Z",
        "2026-03-01T17:00:00+08:00",
        "2026-03-01 17:00:00 +0800",
        "2026-03-01 09:00:00 UTC",
        " 2026-03-01 09:00 ",
        "20260301090000",
        "1772355600",
        1772355600,
        1772355600.0,
        Decimal(1772355600),
        1772355600000,
        "1772355600000",
        datetime(2026, 3, 1, 9),  # noqa: DTZ001 – as databases give it
        datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_times_are_read_however_they_are_written(raw: Any) -> None:
    assert read({"placed": raw}).placed == NINE
    assert read({"placed": raw}).placed.tzinfo is UTC  # type: ignore[union-attr]


def test_a_date_alone_is_its_first_instant_in_the_zone() -> None:
    for raw in ("2026-03-02", "20260302", date(2026, 3, 2)):
        assert read({"ship_by": raw}, zone="Asia/Shanghai").ship_by == datetime(2026, 3, 1, 16, tzinfo=UTC)


def test_a_leap_second_is_the_second_before_it() -> None:
    assert read({"placed": "2016-12-31T23:59:60Z"}).placed == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("raw", [None, "", 0, "0", "0000-00-00 00:00:00", "0000-00-00"])
def test_some_values_say_that_there_is_no_time(raw: Any) -> None:
    assert read({"placed": raw}).placed is None


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2018-02-17 22:59:59", datetime(2018, 2, 18, 0, 59, 59, tzinfo=UTC)),
        ("2018-02-17 23:30:00", datetime(2018, 2, 18, 1, 30, tzinfo=UTC)),  # twice: the first
        ("2018-02-18 00:00:00", datetime(2018, 2, 18, 3, tzinfo=UTC)),
        ("2018-11-03 23:59:59", datetime(2018, 11, 4, 2, 59, 59, tzinfo=UTC)),
        ("2018-11-04 00:30:00", datetime(2018, 11, 4, 3, tzinfo=UTC)),  # never: the first instant after the gap
        ("2018-11-04 01:00:00", datetime(2018, 11, 4, 3, tzinfo=UTC)),
        ("2018-11-05 00:00:00", datetime(2018, 11, 5, 2, tzinfo=UTC)),
        ("2018-07-01 12:00:00", datetime(2018, 7, 1, 15, tzinfo=UTC)),
    ],
)
def test_local_times_across_the_changes_of_clocks_at_midnight(local: str, instant: datetime) -> None:
    reader = normaliser("America/Sao_Paulo")
    for _ in range(2):  # the second time the day is known
        assert reader.order({"id": 1, "placed": local}).placed == instant


def test_the_zone_of_the_source_goes_before_that_of_the_shop() -> None:
    options = MappingOptions.model_validate({"type": "x", "zone": "Asia/Tokyo"})
    order = Normaliser("shop", options, Shop(zone="UTC")).order({"id": 1, "placed": "2026-03-01 18:00:00"})
    assert order.placed == NINE


@pytest.mark.parametrize(
    "raw",
    [
        "yesterday",
        "2026-13-01",
        "2026-02-30 10:00:00",
        "01/03/2026",
        "2026-03-01T25:00:00",
        "20261301",
        "12345678901234567890",
        True,
        [],
        {},
        -5,
        10**15,
        10**17,
        float("nan"),
        float("inf"),
    ],
)
def test_what_is_no_time_makes_a_bad_order(raw: Any) -> None:
    assert refusal({"paid": raw}).startswith("paid is not a time")


@pytest.mark.parametrize("raw", ["1989-12-31T23:59:59Z", "2101-01-01", 86_400, datetime(1, 1, 1, tzinfo=UTC)])
def test_years_that_cannot_be_make_a_bad_order(raw: Any) -> None:
    assert refusal({"paid": raw}) == "paid lies outside the years 1990 to 2100"


# Money and numbers


@pytest.mark.parametrize(
    ("raw", "money"),
    [
        ("129.90", Money(Decimal("129.90"), "EUR")),
        (129, Money(Decimal(129), "EUR")),
        (0.1, Money(Decimal("0.1"), "EUR")),
        (1e-7, Money(Decimal("0.0000001000"), "EUR")),
        (Decimal("5.00"), Money(Decimal("5.00"), "EUR")),
        ("-3", Money(Decimal(-3), "EUR")),
        ("12.50 usd", Money(Decimal("12.50"), "USD")),
        ({"amount": "1.00", "currency": "JPY"}, Money(Decimal("1.00"), "JPY")),
        ({"value": 1, "currency_code": "CNY"}, Money(Decimal(1), "CNY")),
        ({"amount": 2}, Money(Decimal(2), "EUR")),
    ],
)
def test_money_is_exact_and_has_a_currency(raw: Any, money: Money) -> None:
    assert read({"total": raw}).total == money


def test_the_currency_of_an_order_holds_for_its_lines_too() -> None:
    order = read({"currency": "brl", "total": "7", "lines": [{"price": "3.50"}], "cases": [{"amount": 1}]})
    assert {order.total, order.lines[0].price, order.cases[0].amount} == {
        Money(Decimal(7), "BRL"),
        Money(Decimal("3.50"), "BRL"),
        Money(Decimal(1), "BRL"),
    }


@pytest.mark.parametrize(
    "raw",
    [
        "1,234.50",
        "twelve",
        "NaN",
        "1e5",
        True,
        [1],
        float("nan"),
        float("inf"),
        1e300,
        10**20,
        {"currency": "EUR"},
        "٣",
    ],
)
def test_what_is_no_amount_makes_a_bad_order(raw: Any) -> None:
    assert refusal({"total": raw}).startswith("total ")


@pytest.mark.parametrize("raw", ["EURO", "€", 5, "E1R"])
def test_what_is_no_currency_makes_a_bad_order(raw: Any) -> None:
    assert refusal({"currency": raw, "total": 1}) == "currency is not a currency of three letters"


# Text


def test_texts_are_cleaned_normalised_and_cut() -> None:
    order = read(
        {
            "customer_name": "A\u0308da\x00 \ud800Love\u202elace\r\n Smith ",
            "note": " first\r\nsecond\x07\u2028third ",
            "address": "x" * 5000,
            "payment_method": "ü" * 500,
        }
    )
    assert order.customer.name == "Äda Lovelace Smith"
    assert order.note == "first\nsecond\nthird"
    assert (len(order.address), len(order.payment_method)) == (2000, 200)


def test_numbers_are_taken_for_text_where_they_mean_one() -> None:
    order = read({"customer_phone": 8613800138000, "customer_id": 12.0, "tracking_number": Decimal(5), "state": 3})
    assert (order.customer.phone, order.customer.id, order.state_name) == ("8613800138000", "12", "3")


@pytest.mark.parametrize("raw", [True, [], {"a": 1}, b"x", 10**30])
def test_what_is_no_text_makes_a_bad_order(raw: Any) -> None:
    assert refusal({"customer_name": raw}).startswith("customer.name is ")


def test_half_an_address_is_none() -> None:
    order = read({"customer_email": "a" * 300, "customer_phone": "1" * 50, "link": "https://example.com/" + "a" * 2000})
    assert (order.customer.email, order.customer.phone, order.link) == ("", "", "")
    assert read({"link": "javascript:alert(1)"}).link == ""
    assert read({"link": "https://example.com/1"}).link == "https://example.com/1"


@pytest.mark.parametrize("raw", [None, "", "  ", "\x00"])
def test_an_order_needs_an_id(raw: Any) -> None:
    with pytest.raises(BadOrder, match="it has no id"):
        normaliser().order({"id": raw})


def test_ids_are_never_cut() -> None:
    with pytest.raises(BadOrder, match="id is longer than 200 characters"):
        normaliser().order({"id": "x" * 201})
    assert normaliser().order({"id": UUID(int=5)}).id == "00000000-0000-0000-0000-000000000005"
    assert normaliser().order({"id": " 0012 "}).id == "0012"


# States


@pytest.mark.parametrize(("word", "state"), [("Paid", "paid"), ("WAIT", "unpaid"), ("weird", "other")])
def test_states_are_translated_and_the_shops_word_is_kept(word: str, state: str) -> None:
    order = read({"state": word}, states={"wait": "unpaid", "done": "completed"})
    assert (order.state, order.state_name) == (state, word)


def test_a_translation_goes_before_our_own_names() -> None:
    assert read({"state": "completed"}, states={"completed": "delivered"}).state == OrderState.DELIVERED


@pytest.mark.parametrize(
    ("moments", "state"),
    [
        ([], "unpaid"),
        (["placed"], "unpaid"),
        (["paid"], "paid"),
        (["paid", "shipped"], "shipped"),
        (["shipped", "delivered", "paid"], "delivered"),
        (["delivered", "completed"], "completed"),
        (["completed", "cancelled"], "cancelled"),
    ],
)
def test_without_a_state_the_moments_tell_it(moments: list[str], state: str) -> None:
    assert read(dict.fromkeys(moments, "2026-03-01T09:00:00Z")).state == state


def test_a_cancellation_needs_no_moment() -> None:
    order = read({"state": "canceled"}, states={"canceled": "cancelled"})
    assert (order.state, order.cancelled) == (OrderState.CANCELLED, None)


# Customers


def test_a_customer_stands_in_columns_or_in_an_object() -> None:
    flat = read({"customer_id": "c", "customer_name": "Ada", "customer_language": "zh_CN", "customer_zone": "UTC"})
    nested = read({"customer": {"id": "c", "name": "Ada", "language": "zh-CN", "zone": "UTC"}})
    assert flat.customer == nested.customer
    assert flat.customer.language == "zh-CN"
    both = read({"customer_name": "Ada", "customer": {"id": "c", "name": "Bob", "phone": "+12025550123"}})
    assert (both.customer.name, both.customer.phone) == ("Ada", "+12025550123")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Asia", "x" * 300, "\ud800"])
def test_an_unknown_zone_is_none(zone: str) -> None:
    assert read({"customer_zone": zone}).customer.zone == ""


def test_what_is_no_language_is_none() -> None:
    assert read({"customer_language": "the one with the hat"}).customer.language == ""


def test_a_guest_is_known_by_the_address_without_telling_it() -> None:
    first, again = (read({"customer_id": 0, "customer_email": mail}) for mail in ("Ada@example.com", "ada@example.com"))
    assert first.customer.id == again.customer.id != read({"customer_email": "bob@example.com"}).customer.id
    assert first.customer.id.startswith("guest-")
    assert "ada" not in first.customer.id.lower()
    assert read({"customer_phone": "+12025550123"}).customer.id.startswith("guest-")
    assert read({}).customer.id == ""


@pytest.mark.parametrize(
    ("raw", "kinds"),
    [
        (["sms", "email"], ("email", "sms")),
        ("SMS, chat", ("sms", "chat")),
        (True, ("email", "sms", "chat")),
        ("all", ("email", "sms", "chat")),
        (1, ("email", "sms", "chat")),
        ("no", ()),
        ({"sms": True, "email": "0"}, ("sms",)),
        (["letters"], ()),
    ],
)
def test_consents(raw: Any, kinds: tuple[str, ...]) -> None:
    assert read({"customer_consents": raw}).customer.consents == kinds


def test_an_unknown_refusal_is_not_passed_over() -> None:
    assert read({"customer_refuses": "sms"}).customer.refuses == ("sms",)
    assert refusal({"customer_refuses": "mail"}).startswith("customer.refuses holds a word")
    assert refusal({"customer_refuses": 7.5}) == "customer.refuses is not a list"


def test_chat_addresses() -> None:
    assert read({"customer_chat": {"wecom": "u1", "other": None}}).customer.chat == {"wecom": "u1"}
    order = by_paths(fields={"customer.chat.feishu": "ids.feishu"}).order(
        {"id": 1, "ids": {"feishu": "f1"}, "customer_chat": {"wecom": "u1"}}
    )
    assert order.customer.chat == {"wecom": "u1", "feishu": "f1"}
    assert refusal({"customer_chat": "u1"}) == "customer.chat is not a table of channels and addresses"


# Lists


def test_the_promised_carrier_and_goods_that_ran_out() -> None:
    order = read({"promised_carrier": " 顺丰速运 ", "ran_out": "2026-03-01T09:00:00Z"})
    assert (order.promised_carrier, order.ran_out) == ("顺丰速运", NINE)
    assert read({"promise": "EMS"}, fields={"promised_carrier": "promise"}).promised_carrier == "EMS"


def test_lines_and_what_cannot_be_returned() -> None:
    lines = [
        {"sku": "a", "title": "Hat", "quantity": "2", "price": 5},
        {"sku": "b", "category": "Food"},
        {"sku": "c", "tags": ["Custom", "new"]},
        {"sku": "d", "returnable": "no", "out_of_stock": True, "tags": "x, y"},
    ]
    order = read({"lines": lines}, not_returnable={"categories": ["food"], "tags": ["custom"]})
    assert order.lines[0] == Line("a", "Hat", 2, Money(Decimal(5), "EUR"))
    assert [line.returnable for line in order.lines] == [True, False, False, False]
    assert (order.lines[3].out_of_stock, order.lines[3].tags) == (True, ("x", "y"))


def test_a_list_may_be_json_text() -> None:
    assert read({"lines": '[{"sku": "a"}]'}).lines == (Line("a"),)
    assert refusal({"lines": "[{"}) == "lines is not a list"


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"lines": [1]}, "lines is not a list of objects"),
        ({"lines": {"a": 1}}, "lines is not a list of objects"),
        ({"lines": [{}] * 1001}, "lines has more than 1000 entries"),
        ({"lines": [{"quantity": 1.5}]}, "lines.quantity is not a whole number"),
        ({"lines": [{"returnable": "maybe"}]}, "lines.returnable is neither yes nor no"),
        ({"lines": [{"tags": 5}]}, "lines.tags is not a list"),
        ({"parcels": [{"shipped": "soon"}]}, "parcels.shipped is not a time; write it as 2026-03-01T09:00:00Z"),
        ({"reviews": [{"rating": 6}]}, "reviews.rating is not a rating of 0 to 5"),
    ],
)
def test_what_is_wrong_in_a_list_is_named(record: dict[str, Any], sentence: str) -> None:
    assert refusal(record) == sentence


def test_parcels_have_ids_and_tell_when_the_order_left_and_arrived() -> None:
    parcels = [
        {"number": "Z1", "shipped": "2026-03-01T10:00:00Z", "delivered": "2026-03-01T10:00:00Z", "lines": ["a"]},
        {"number": "Z1", "lines": ["b"]},
        {"shipped": "2026-03-01T09:00:00Z", "delivered": "2026-03-01T09:00:00Z"},
        {"id": "p", "voided": True},
    ]
    order = read({"parcels": parcels})
    assert [parcel.id for parcel in order.parcels] == ["Z1", "3", "p"]
    assert order.parcels[0].lines == ("a", "b")
    assert (order.shipped, order.delivered, order.state) == (NINE, TEN, OrderState.DELIVERED)
    underway = read({"parcels": [*parcels, {"number": "Z2", "shipped": "2026-03-01T09:00:00Z"}]})
    assert (underway.delivered, underway.state) == (None, OrderState.SHIPPED)


def test_an_order_of_one_parcel_may_say_it_itself() -> None:
    record = {"shipped": "2026-03-01T09:00:00Z", "carrier": "DHL", "tracking_number": "Z9"}
    assert read(record).parcels == (Parcel("Z9", "DHL", "Z9", shipped=NINE),)
    assert read({"shipped": "2026-03-01T09:00:00Z", "delivered": "2026-03-01T10:00:00Z"}).parcels == (
        Parcel("1", shipped=NINE, delivered=TEN),
    )
    assert read({"state": "shipped", "tracking_number": "Z9"}).parcels == (Parcel("Z9", number="Z9"),)
    assert read({"state": "paid", "tracking_number": "Z9"}).parcels == ()
    assert read(record | {"parcels": []}).parcels == ()


def test_an_order_may_carry_its_review() -> None:
    order = read({"reviewed": "2026-03-01T09:00:00Z", "rating": 4.5})
    assert (order.reviewed, order.reviews) == (NINE, (Review("1", 4, NINE),))
    assert read({"rating": 2}).reviews == (Review("1", 2),)
    assert read({"rating": 0}).reviews == ()
    assert read({"rating": 5, "reviews": [{"id": "r", "rating": 1}]}).reviews == (Review("r", 1),)


def test_cases_have_kinds_of_ours() -> None:
    cases = [
        {"id": 7, "kind": "Return", "agreed": "2026-03-01T09:00:00Z"},
        {"kind": "swap"},
        {"id": 7, "kind": "refund"},
    ]
    order = read({"cases": cases}, case_kinds={"swap": "exchange"})
    assert order.cases == (AftersalesCase("7", CaseKind.RETURN, agreed=NINE), AftersalesCase("2", CaseKind.EXCHANGE))
    assert refusal({"cases": [{"kind": "swap"}]}).startswith("cases.kind is a word we do not know")


def test_who_agrees_to_a_refund_has_decided_and_a_return_is_looked_at_first() -> None:
    agreed = {"agreed": "2026-03-01T09:00:00Z"}
    cases = [{"kind": "refund", **agreed}, agreed, {"kind": "return", **agreed}, {"kind": "refund"}]
    cases += [{"kind": "refund", **agreed, "decided": "2026-03-01T10:00:00Z"}]
    assert [case.decided for case in read({"cases": cases}).cases] == [NINE, NINE, None, None, TEN]


def test_postage_is_money_and_a_moment() -> None:
    (case,) = read({"currency": "CNY", "cases": [{"freight": "12.5", "freight_paid": "2026-03-01T09:00:00Z"}]}).cases
    assert (case.freight, case.freight_paid) == (Money(Decimal("12.5"), "CNY"), NINE)


# Where fields stand


def test_fields_stand_where_the_settings_say() -> None:
    reader = by_paths(
        fields={
            "id": "number",
            "customer.name": ["billing.first", "billing.last"],
            "customer_email": "billing.email",
            "tracking_number": "meta[key=_t].value",
            "lines": "line_items",
            "lines.sku": "product.sku",
            "address": "",
            "currency": "money.code",
        }
    )
    order = reader.order(
        {
            "id": "ignored",
            "number": 5,
            "state": "shipped",
            "address": {"not": "wanted"},
            "total": 1,
            "money": {"code": "USD"},
            "billing": {"first": "Ada", "last": " Lovelace", "email": "ada@example.com"},
            "meta": [{"key": "_t", "value": "Z1"}],
            "line_items": [{"product": {"sku": "a"}, "title": "Hat"}],
        }
    )
    assert (order.id, order.customer.name, order.customer.email) == ("5", "Ada Lovelace", "ada@example.com")
    assert (order.parcels[0].number, order.address, order.total) == ("Z1", "", Money(Decimal(1), "USD"))
    assert order.lines == (Line("a", "Hat"),)


def test_settings_name_fields_and_states_that_exist() -> None:
    wrong: Any
    for wrong in ({"fields": {"plcaed": "x"}}, {"fields": {"customer_nam": "x"}}, {"states": {"x": "sent"}}):
        with pytest.raises(ValidationError):
            normaliser(**wrong)


def test_digests_are_stable_short_and_depend_on_the_settings() -> None:
    assert normaliser().digest(b"x") == normaliser().digest(b"x") != normaliser().digest(b"y")
    assert normaliser().digest(b"x") != normaliser(zone="Asia/Tokyo").digest(b"x")
    assert len(normaliser().digest(b"x" * 1000)) == 32


# Anything at all

FIELDS = [
    *("id", "state", "placed", "paid", "total", "currency", "tags", "note", "link", "rating", "carrier", "reviewed"),
    *("customer", "customer_id", "customer_chat", "customer_consents", "customer_refuses", "customer_zone", "ship_by"),
    *("lines", "parcels", "cases", "reviews", "kind", "sku", "quantity", "price", "returnable", "amount", "shipped"),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, categories=None), max_size=20)
    | st.sampled_from(["2026-03-01", "9999-12-31T23:59:59-12:00", "0001-01-01", "1e999999", "[[[[", "1" * 5000, "UTC"])
    | st.integers(1, date.max.toordinal()).map(lambda day: datetime.combine(date.fromordinal(day), time(12, 30)))
    | st.floats().map(Decimal)
    | st.binary(max_size=5)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=15,
)
RECORDS = st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=8).map(lambda record: {"id": "1"} | record)
PLAIN = normaliser()
MAPPED = by_paths(
    fields={"id": "id", "total": "customer.price", "customer.name": ["lines[0].sku", "note"], "lines": "parcels"}
)


@given(ANYTHING | RECORDS)
def test_anything_becomes_an_order_or_a_bad_order(record: Any) -> None:
    for reader in (PLAIN, MAPPED):
        with suppress(BadOrder):
            # JSON takes no lone surrogates, so none has come through.
            assert msgspec.json.encode(reader.order(record))
