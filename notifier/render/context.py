"""What a template sees: the order and its parts, with everything that strangers wrote made harmless.

Data is never compiled, so braces in it are just braces. Here it also loses line breaks and control characters (no
forged lines), links that are not web addresses (no `javascript:`), and what is too long to be meant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any, cast

from notifier.model.job import Job, Subject, Urgency
from notifier.model.order import AftersalesCase, Customer, Money, Order, Parcel, Review
from notifier.model.shop import Shop
from notifier.rules.text import clean_text

LONGEST = 2_000
"""Characters of one piece of data; shops allow 200 for a name and 2,000 for free text."""
_LONGEST_NAME = 60
_UNTOUCHED = {"datetime | None", "int", "bool", "OrderState", "CaseKind", "Decimal"}
_PARTS = {Subject.PARCEL: "parcels", Subject.CASE: "cases", Subject.REVIEW: "reviews"}

VARIABLES: Mapping[str, type | None] = {
    "shop": Shop,
    "order": Order,
    "customer": Customer,
    "parcel": Parcel,
    "case": AftersalesCase,
    "review": Review,
    **dict.fromkeys(
        (
            *("parcels", "parcel_number", "parcel_numbers", "parcel_count", "lines", "returnable_lines", "deadline"),
            *("step", "last_step", "greeting", "purpose", "language"),
        )
    ),
}
"""Every name a template may use, with its class where it has one."""


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """An alert as its job's own text sees it; `step` counts from 1."""

    number: int
    times: int
    opened: datetime
    urgency: Urgency
    step: int
    risk: Money | None
    what: str


STAFF_VARIABLES: Mapping[str, type | None] = {**VARIABLES, "alert": AlertFacts, "source": None}
"""Every name an alert's text may use. Its order is masked (`rules.masking.mask_order`)."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said why: the job, its step from 0, the ids of the parts it is about, the local date of a greeting."""

    job: Job
    order: Order
    subjects: Sequence[str] = ()
    step: int = 0
    occurrence: str = ""


def variables(saying: Saying, shop: Shop, language: str) -> dict[str, Any]:
    """The names of `VARIABLES` for one message. Raises LookupError when the part it is about is gone."""
    job, order = saying.job, harmless(saying.order)
    parts = _parts(job, order, saying.subjects)
    first = parts[0] if parts else None
    sent = [parcel for parcel in order.parcels if not parcel.voided]
    numbers = {parcel.id: number for number, parcel in enumerate(sent, 1)}
    parcels = parts if job.subject is Subject.PARCEL else tuple(sent)
    return {
        "shop": shop,
        "order": order,
        "customer": order.customer,
        "parcel": parcels[0] if parcels else None,
        "parcels": parcels,
        "parcel_number": numbers.get(parcels[0].id, 1) if parcels else 0,
        "parcel_numbers": [numbers.get(parcel.id, 1) for parcel in parcels],
        "parcel_count": len(sent),
        "case": first if job.subject is Subject.CASE else None,
        "review": first if job.subject is Subject.REVIEW else None,
        "lines": order.lines,
        "returnable_lines": [line for line in order.lines if line.returnable],
        "deadline": _deadline(saying, first or order),
        "step": saying.step + 1,
        "last_step": saying.step + 1 >= len(job.steps),
        "greeting": _greeting(shop, saying.occurrence),
        "purpose": str(job.purpose),
        "language": language,
    }


def _parts(job: Job, order: Order, subjects: Sequence[str]) -> tuple[Any, ...]:
    """The parcels, cases or reviews it is about, in the order's own sequence; unnamed, all that have its moment."""
    if job.subject not in _PARTS:
        return ()
    every = getattr(order, _PARTS[job.subject])
    named = {subject for subject in subjects if subject}
    found = tuple(part for part in every if (part.id in named if named else getattr(part, job.moment)))
    if not found or len(found) < len(named):
        raise LookupError(f"the {job.subject} that it is about is not in the order")
    return found


def _deadline(saying: Saying, part: Any) -> Any:
    steps = saying.job.steps
    if not saying.job.moment or not 0 <= saying.step < len(steps) or not steps[saying.step].before:
        return None
    return getattr(part, saying.job.moment)


def _greeting(shop: Shop, occurrence: str) -> str:
    """The greeting of a local date. Occurrences of a cron line are instants, and nearly all messages have none."""
    if not occurrence:
        return ""
    try:
        return shop.greetings.get(date.fromisoformat(occurrence), "")
    except ValueError:
        return ""


def harmless(order: Order) -> Order:
    """The same order without what could forge lines or links; the very same object when there is nothing to change.

    Nearly every order is clean, and one look at all its words together tells: a tenth of the time of going through it.
    """
    words: list[str] = []
    _collect(order, words)
    together = "".join(words)
    links = [order.link, *(parcel.link for parcel in order.parcels)]
    if (
        _is_clean(together)
        and all(map(_is_web_address, filter(None, links)))
        and _person(order.customer.name) == order.customer.name
    ):
        return order
    return cast("Order", _harmless(order))


def _collect(value: Any, words: list[str]) -> None:
    """Every string in there."""
    strings, nested = _shape(cast("Hashable", type(value)))
    words.extend(strings(value))
    for name in nested:
        inner = getattr(value, name)
        if not inner:
            continue
        if isinstance(inner, tuple):
            if isinstance(inner[0], str):
                words.extend(inner)
            else:
                for item in inner:
                    _collect(item, words)
        elif isinstance(inner, Mapping):
            words.extend(inner.values())
        else:
            _collect(inner, words)


@cache
def _shape(kind: Hashable) -> tuple[Callable[[Any], Iterable[str]], tuple[str, ...]]:
    """What gives the strings of a class, and the names of its fields that hold more of them."""
    known = fields(cast("Any", kind))
    strings = [field.name for field in known if field.type == "str"]
    nested = tuple(field.name for field in known if field.type not in {*_UNTOUCHED, "str"})
    return attrgetter(*strings, strings[0]), nested


def _harmless(value: Any) -> Any:
    if type(value) is str:
        return one_line(value)
    if type(value) is tuple:
        return tuple(map(_harmless, value))
    if is_dataclass(value) and not isinstance(value, type):
        return _harmless_fields(value)
    if isinstance(value, Mapping):
        return {key: _harmless(item) for key, item in value.items()}
    return value


def _harmless_fields(value: Any) -> Any:
    changes = {field.name: _harmless(getattr(value, field.name)) for field in fields(value)}
    if "link" in changes:
        changes["link"] = changes["link"] if _is_web_address(changes["link"]) else ""
    if isinstance(value, Customer):
        changes["name"] = _person(changes["name"])
    return replace(value, **changes)


def _is_clean(text: str) -> bool:
    return len(text) <= LONGEST and text.isprintable() and unicodedata.is_normalized("NFC", text)


def one_line(text: str) -> str:
    """Clean text in one line, at most `LONGEST` characters."""
    if _is_clean(text):
        return text
    return " ".join(clean_text(text[: 2 * LONGEST]).split())[:LONGEST]


def _is_web_address(link: str) -> bool:
    return link.startswith(("https://", "http://"))


def _person(name: str) -> str:
    """Names that carry a link are how strangers make a shop send their spam: then nobody is called by name."""
    lowered = name.lower()
    return "" if "://" in lowered or "www." in lowered or len(name) > _LONGEST_NAME else name
