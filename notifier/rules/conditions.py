"""The conditions a job file may name: one-line functions, each with the sentence that says why it does not hold.

A condition is asked when planning and again right before sending. Those that look at the customer's other orders are
asked only right before sending, when these are at hand; until then they are taken to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from notifier.model.duration import Duration
from notifier.model.job import Condition
from notifier.model.order import AftersalesCase, CaseKind, Customer, Money, Order, OrderState, Parcel, Review
from notifier.rules.addresses import address_unclear
from notifier.rules.arguments import read_age, read_kinds, read_money, read_rating, read_words
from notifier.rules.carriers import same_carrier

PAID = frozenset({OrderState.PAID, OrderState.SHIPPED, OrderState.DELIVERED, OrderState.COMPLETED})
SHIPPED = frozenset({OrderState.SHIPPED, OrderState.DELIVERED, OrderState.COMPLETED})
DELIVERED = frozenset({OrderState.DELIVERED, OrderState.COMPLETED})


@dataclass(frozen=True, slots=True)
class View:
    """What a condition sees: an order, the part of it that the reminder is about, and the time.

    `subject` is an Order, Parcel, AftersalesCase or Review, as the job's event says. `others` are the customer's other
    orders, None while planning.
    """

    order: Order
    subject: Any
    now: datetime
    others: Sequence[Order] | None = None


Test = Callable[[View, Any], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition: its test, why a reminder is not wanted when it fails, and how its argument is read (None: none).

    `others` says that it looks at the customer's other orders, which have to be fetched for it.
    """

    test: Test
    unmet: str
    read: Callable[[Any], Any] | None = None
    about: type | None = None
    others: bool = False


def _open(case: AftersalesCase) -> bool:
    """A case is open until it is closed or its money is paid; an exchange ends when the replacement leaves."""
    return case.closed is None and case.paid is None and not (case.kind is CaseKind.EXCHANGE and case.shipped)


def _answered(case: AftersalesCase) -> bool:
    """The shop has said yes or no, or things went on as if it had said yes."""
    return bool(case.agreed or case.decided or case.returned or case.received or case.paid)


def _agrees_to_marketing(customer: Customer) -> bool:
    """Is there a kind of channel with an address, with consent and without refusal?"""
    addresses = {"email": customer.email, "sms": customer.phone, "chat": customer.chat}
    return any(addresses.get(kind) for kind in set(customer.consents) - set(customer.refuses))


def _is_paid(order: Order) -> bool:
    return order.paid is not None or order.state in PAID


def _goods(order: Order) -> frozenset[str]:
    return frozenset(line.sku or line.title for line in order.lines)


def _after(other: Order, order: Order) -> bool:
    return other.placed is not None and order.placed is not None and other.placed > order.placed


def _same_goods(other: Order, order: Order) -> bool:
    return bool(_goods(order) & _goods(other))


def _bought_elsewhere(view: View) -> bool:
    return any(_is_paid(o) and _after(o, view.order) and _same_goods(o, view.order) for o in view.others or ())


def _is_duplicate(view: View) -> bool:
    """The newer one of two unpaid orders for the same goods: its older twin is nudged already.

    Two clicks may fall into one instant: then the id decides which of them is the newer.
    """
    open_twins = (o for o in view.others or () if not _is_paid(o) and o.state is OrderState.UNPAID)
    return any(_follows(view.order, o) and _same_goods(o, view.order) for o in open_twins)


def _follows(order: Order, twin: Order) -> bool:
    return _after(order, twin) or (order.placed is not None and order.placed == twin.placed and order.id > twin.id)


def _before_shipping(order: Order, case: AftersalesCase) -> bool:
    """Nothing has left, or it left only after the case was opened."""
    if order.shipped is None:
        return order.state not in SHIPPED
    return case.requested is not None and case.requested <= order.shipped


def _reshipped(order: Order, back: Parcel) -> bool:
    """Another parcel left after this one came back."""
    left = (parcel.shipped for parcel in order.parcels if parcel.shipped and not parcel.voided)
    return back.returned is not None and any(moment > back.returned for moment in left)


def _receipt_ends(view: View, within: Duration) -> bool:
    """Would the receipt be confirmed by itself so soon after the case was agreed that goods are still on their way?"""
    ends, agreed = view.order.confirm_by, view.subject.agreed
    return ends is not None and agreed is not None and (ends - agreed).total_seconds() < _days(within) * 86_400


def _total(view: View, least: Money, holds: Callable[[Decimal, Decimal], bool]) -> bool:
    total = view.order.total
    return total is not None and total.currency == least.currency and holds(total.amount, least.amount)


def _young(view: View, age: Duration) -> bool:
    placed = view.order.placed
    return placed is not None and (view.now - placed).total_seconds() <= _days(age) * 86_400


def _days(length: Duration) -> float:
    return length.seconds / 86_400 + length.months * 365.25 / 12


CONDITIONS: dict[str, Rule] = {
    # the order
    "unpaid": Rule(lambda v, _: not _is_paid(v.order), "the order is paid"),
    "paid": Rule(lambda v, _: _is_paid(v.order), "the order is not paid"),
    "unshipped": Rule(lambda v, _: not v.order.shipped and v.order.state not in SHIPPED, "the order has been shipped"),
    "shipped": Rule(lambda v, _: bool(v.order.shipped) or v.order.state in SHIPPED, "the order has not been shipped"),
    "undelivered": Rule(
        lambda v, _: not v.order.delivered and v.order.state not in DELIVERED, "the order has been delivered"
    ),
    "delivered": Rule(
        lambda v, _: bool(v.order.delivered) or v.order.state in DELIVERED, "the order has not been delivered"
    ),
    "uncompleted": Rule(
        lambda v, _: not v.order.completed and v.order.state is not OrderState.COMPLETED, "the order is completed"
    ),
    "active": Rule(lambda v, _: v.order.state is not OrderState.CANCELLED, "the order was cancelled"),
    "not_reviewed": Rule(lambda v, _: not v.order.reviewed and not v.order.reviews, "the customer has reviewed it"),
    "no_open_case": Rule(lambda v, _: not any(map(_open, v.order.cases)), "an after-sales case is open"),
    "no_case": Rule(lambda v, _: not v.order.cases, "there is an after-sales case"),
    "not_returned": Rule(lambda v, _: not any(p.returned for p in v.order.parcels), "a parcel came back"),
    "not_refunded": Rule(lambda v, _: not any(c.paid for c in v.order.cases), "money was paid back"),
    "returnable": Rule(
        lambda v, _: not v.order.lines or any(line.returnable for line in v.order.lines),
        "nothing in the order can be returned",
    ),
    "total_at_least": Rule(lambda v, a: _total(v, a, Decimal.__ge__), "the order's total is too small", read_money),
    "total_at_most": Rule(lambda v, a: _total(v, a, Decimal.__le__), "the order's total is too large", read_money),
    "payment_method": Rule(lambda v, a: v.order.payment_method in a, "the order is paid in another way", read_words),
    "not_payment_method": Rule(
        lambda v, a: v.order.payment_method not in a, "the way this order is paid is left out", read_words
    ),
    "tagged": Rule(lambda v, a: not a.isdisjoint(v.order.tags), "the order lacks the tag", read_words),
    "not_tagged": Rule(lambda v, a: a.isdisjoint(v.order.tags), "the order has a tag that is left out", read_words),
    "ordered_within": Rule(_young, "the order is too old", read_age),
    "address_unclear": Rule(lambda v, _: address_unclear(v.order.address), "the address looks complete"),
    # a parcel
    "tracked": Rule(lambda v, _: bool(v.subject.number), "the parcel has no tracking number", None, Parcel),
    "not_voided": Rule(lambda v, _: not v.subject.voided, "the parcel was voided", None, Parcel),
    "unscanned": Rule(lambda v, _: not v.subject.first_scan, "the carrier has scanned the parcel", None, Parcel),
    "parcel_undelivered": Rule(lambda v, _: not v.subject.delivered, "the parcel was delivered", None, Parcel),
    "parcel_not_returned": Rule(lambda v, _: not v.subject.returned, "the parcel came back", None, Parcel),
    "not_reshipped": Rule(
        lambda v, _: not _reshipped(v.order, v.subject), "the goods have been shipped again", None, Parcel
    ),
    "other_carrier": Rule(
        lambda v, _: not same_carrier(v.order.promised_carrier, v.subject.carrier),
        "the parcel is with the carrier that was promised",
        None,
        Parcel,
    ),
    # an after-sales case
    "case_open": Rule(lambda v, _: _open(v.subject), "the case is closed", None, AftersalesCase),
    "case_unpaid": Rule(lambda v, _: not v.subject.paid, "the money was paid back", None, AftersalesCase),
    "no_return_number": Rule(
        lambda v, _: not (v.subject.number or v.subject.returned or v.subject.received),
        "the customer has filled in the tracking number, or the goods are back",
        None,
        AftersalesCase,
    ),
    "case_unanswered": Rule(
        lambda v, _: not _answered(v.subject), "the shop has answered the case", None, AftersalesCase
    ),
    "before_shipping": Rule(
        lambda v, _: _before_shipping(v.order, v.subject),
        "the order had been shipped when the case was opened",
        None,
        AftersalesCase,
    ),
    "receipt_ends_within": Rule(
        _receipt_ends, "the customer has time enough to confirm the receipt", read_age, AftersalesCase
    ),
    "case_undecided": Rule(lambda v, _: not v.subject.decided, "the case is decided", None, AftersalesCase),
    "no_evidence": Rule(lambda v, _: not v.subject.evidence, "the customer has sent a picture", None, AftersalesCase),
    "freight_owed": Rule(
        lambda v, _: bool(v.subject.freight and v.subject.freight.amount) and not v.subject.freight_paid,
        "no postage is owed to the customer",
        None,
        AftersalesCase,
    ),
    "case_reason": Rule(
        lambda v, a: any(word.casefold() in v.subject.reason.casefold() for word in a),
        "the case has another reason",
        read_words,
        AftersalesCase,
    ),
    "case_kind": Rule(lambda v, a: v.subject.kind in a, "it is another kind of case", read_kinds, AftersalesCase),
    # a review
    "rating_at_most": Rule(lambda v, a: 0 < v.subject.rating <= a, "the rating is better", read_rating, Review),
    "unanswered": Rule(lambda v, _: not v.subject.answered, "the review has been answered", None, Review),
    # the customer
    "no_marketing_consent": Rule(
        lambda v, _: not _agrees_to_marketing(v.order.customer), "the customer has agreed to be written to"
    ),
    "nothing_refused": Rule(lambda v, _: not v.order.customer.refuses, "the customer has opted out"),
    # the customer's other orders, known only right before sending
    "no_newer_order": Rule(
        lambda v, _: not any(_after(o, v.order) for o in v.others or ()),
        "the customer has ordered again since",
        others=True,
    ),
    "not_bought_elsewhere": Rule(
        lambda v, _: not _bought_elsewhere(v), "the customer has paid another order for the same goods", others=True
    ),
    "not_duplicate": Rule(
        lambda v, _: not _is_duplicate(v), "an older order for the same goods is nudged already", others=True
    ),
    "duplicate": Rule(
        lambda v, _: v.others is None or _is_duplicate(v), "no other order for the same goods waits", others=True
    ),
}


def parse_condition(raw: Any) -> Condition:
    """Read one entry of `only_if`: a name, or a table of one name and its argument. Raises ValueError."""
    if isinstance(raw, dict) and len(raw) == 1:
        ((name, argument),) = raw.items()
    elif isinstance(raw, str):
        name, argument = raw, None
    else:
        raise ValueError(f'{raw!r} is not a condition; write "unpaid" or {{ rating_at_most = 3 }}')
    rule = CONDITIONS.get(name)
    if rule is None:
        raise ValueError(f"there is no condition {name!r}; there are {', '.join(sorted(CONDITIONS))}")
    if rule.read is None:
        if argument is not None:
            raise ValueError(f"{name} takes no argument")
        return Condition(name)
    if argument is None:
        raise ValueError(f"{name} needs an argument, as in {{ {name} = … }}")
    return Condition(name, rule.read(argument))
