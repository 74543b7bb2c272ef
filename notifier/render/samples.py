"""Orders to try a job's texts with: one with everything, one in Chinese, one with hardly anything; and alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from notifier.model.alert import Alert, AlertKey, AlertState
from notifier.model.job import Job, Subject, Urgency
from notifier.model.order import (
    AftersalesCase,
    CaseKind,
    Customer,
    Line,
    Money,
    Order,
    OrderState,
    Parcel,
    Review,
)
from notifier.model.shop import Shop
from notifier.render.alerts import AlertSaying, Told
from notifier.render.fitting import LONGEST_HEADLINE, MOST_SHOWN

SAMPLE_DAY = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
SAMPLE_LINK = "https://alerts.example.com/a/MTIzIDY5MjNhYmNkIGFubmE.q83v7nYx0b2Jm4XyT1kZpA"
_SAMPLE_NUMBER = 123
_PRICE = Money(Decimal("1288.00"), "CNY")
_SPARSE = "an order with hardly anything"


@dataclass(frozen=True, slots=True)
class Sample:
    """One message to try: what `Texts.render` takes besides job and kind, and what to call it in a report."""

    name: str
    order: Order
    subjects: tuple[str, ...] = ()
    step: int = 0
    occurrence: str = ""


def samples(job: Job, shop: Shop) -> Iterator[Sample]:
    """Every step of a job with each kind of order, and with each kind of part that the job may be about."""
    for step in range(len(job.steps)):
        for name, order in _orders(job):
            for subjects in _subjects(job, order):
                yield Sample(name, order, subjects, step, _occurrence(job, shop))


def alert_samples(job: Job, shop: Shop) -> Iterator[tuple[str, AlertSaying]]:
    """Alerts of a job for the staff, and what to call each: of every sample order, and of none where that can be."""
    for sample in samples(job, shop):
        yield sample.name, sample_alert(job, sample)
    if job.subject in {Subject.CALENDAR, Subject.SYSTEM}:
        yield "no order", sample_alert(job, Sample("", Order("shop", "")))


def sample_alert(job: Job, sample: Sample) -> AlertSaying:
    """An alert about a sample, raised three times; of a sparse one it says nothing of money, and what happened."""
    full = sample.name != _SPARSE
    subject = sample.subjects[0] if sample.subjects else ""
    alert = Alert(
        _SAMPLE_NUMBER,
        AlertKey(sample.order.source, sample.order.id, job.name, subject),
        AlertState.OPEN,
        job.to,
        job.urgency,
        SAMPLE_DAY,
        SAMPLE_DAY,
        SAMPLE_DAY,
        step=sample.step,
        times=3 if full else 1,
        what="The last 3 tries failed: no answer within 10 seconds" if full else "",
        risk=Money(Decimal("500.00"), "CNY") if full else None,
    )
    return AlertSaying(job, sample.order, sample.subjects, alert)


def sample_alerts(language: str, flood: int) -> Iterator[tuple[str, list[Told], int]]:
    """What frames are tried with: how to call it, the worst alerts, and how many there are in all."""
    letter = "测" if language.startswith("zh") else "x"
    long = Told(
        _SAMPLE_NUMBER,
        letter * LONGEST_HEADLINE,
        (letter * 80,) * 6,
        Urgency.URGENT,
        SAMPLE_DAY,
        3,
        Money(Decimal("12345.00"), "CNY"),
        order="2026112300123456",
        order_link="https://shop.example.com/o/123456",
        link=SAMPLE_LINK,
        by="anna",
        reason="the order is shipped",
    )
    bare = Told(_SAMPLE_NUMBER, letter, (), Urgency.LOW, SAMPLE_DAY, 1)
    yield "a long headline", [long], 1
    yield "hardly any words", [bare], 1
    yield f"{flood} alerts", [long] * min(flood, MOST_SHOWN), flood
    yield f"{flood} alerts without links", [bare] * min(flood, MOST_SHOWN), flood


@cache
def sample_order(language: str = "en") -> Order:
    """A typical order with everything that an order can have: three parcels, three lines of which one stays, a case."""
    words = _CHINESE if language.startswith("zh") else _ENGLISH
    titles: Sequence[str] = words["titles"]
    return Order(
        source="shop",
        id="2026112300123456",
        state=OrderState.COMPLETED,
        total=_PRICE,
        payment_method="alipay",
        promised_carrier="EMS",
        address=words["address"],
        link="https://shop.example.com/o/123456",
        customer=Customer("c1", words["name"], "anna@example.com", "+8613800138000", language=language),
        lines=tuple(
            Line(f"SKU-{n}", title, n, _PRICE, returnable=n < len(titles)) for n, title in enumerate(titles, 1)
        ),
        parcels=tuple(
            _with_moments(Parcel(f"p{n}", words["carrier"], f"SF14000000000{n}", f"https://track.example.com/{n}"))
            for n in (1, 2, 3)
        ),
        cases=(_with_moments(_case(CaseKind.RETURN, words["carrier"])),),
        reviews=(_with_moments(Review("r1", 2)),),
        **_moments(Order),
    )


_ENGLISH: dict[str, Any] = {
    "name": "Anna Smith",
    "address": "Flat 5, 12 West Lake Road, Hangzhou 310000",
    "carrier": "SF Express",
    "titles": ("Oolong tea, 250 g", "Porcelain cup, white", "Tea cake, made to order"),
}
_CHINESE: dict[str, Any] = {
    "name": "张小明",
    "address": "浙江省杭州市西湖区文三路138号2幢501室",
    "carrier": "顺丰速运",
    "titles": ("凤凰单丛乌龙茶 250克", "白瓷品茗杯", "现做茶点礼盒"),
}


def _orders(job: Job) -> Iterator[tuple[str, Order]]:
    for name, order in (("a full order", sample_order()), ("an order in Chinese", sample_order("zh-CN"))):
        for kind in _kinds(job):
            yield name, replace(order, cases=tuple(replace(case, kind=kind) for case in order.cases))
    for kind in _kinds(job):
        yield _SPARSE, _sparse(job, kind)


def _kinds(job: Job) -> Sequence[CaseKind]:
    """The kinds of case the job may be about; one of them stands for all where it is not about a case."""
    if job.subject is not Subject.CASE:
        return (CaseKind.RETURN,)
    asked = next((condition.argument for condition in job.only_if if condition.name == "case_kind"), None)
    return sorted(map(CaseKind, asked)) if asked else tuple(CaseKind)


def _sparse(job: Job, kind: CaseKind) -> Order:
    """An order that says only what the job's own event and conditions ask for."""
    asked = {condition.name for condition in job.only_if}
    known: dict[str, Any] = {job.moment: SAMPLE_DAY} if job.moment else {}
    order = Order("shop", "1", total=_PRICE if asked & {"total_at_least", "total_at_most"} else None)
    match job.subject:
        case Subject.PARCEL:
            parcel = Parcel("p1", number="1" if "tracked" in asked else "")
            return replace(order, parcels=(replace(parcel, **known),))
        case Subject.CASE:
            return replace(order, cases=(replace(AftersalesCase("c1", kind), **known),))
        case Subject.REVIEW:
            return replace(order, reviews=(replace(Review("r1"), **known),))
        case Subject.ORDER:
            return replace(order, **known)
        case _:
            return order


def _subjects(job: Job, order: Order) -> Iterator[tuple[str, ...]]:
    match job.subject:
        case Subject.PARCEL:
            ids = [parcel.id for parcel in order.parcels]
            yield tuple(ids[:1])
            if len(ids) > 1:
                yield tuple(ids[:2])
        case Subject.CASE:
            yield from ((case.id,) for case in order.cases)
        case Subject.REVIEW:
            yield from ((review.id,) for review in order.reviews)
        case _:
            yield ()


def _occurrence(job: Job, shop: Shop) -> str:
    days = [day.isoformat() for day in shop.greetings]
    return days[0] if days and job.subject is Subject.CALENDAR else ""


def _case(kind: CaseKind, carrier: str) -> AftersalesCase:
    case = AftersalesCase("c1", kind, amount=_PRICE, carrier=carrier, number="SF1400000000099", reason="too small")
    return replace(case, freight=Money(Decimal("12.00"), "CNY"))


def _moments(kind: type) -> dict[str, Any]:
    names = [field.name for field in fields(kind) if field.type == "datetime | None"]
    return {name: SAMPLE_DAY + number * timedelta(hours=1) for number, name in enumerate(names)}


def _with_moments(part: Any) -> Any:
    return replace(part, **_moments(type(part)))
