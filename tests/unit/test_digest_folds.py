"""What each digest makes of the orders."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.interfaces import SaidRow, SourceMark
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.digest import Cell, Digest
from notifier.model.job import Job, Urgency
from notifier.model.order import CaseKind, Line, Money, Order, OrderState, Review
from notifier.model.reminder import Key, Reminder, State
from notifier.model.shop import Shop, WorkCalendar
from notifier.rules.digests import DIGESTS
from notifier.rules.digests.fold import News
from notifier.rules.digests.gathering import Tally, Worst, masked, shortened
from notifier.rules.digests.scope import Scope, month_of
from tests.fakes.orders import make_case, make_job, make_order, make_parcel

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""Nine o'clock in Shanghai; yesterday was 2026-02-28T16:00Z to 2026-03-01T16:00Z."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHOP = Shop(zone="Asia/Shanghai", calendar=WorkCalendar())
NUDGE = make_job(goal="paid")
NO_NEWS = News()


def make(name: str, *orders: Order, said: tuple[SaidRow, ...] = (), news: News = NO_NEWS, **changes: Any) -> Digest:
    """A digest of these orders; `changes` are of the scope."""
    cls = DIGESTS[name]
    limits = {**cls.limits, **changes.pop("limits", {})}
    job = make_job(name, digest=name)
    fold = cls(Scope(**{"job": job, "at": AT, "shop": SHOP, "jobs": {NUDGE.name: NUDGE}, "limits": limits, **changes}))
    for row in said:
        fold.hear(row)
    for order in orders:
        fold.see(order)
    fold.learn(news)
    return fold.digest()


def rows(digest: Digest, table: str = "") -> list[tuple[Cell, ...]]:
    return [row for one in digest.tables if one.name == table for row in one.rows]


def classes(*orders: Order) -> list[tuple[Cell, ...]]:
    return [row[:2] for row in rows(make("morning-list", *orders), "open")]


def ordered(id_: str = "1", ago: timedelta = 10 * HOUR, **changes: Any) -> Order:
    return make_order(id=id_, placed=AT - ago, **changes)


def sold(id_: str = "1", ago: timedelta = 10 * HOUR, **changes: Any) -> Order:
    return make_order(**{"id": id_, "placed": AT - ago, "paid": AT - ago, "state": OrderState.PAID, **changes})


def arrived(**changes: Any) -> Order:
    """An order with which everything is fine."""
    return make_order(
        **{
            "placed": AT - 9 * DAY,
            "paid": AT - 9 * DAY,
            "shipped": AT - 8 * DAY,
            "delivered": AT - 5 * DAY,
            "state": OrderState.DELIVERED,
            **changes,
        }
    )


def review(rating: int, ago: timedelta, **changes: Any) -> Review:
    return Review(changes.pop("id", "r1"), rating, AT - ago, **changes)


def test_with_nothing_to_say_digests_are_empty_but_for_those_with_figures() -> None:
    empty = {name for name in DIGESTS if make(name, arrived()).empty}
    assert empty == {"morning-list", "handover", "reviews-to-answer", "refund-rate"}


def test_unpaid_are_those_of_yesterday() -> None:
    assert classes(ordered(), ordered("2", 34 * HOUR), ordered("3", HOUR)) == [("unpaid", "1")]
    assert classes(ordered(cancelled=AT, state=OrderState.CANCELLED), ordered("2", state=OrderState.OTHER)) == []


def test_unshipped_and_overdue_exclude_each_other_and_today_does_not_count_yet() -> None:
    due, missed = AT + HOUR, AT - HOUR
    found = classes(sold("1"), sold("2", ship_by=missed), sold("3", ship_by=due), sold("4", HOUR), sold("5", 90 * DAY))
    assert found == [("overdue", "2"), ("unshipped", "1"), ("unshipped", "3")]
    assert classes(sold(shipped=AT - HOUR, ship_by=missed, state=OrderState.SHIPPED)) == []


def test_reviews_without_an_answer() -> None:
    fine, answered = review(5, 20 * HOUR), review(1, 20 * HOUR, answered=AT - HOUR)
    assert classes(arrived(reviews=(fine, answered, review(2, 8 * DAY)))) == [("unanswered", "1001")]


@pytest.mark.parametrize(
    ("kind", "reason", "class_"),
    [
        (CaseKind.REFUND, "", "refund"),
        (CaseKind.RETURN, "does not fit", "return"),
        (CaseKind.EXCHANGE, "", "exchange"),
        (CaseKind.DISPUTE, "arrived broken", "dispute"),
        (CaseKind.RETURN, "Arrived BROKEN", "damage"),
        (CaseKind.REFUND, "外包装破损", "damage"),
        (CaseKind.REFUND, "少件了", "missing"),
        (CaseKind.EXCHANGE, "one cup is missing", "missing"),
    ],
)
def test_an_open_case_is_in_one_class(kind: CaseKind, reason: str, class_: str) -> None:
    case = make_case(kind, requested=AT - 2 * DAY, agreed=None, reason=reason)
    assert classes(arrived(cases=(case,))) == [(class_, "1001")]
    closed = make_case(kind, requested=AT - 2 * DAY, agreed=None, reason=reason, closed=AT - HOUR)
    assert classes(arrived(cases=(closed,))) == []


def test_the_time_to_confirm_is_to_be_extended_while_goods_travel() -> None:
    case = make_case(CaseKind.RETURN, requested=AT - 2 * DAY, agreed=AT - DAY)
    assert classes(arrived(cases=(case,), confirm_by=AT + DAY)) == [("return", "1001"), ("extend", "1001")]
    assert classes(arrived(cases=(case,), confirm_by=AT - DAY)) == [("return", "1001")]
    refund = make_case(CaseKind.REFUND, requested=AT - 2 * DAY, agreed=AT - DAY)
    assert classes(arrived(cases=(refund,), confirm_by=AT + DAY)) == [("refund", "1001")]


@pytest.mark.parametrize(
    ("times", "traced"),
    [
        ({"shipped": AT - 23 * HOUR}, False),
        ({"shipped": AT - 25 * HOUR}, True),
        ({"shipped": AT - 50 * HOUR, "first_scan": AT - 40 * HOUR, "last_scan": AT - 47 * HOUR}, False),
        ({"shipped": AT - 90 * HOUR, "first_scan": AT - 80 * HOUR, "last_scan": AT - 49 * HOUR}, True),
        ({"shipped": AT - 90 * HOUR, "delivered": AT - 40 * HOUR}, False),
        ({"shipped": AT - 90 * HOUR, "voided": True}, False),
        ({"shipped": None}, False),
    ],
)
def test_parcels_out_of_sight_are_traced(times: dict[str, Any], traced: bool) -> None:
    order = arrived(delivered=None, state=OrderState.SHIPPED, parcels=(make_parcel(**times),))
    assert classes(order) == ([("trace", "1001")] if traced else [])


def test_only_the_worst_are_listed_and_all_are_counted() -> None:
    found = make("morning-list", *(sold(f"{n:03}", (60 + n) * HOUR) for n in range(250)))
    listed = rows(found, "open")
    assert (len(listed), listed[0][1], found.tables[1].more) == (200, "249", 50)
    assert rows(found, "summary") == [("unshipped", 250)]
    assert found.values["count"] == 250


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=40), st.integers(1, 10))
def test_the_worst_are_those_of_a_sort(entries: list[tuple[str, int]], most: int) -> None:
    worst = Worst(most)
    for class_, rank in entries:
        worst.add(class_, (rank,), (class_, rank))
    assert worst.rows == sorted(entries, key=lambda entry: entry[1])[:most]
    assert worst.more + len(worst.rows) == len(entries) == worst.counts.total()


def test_sums_keep_currencies_apart() -> None:
    tally, other = Tally(), Tally()
    tally.add(Money(Decimal("1.10"), "CNY"), HOUR)
    other.add(Money(Decimal(2), "EUR"), 3 * HOUR)
    other.add(Money(Decimal("2.20"), "CNY"))
    tally.merge(other)
    assert tally.money == (Money(Decimal("3.30"), "CNY"), Money(Decimal(2), "EUR"))
    assert (tally.count, tally.mean, Tally().mean) == (3, 2 * HOUR, None)


def test_what_buyers_wrote_is_masked_and_cut() -> None:
    assert (
        masked("call 13800138000 or anna@example.com about 2 cups")
        == "call 138****8000 or a***@example.com about 2 cups"
    )
    assert shortened(["", "c1", "x" * 100]) == "c1, " + "x" * 75 + "…"


def alert(number: int, **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "id": number,
        "key": AlertKey("shop", f"o{number}", "bad-review"),
        "state": AlertState.OPEN,
        "policy": "reviews",
        "urgency": Urgency.NORMAL,
        "opened": AT - number * HOUR,
        "started": AT,
        "changed": AT,
        **changes,
    }
    return Alert(**values)


def test_the_handover_lists_alerts_promises_and_notes() -> None:
    case = make_case(CaseKind.DISPUTE, requested=AT, evidence_by=AT + 3 * HOUR, closes_by=AT + 2 * DAY, reason="broken")
    orders = (sold("1", ship_by=AT + 5 * HOUR), sold("2", ship_by=AT + 25 * HOUR), arrived(id="3", cases=(case,)))
    notes = {
        7: [
            AlertEntry(7, AT - 30 * HOUR, "note", "amy", "too old"),
            AlertEntry(7, AT - 2 * HOUR, "note", "amy", "called, +8613800138000 does not answer"),
            AlertEntry(7, AT - HOUR, "called", "ben"),
        ]
    }
    low = alert(5, urgency=Urgency.LOW, what="shop silent")
    taken = alert(9, urgency=Urgency.URGENT, state=AlertState.ACKNOWLEDGED, by="amy")
    urgent = alert(7, urgency=Urgency.URGENT)
    found = make("handover", *orders, news=News([low, taken, urgent], notes))
    assert [row[:3] for row in rows(found, "alerts")] == [
        ("7", "urgent", "open"),
        ("9", "urgent", "acknowledged"),
        ("5", "low", "open"),
    ]
    assert [row[4] for row in rows(found, "alerts")][2] == "bad-review: shop silent"
    assert [row[:3] for row in rows(found, "promises")] == [
        ("evidence", "3", AT + 3 * HOUR),
        ("ship", "1", AT + 5 * HOUR),
    ]
    assert rows(found, "notes") == [("7", AT - 2 * HOUR, "amy", "called, +86138****8000 does not answer")]
    assert (found.values["alerts"], found.values["promises"], found.empty) == (3, 2, False)


def said(number: int, ago: timedelta, job: str = "unpaid-nudge", **changes: Any) -> SaidRow:
    values: dict[str, Any] = {"state": State.ACCEPTED, "channel": "sms", **changes}
    return SaidRow(number, "shop", str(number), job, 0, AT - ago, **values)


def figures(digest: Digest) -> dict[Cell, tuple[Cell, ...]]:
    return {row[0]: row[1:] for row in rows(digest, "figures")}


YUAN = (Money(Decimal("128.50"), "CNY"),)


def test_the_report_counts_yesterday_and_nothing_else() -> None:
    refund = make_case(CaseKind.REFUND, requested=AT - 40 * HOUR, paid=AT - 20 * HOUR, amount=YUAN[0])
    found = figures(
        make(
            "daily-report",
            sold("1"),
            sold("2", HOUR),
            sold("3", 40 * HOUR),
            ordered("4", cancelled=AT - 10 * HOUR, state=OrderState.CANCELLED),
            arrived(id="5", cases=(refund,), reviews=(review(3, 10 * HOUR), review(4, 10 * HOUR, id="r2"))),
            arrived(id="6", shipped=AT - 10 * HOUR, ship_by=AT - 12 * HOUR),
            arrived(id="7", shipped=AT - 10 * HOUR, ship_by=AT - 9 * HOUR),
            sold("8", 9 * DAY, ship_by=AT - 33 * HOUR),
            sold("9", 9 * DAY, ship_by=AT - HOUR),
        )
    )
    assert found["placed"] == (2, (Money(Decimal("257.00"), "CNY"),), None)
    assert found["paid"] == (1, YUAN, None)
    assert found["cancelled"] == (1, YUAN, None)
    assert found["shipped"][0] == 2
    assert found["late"] == (1, YUAN, 2 * HOUR)
    assert found["overdue"] == (1, YUAN, 33 * HOUR)
    assert found["refunded"] == (1, YUAN, 20 * HOUR)
    assert (found["reviews"][0], found["bad reviews"][0]) == (2, 1)


def test_the_report_begins_and_ends_at_midnight() -> None:
    start = datetime(2026, 2, 28, 16, tzinfo=UTC)
    edges = [start - timedelta(seconds=1), start, start + DAY - timedelta(seconds=1), start + DAY]
    found = make("daily-report", *(make_order(id=str(n), placed=placed) for n, placed in enumerate(edges)))
    assert figures(found)["placed"][0] == 2
    late = make("daily-report", *(make_order(id=str(n), placed=p) for n, p in enumerate(edges)), at=AT + DAY, due=AT)
    assert figures(late)["placed"][0] == 2, "about the day before it was due"


def worth(digest: Digest) -> dict[Cell, tuple[Cell, ...]]:
    return {row[0]: row[1:] for row in [*rows(digest, "jobs"), digest.tables[1].total] if row}


def test_the_report_tells_what_reminders_were_worth() -> None:
    messages = [said(1, 12 * HOUR), said(2, 12 * HOUR), said(3, 5 * DAY), said(4, 29 * DAY), said(5, HOUR / 2)]
    messages += [said(6, 12 * HOUR, alert=3), said(7, 12 * HOUR, "gone"), said(8, 12 * HOUR, "notice")]
    orders = [sold("1", 11 * HOUR), ordered("2"), sold("3", 5 * DAY - HOUR), sold("4", 29 * DAY - HOUR)]
    jobs: dict[str, Job] = {"unpaid-nudge": NUDGE, "notice": make_job("notice")}
    found = worth(make("daily-report", *orders, said=tuple(messages), jobs=jobs))
    total = (Money(Decimal("385.50"), "CNY"),)
    assert found["unpaid-nudge"] == (2, 1, YUAN, 4, 3, 0.75, total)
    assert found["notice"] == (1, None, None, 1, None, None, None)
    assert found.keys() == {"unpaid-nudge", "notice"}


def test_the_jobs_of_the_report_add_up() -> None:
    jobs = {"unpaid-nudge": NUDGE, "last-call": make_job("last-call", goal="paid")}
    messages = (said(1, 14 * HOUR), said(1, 12 * HOUR, "last-call"), said(2, 12 * HOUR))
    found = worth(make("daily-report", sold("1", 11 * HOUR), sold("2", 11 * HOUR), said=messages, jobs=jobs))
    assert found["last-call"][:2] == (1, 1)
    assert found["unpaid-nudge"][:2] == (2, 1)
    assert found[""] == (3, 2, (Money(Decimal("257.00"), "CNY"),), 3, 2, 2 / 3, (Money(Decimal("257.00"), "CNY"),))


def test_the_report_lists_what_is_wrong() -> None:
    failed = Reminder(1, Key("shop", "1", "unpaid-nudge"), State.FAILED, AT, AT, AT, updated=AT - 10 * HOUR)
    old = Reminder(2, Key("shop", "2", "unpaid-nudge"), State.FAILED, AT, AT, AT, updated=AT - 50 * HOUR)
    marks = [SourceMark("shop", trouble="it does not answer", read=AT - DAY), SourceMark("fine")]
    news = News([alert(1)], {}, [failed, old], marks, {State.HELD: 2, State.PLANNED: 9})
    bad = arrived(id="5", reviews=(review(1, 12 * HOUR),))
    found = make("daily-report", bad, said=(said(8, 11 * HOUR, state=State.UNDELIVERED),), news=news)
    assert [row[:2] for row in rows(found, "problems")] == [
        ("alert", "o1"),
        ("undelivered", "1"),
        ("undelivered", "8"),
        ("bad review", "5"),
        ("source", ""),
    ]
    counts = figures(found)
    assert (counts["undelivered"][0], counts["held"][0], counts["alerts"][0]) == (2, 2, 1)


def test_the_plan_of_the_month_counts_months_and_carriers() -> None:
    at = datetime(2026, 3, 31, 8, tzinfo=UTC)
    parcels = (
        make_parcel(1, shipped=at - 20 * DAY, delivered=at - 15 * DAY),
        make_parcel(2, shipped=at - 20 * DAY, last_scan=at - 11 * DAY),
        make_parcel(3, shipped=at - 20 * DAY, last_scan=at - 9 * DAY),
        make_parcel(4, shipped=at - 20 * DAY, returned=at - DAY, carrier="EMS"),
        make_parcel(5, shipped=at - 20 * DAY, voided=True),
        make_parcel(6, shipped=at - 40 * DAY),
    )
    orders = [
        make_order(id="1", paid=at - 20 * DAY, parcels=parcels, cases=(make_case(requested=at - DAY),)),
        make_order(id="2", paid=datetime(2026, 2, 3, tzinfo=UTC)),
        make_order(id="3", paid=datetime(2025, 4, 3, tzinfo=UTC)),
        make_order(id="4", paid=datetime(2025, 5, 3, tzinfo=UTC)),
    ]
    found = make("monthly-plan", *orders, at=at)
    assert [row[:4] for row in rows(found, "months")] == [
        ("a year before", "2025-04", 22, 1),
        ("the month before", "2026-02", 20, 1),
        ("this month", "2026-03", 22, 1),
        ("expected", "2026-04", 22, 1),
    ]
    assert [row[5:] for row in rows(found, "months")] == [(0, 0), (1, 0), (4, 1), (4, 1)]
    assert rows(found, "carriers") == [("SF Express", 3, 1, 1, 1, 0), ("EMS", 1, 0, 0, 0, 1)]
    assert found.tables[1].total == ("", 4, 1, 1, 1, 1)
    assert found.values == {"month": "2026-04", "lost": 1, "count": 2}


def test_the_coming_month_is_expected_to_go_on_like_this_one() -> None:
    at = datetime(2026, 3, 16, 16, tzinfo=UTC)
    orders = [make_order(id=str(n), paid=at - DAY) for n in range(16)]
    expected = rows(make("monthly-plan", *orders, at=at), "months")[-1]
    assert expected[3:5] == (30, (Money(Decimal("3855.00"), "CNY"),))


def test_months_roll_over_years() -> None:
    assert month_of(date(2026, 12, 31), 1) == date(2027, 1, 1)
    assert month_of(date(2026, 1, 31), -1) == date(2025, 12, 1)
    assert month_of(date(2026, 1, 31), -13) == date(2024, 12, 1)


def test_reviews_to_answer_begin_with_the_fewest_stars() -> None:
    unknown = review(0, HOUR, id="r4")
    reviews = (review(5, 20 * HOUR), review(1, 2 * HOUR, id="r2"), review(1, 3 * HOUR, id="r3"), unknown)
    found = make("reviews-to-answer", arrived(reviews=reviews), arrived(reviews=(review(1, 8 * DAY),)))
    assert [(row[1], row[2]) for row in rows(found)] == [
        ("★", AT - 3 * HOUR),
        ("★", AT - 2 * HOUR),
        ("★★★★★", AT - 20 * HOUR),
        ("", AT - HOUR),
    ]


def bought(sku: str, *cases: Any, ago: timedelta = 3 * DAY) -> Order:
    return make_order(paid=AT - ago, lines=(Line(sku, f"Tea {sku}"),), cases=cases)


def test_products_whose_money_goes_back_too_often() -> None:
    refund = make_case(
        CaseKind.REFUND, requested=AT - DAY, paid=AT - DAY + 4 * HOUR, reason="too bitter", amount=YUAN[0]
    )
    dispute = make_case(CaseKind.DISPUTE, requested=AT - DAY)
    orders = [
        *(bought("A") for _ in range(19)),
        bought("A", refund),
        *(bought("B") for _ in range(18)),
        *(bought("B", refund) for _ in range(2)),
        *(bought("C", refund) for _ in range(5)),
        *(bought("D", dispute) for _ in range(15)),
        *(bought("E", refund, ago=40 * DAY) for _ in range(15)),
    ]
    found = make("refund-rate", *orders)
    assert rows(found) == [("Tea B", 20, 2, 0.1, 4 * HOUR, (Money(Decimal("257.00"), "CNY"),), "too bitter")]
    assert found.values == {"day": date(2026, 3, 2), "count": 1, "limit": 0.05, "days": 30}


def test_products_whose_money_goes_back_too_slowly() -> None:
    slow = make_case(CaseKind.RETURN, requested=AT - 9 * DAY, paid=AT - DAY)
    orders = [*(bought("A") for _ in range(30)), bought("A", slow)]
    assert [row[4] for row in rows(make("refund-rate", *orders))] == [8 * DAY]
    assert make("refund-rate", *orders, limits={"hours": 0}).empty
    assert make("refund-rate", *orders, limits={"orders": 32}).empty
