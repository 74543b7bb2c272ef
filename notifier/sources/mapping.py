"""Which of a shop's columns or paths is which of our fields, and how each field is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import methodcaller
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from notifier.errors import BadOrder
from notifier.model.order import DEADLINES, MOMENTS, CaseKind, OrderState
from notifier.options import Options, SourceOptions
from notifier.sources import values
from notifier.sources.paths import Getter
from notifier.sources.values import BadValue

Reader = Callable[[Any], Any]
_MOMENT, _MONEY = "moment", "money"
_ORDER: dict[str, Any] = {
    "state": values.name,
    **dict.fromkeys((*MOMENTS, *DEADLINES, "updated"), _MOMENT),
    "total": _MONEY,
    "payment_method": values.name,
    "address": values.free_text,
    "link": values.link,
    "note": values.free_text,
    "tags": values.words,
    "promised_carrier": values.name,
    "carrier": values.name,
    "tracking_number": values.name,
    "tracking_link": values.link,
    "first_scan": _MOMENT,
    "last_scan": _MOMENT,
    "rating": values.rating,
}
_CUSTOMER: dict[str, Any] = {
    "id": values.person,
    "name": values.name,
    "email": values.email,
    "phone": values.phone,
    "language": values.language,
    "zone": values.zone,
    "consents": values.consents,
    "refuses": values.refusals,
    "chat": values.addresses,
}
_LINE: dict[str, Any] = {
    "sku": values.name,
    "title": values.name,
    "quantity": values.whole_number,
    "price": _MONEY,
    "category": values.name,
    "tags": values.words,
    "returnable": values.flag,
    "out_of_stock": values.flag,
}
_PARCEL: dict[str, Any] = {
    "id": values.identity,
    "carrier": values.name,
    "number": values.name,
    "link": values.link,
    **dict.fromkeys(("shipped", "first_scan", "last_scan", "delivered", "returned"), _MOMENT),
    "voided": values.flag,
    "lines": values.words,
}
_CASE: dict[str, Any] = {
    "id": values.identity,
    "kind": values.name,
    **dict.fromkeys(("requested", "agreed", "returned", "received", "decided", "paid"), _MOMENT),
    **dict.fromkeys(("shipped", "closed", "closes_by", "evidence_by", "freight_paid"), _MOMENT),
    **dict.fromkeys(("amount", "freight"), _MONEY),
    "carrier": values.name,
    "number": values.name,
    "reason": values.free_text,
    "evidence": values.flag,
}
_REVIEW: dict[str, Any] = {"id": values.identity, "rating": values.rating, "written": _MOMENT, "answered": _MOMENT}
GROUPS: dict[str, dict[str, Any]] = {"lines": _LINE, "parcels": _PARCEL, "cases": _CASE, "reviews": _REVIEW}
"""The lists within an order, and what their entries consist of."""
_KNOWN = {
    "id",
    "currency",
    *_ORDER,
    *(f"customer.{field}" for field in _CUSTOMER),
    *GROUPS,
    *(f"{group}.{field}" for group, fields in GROUPS.items() for field in fields),
}


def _check_fields(fields: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    """`customer_email` is taken for `customer.email`; a name that is no field of ours is refused."""
    checked: dict[str, str | list[str]] = {}
    for field, where in fields.items():
        ours = field.replace("customer_", "customer.", 1) if field.startswith("customer_") else field
        if ours not in _KNOWN and not ours.startswith("customer.chat."):
            raise ValueError(f'"{field}" is not a field of an order; there are {", ".join(sorted(_KNOWN))}')
        checked[ours] = where
    return checked


FieldMap = Annotated[dict[str, str | list[str]], AfterValidator(_check_fields)]
"""Our field ← their column or path; several are joined with a blank, "" leaves the field out."""
_Words = WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}})


class NotReturnable(Options):
    """Which lines the law lets the shop not take back, by their category or one of their tags."""

    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class MappingOptions(SourceOptions):
    """What every source takes to understand its shop.

    `states` and `case_kinds` translate the shop's words; a state that is in neither this table nor our own is `other`
    and holds every reminder of the order.
    """

    fields: FieldMap = Field(default_factory=dict)
    states: Annotated[dict[str, OrderState], _Words] = Field(default_factory=dict)
    case_kinds: Annotated[dict[str, CaseKind], _Words] = Field(default_factory=dict)
    not_returnable: NotReturnable = NotReturnable()


def column(name: str) -> Getter:
    """Fetches a column of a row."""
    return methodcaller("get", name)


class Part:
    """How one kind of record is read: for each of our fields where it stands and what makes sense of it.

    `label` is what stands before a field's name in `fields`, `own_prefix` before that of a column `fields` leaves out.
    """

    def __init__(
        self,
        label: str,
        readers: Mapping[str, Any],
        moment: Reader,
        fields: FieldMap | None = None,
        getter: Callable[[str], Getter] = column,
        own_prefix: str = "",
    ) -> None:
        self._label = label
        self._own: dict[str, tuple[str, Any]] = {}
        self._placed: list[tuple[str, Getter, Any]] = []
        for field, reader in readers.items():
            read = moment if reader == _MOMENT else reader
            if f"{label}{field}" in (fields or {}):
                self._placed.append((field, located(fields or {}, f"{label}{field}", getter), read))
            else:
                self._own[f"{own_prefix}{field}"] = (field, read)

    def read(self, raw: Mapping[str, Any], currency: str) -> dict[str, Any]:
        """The fields of `raw` that hold something. Raises BadOrder naming the field that makes no sense.

        The record's own keys are gone through, not ours: a flat record has ten of them, we know forty.
        """
        found: dict[str, Any] = {}
        own = self._own
        field = ""
        try:
            for key, value in raw.items():
                if key in own and value is not None and value != "":
                    field, reader = own[key]
                    found[field] = values.money(value, currency) if reader == _MONEY else reader(value)
            for field, get, reader in self._placed:
                value = get(raw)
                if value is not None and value != "":
                    found[field] = values.money(value, currency) if reader == _MONEY else reader(value)
        except BadValue as error:
            raise BadOrder(f"{self._label}{field} {error}") from None
        return found


def located(fields: FieldMap, field: str, getter: Callable[[str], Getter]) -> Getter:
    """Fetches `field` from where the settings say, otherwise from under its own name; nothing when they say ""."""
    where = fields.get(field, field)
    getters = [getter(one) for one in ([where] if isinstance(where, str) else where) if one]
    if field not in fields:
        return column(field)
    if len(getters) == 1:
        return getters[0]

    def joined(raw: Any) -> str:
        texts = (values.free_text(found) for get in getters if (found := get(raw)) is not None)
        return " ".join(text for text in texts if text)

    return joined


def order_part(fields: FieldMap, getter: Callable[[str], Getter], moment: Reader) -> Part:
    """How the order itself is read."""
    return Part("", _ORDER, moment, fields, getter)


def customer_part(fields: FieldMap, getter: Callable[[str], Getter], moment: Reader) -> Part:
    """How the customer is read from the order's own columns (`customer_email`)."""
    return Part("customer.", _CUSTOMER, moment, fields, getter, "customer_")


def nested_customer_part(moment: Reader) -> Part:
    """How a customer is read that stands in the order as an object of its own with our names."""
    return Part("customer.", _CUSTOMER, moment)


def group_part(group: str, fields: FieldMap, getter: Callable[[str], Getter], moment: Reader) -> Part:
    """How the entries of one of the lists are read."""
    return Part(f"{group}.", GROUPS[group], moment, fields, getter)


def mapped_columns(fields: FieldMap) -> Iterable[tuple[str, str]]:
    """Each field of the order or its customer that the settings place, and the column it is to stand in."""
    for field, where in fields.items():
        if field.partition(".")[0] not in GROUPS:
            yield from ((field, one) for one in ([where] if isinstance(where, str) else where) if one)
