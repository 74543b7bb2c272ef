"""An order as every part of the program sees it, whatever the shop calls things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class OrderState(StrEnum):
    """Where an order stands. `OTHER` is any state we do not know: it holds every reminder of the order."""

    UNPAID = "unpaid"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    OTHER = "other"


class CaseKind(StrEnum):
    """What a buyer asks for after the sale."""

    REFUND = "refund"
    RETURN = "return"
    EXCHANGE = "exchange"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Customer:
    """Who bought. `id` is the shop's own name for the person, the same in all of their orders.

    `consents` and `refuses` hold kinds of channel ("sms", "email", "chat"): consent is for marketing only,
    a refusal is for everything. `chat` maps a channel's name to the address there.
    """

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    chat: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    zone: str = ""
    consents: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One item of an order. `returnable` is False for what the law lets a shop not take back."""

    sku: str = ""
    title: str = ""
    quantity: int = 1
    price: Money | None = None
    category: str = ""
    tags: tuple[str, ...] = ()
    returnable: bool = True
    out_of_stock: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of an order. `lines` are the SKUs in it, empty when the shop does not say."""

    id: str
    carrier: str = ""
    number: str = ""
    link: str = ""
    shipped: datetime | None = None
    first_scan: datetime | None = None
    last_scan: datetime | None = None
    delivered: datetime | None = None
    returned: datetime | None = None
    voided: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AftersalesCase:
    """A refund, return, exchange or dispute. `closed` ends it without success; `paid` ends a refund.

    `freight` is the postage that the buyer laid out to send the goods back, `freight_paid` when they got it back.
    """

    id: str
    kind: CaseKind = CaseKind.REFUND
    requested: datetime | None = None
    agreed: datetime | None = None
    returned: datetime | None = None
    received: datetime | None = None
    decided: datetime | None = None
    paid: datetime | None = None
    shipped: datetime | None = None
    closed: datetime | None = None
    closes_by: datetime | None = None
    evidence_by: datetime | None = None
    amount: Money | None = None
    carrier: str = ""
    number: str = ""
    reason: str = ""
    evidence: bool = False
    freight: Money | None = None
    freight_paid: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """What a buyer wrote about an order; `rating` is 1 to 5, 0 when unknown."""

    id: str
    rating: int = 0
    written: datetime | None = None
    answered: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order at one moment.

    The moments (`placed` … `ran_out`) and deadlines (`pay_by` … `return_by`) are aware UTC. A moment the shop does
    not report is the instant we first saw the new state; its name then stands in `assumed`. `state_name` is the
    shop's own word for the state. `ran_out` is since when goods of it have been out of stock, None once they are there
    again; `promised_carrier` is who was promised to bring it, in the shop's words.
    """

    source: str
    id: str
    state: OrderState = OrderState.OTHER
    state_name: str = ""
    placed: datetime | None = None
    paid: datetime | None = None
    shipped: datetime | None = None
    delivered: datetime | None = None
    completed: datetime | None = None
    cancelled: datetime | None = None
    reviewed: datetime | None = None
    pay_by: datetime | None = None
    ship_by: datetime | None = None
    confirm_by: datetime | None = None
    return_by: datetime | None = None
    updated: datetime | None = None
    total: Money | None = None
    payment_method: str = ""
    address: str = ""
    link: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    customer: Customer = Customer()
    lines: tuple[Line, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    cases: tuple[AftersalesCase, ...] = ()
    reviews: tuple[Review, ...] = ()
    assumed: tuple[str, ...] = ()
    ran_out: datetime | None = None
    promised_carrier: str = ""


MOMENTS = ("placed", "paid", "shipped", "delivered", "completed", "cancelled", "reviewed", "ran_out")
DEADLINES = ("pay_by", "ship_by", "confirm_by", "return_by")
