"""Personal data as lists, logs and confirmations show it: enough to recognise, not enough to misuse."""

from __future__ import annotations

import re
from dataclasses import replace

from notifier.model.order import Customer, Order
from notifier.redact import redact

_CJK = re.compile("[\u3400-\u9fff\uac00-\ud7a3\u3040-\u30ff]")
# Each word is looked at from its beginning alone, and once.
_NUMBERED = re.compile(r"(?<![A-Za-z-])[A-Za-z-]*+\d[A-Za-z\d-]*")
_SHORTEST_PHONE = 8
_SHORTEST_OTHER = 5
_PHONE = re.compile(r"\+?[\d ()./-]+")


def mask_phone(phone: str) -> str:
    """`+8613800138000` → `+86138****8000`: the last four digits stay, the four before them go."""
    if len(phone) < _SHORTEST_PHONE:
        return "*" * max(0, len(phone) - 2) + phone[-2:]
    return f"{phone[:-8]}****{phone[-4:]}"


def mask_recipient(address: str) -> str:
    """`anna@example.com` → `a***@example.com`; a phone number as `mask_phone` does; of anything else the last two."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    if _PHONE.fullmatch(address):
        return mask_phone(address)
    return f"***{address[-2:]}" if len(address) > _SHORTEST_OTHER else "***"


def mask_customer(id_: str) -> str:
    """A shop's own name for a customer; where that is a mail address, as many have it for guests, it is masked."""
    return mask_recipient(id_) if "@" in id_ else id_


def mask_name(name: str) -> str:
    """`张小明` → `张**`, `Anna Smith` → `A*** S***`."""
    if _CJK.search(name):
        return name[:1] + "*" * (len(name) - 1)
    return " ".join(f"{word[0]}***" for word in name.split())


def mask_address(address: str) -> str:
    """`文三路138号2幢` → `文三路***号*幢`: the street stays, numbers go. Where there are none, the second half goes."""
    masked = _NUMBERED.sub(lambda match: "*" * len(match[0]), address)
    if masked != address:
        return masked
    half = (len(address) + 1) // 2
    return address[:half] + "*" * (len(address) - half)


def mask_order(order: Order) -> Order:
    """The order as texts for the staff see it: the name masked; phone, addresses and notes left out.

    An alert goes to phones, chat groups and lock screens; who needs the address finds it in the shop.
    """
    customer = order.customer
    person = Customer(
        id=mask_customer(customer.id), name=mask_name(customer.name), language=customer.language, zone=customer.zone
    )
    cases = tuple(replace(case, reason=redact(case.reason)) for case in order.cases)
    return replace(order, customer=person, address="", note="", cases=cases)
