"""What has happened to an order so far, in a few sentences."""

from __future__ import annotations

from notifier.model.order import MOMENTS, CaseKind, Order, OrderState
from notifier.rules.conditions import PAID
from notifier.rules.phrases import Times

_STANDS = {
    OrderState.UNPAID: "It waits for its payment",
    OrderState.PAID: "It is paid and waits to be shipped",
    OrderState.SHIPPED: "It is on its way",
    OrderState.DELIVERED: "It was delivered",
    OrderState.COMPLETED: "It is completed",
    OrderState.CANCELLED: "It was cancelled",
    OrderState.OTHER: "Its state is not known here, so everything about it waits",
}
_CASES = {
    CaseKind.REFUND: "a refund",
    CaseKind.RETURN: "a return",
    CaseKind.EXCHANGE: "an exchange",
    CaseKind.DISPUTE: "a dispute",
}


def story(order: Order, times: Times) -> tuple[str, ...]:
    """Where it stands, how it came there, its after-sales cases, and whose clock the times are on."""
    sentences = [_stands(order, times), _happened(order, times), *_cases(order, times)]
    return (*filter(None, sentences), f"Times are those of {times.zone}.")


def _stands(order: Order, times: Times) -> str:
    words = _STANDS[order.state]
    if order.state is OrderState.OTHER and order.state_name:
        words += f" (the shop says “{order.state_name}”)"
    if order.pay_by is not None and order.state not in PAID and order.state is not OrderState.CANCELLED:
        words += f", due {times.at(order.pay_by)}"
    return f"{words}."


def _happened(order: Order, times: Times) -> str:
    """`Placed Sun 1 Mar, 09:00; paid Sun 1 Mar, 12:00.`; a moment nobody reported is marked as such."""
    moments = [(moment, name) for name in MOMENTS if (moment := getattr(order, name)) is not None]
    words = [
        f"{name.replace('_', ' ')} {times.at(moment)}{' (when it was first seen so)' if name in order.assumed else ''}"
        for moment, name in sorted(moments, key=lambda pair: pair[0])
    ]
    told = "; ".join(words)
    return f"{told[:1].upper()}{told[1:]}." if told else ""


def _cases(order: Order, times: Times) -> list[str]:
    told = []
    for case in order.cases:
        opened = f", opened {times.at(case.requested)}" if case.requested else ""
        end = "closed" if case.closed else "paid back" if case.paid else "open"
        told.append(f"There is {_CASES[case.kind]} ({case.id}){opened}, now {end}.")
    return told
