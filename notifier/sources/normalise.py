"""The one place where a record, whatever the shop calls things, becomes an Order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import msgspec

from notifier.errors import BadOrder
from notifier.model.order import AftersalesCase, CaseKind, Customer, Line, Order, OrderState, Parcel, Review
from notifier.model.shop import Shop
from notifier.sources import values
from notifier.sources.mapping import (
    GROUPS,
    MappingOptions,
    column,
    customer_part,
    group_part,
    located,
    nested_customer_part,
    order_part,
)
from notifier.sources.moments import Moments
from notifier.sources.paths import Getter
from notifier.sources.values import BadValue

_MOST_ENTRIES = 1000
_SHORTHAND = ("carrier", "tracking_number", "tracking_link", "first_scan", "last_scan", "rating")
_LEFT = {OrderState.SHIPPED, OrderState.DELIVERED, OrderState.COMPLETED}
_OWN_STATES = {state.value: state for state in OrderState}
_OWN_KINDS = {kind.value: kind for kind in CaseKind}


class Normaliser:
    """Makes orders of a source's records.

    `getter` turns the right side of `fields` into what fetches it: a column's name, or a path into JSON. Times without
    an offset are local to `options.zone`, or the shop's zone.
    """

    def __init__(
        self, source: str, options: MappingOptions, shop: Shop, getter: Callable[[str], Getter] = column
    ) -> None:
        fields = options.fields
        moment = Moments(options.zone or shop.zone)
        self._source = source
        self._currency = shop.currency
        self._id = located(fields, "id", getter)
        self._own_currency = located(fields, "currency", getter)
        self._order = order_part(fields, getter, moment)
        self._customer = customer_part(fields, getter, moment)
        self._nested_customer = nested_customer_part(moment)
        self._chat = [(field[14:], getter(str(where))) for field, where in fields.items() if _is_chat(field)]
        self._lists = {group: located(fields, group, getter) for group in GROUPS}
        self._entries = {group: group_part(group, fields, getter, moment) for group in GROUPS}
        self._states = _folded(_OWN_STATES, options.states)
        self._kinds = _folded(_OWN_KINDS, options.case_kinds)
        self._kept_categories = {text.casefold() for text in options.not_returnable.categories}
        self._kept_tags = {text.casefold() for text in options.not_returnable.tags}
        settings = options.model_dump_json(include={"fields", "states", "case_kinds", "not_returnable", "zone"})
        self.fingerprint = blake2b(f"{settings}{shop.zone}{shop.currency}".encode(), digest_size=8).digest()

    def digest(self, content: bytes) -> str:
        """A short name for a record's raw content: the same content under the same mapping gives the same one."""
        return blake2b(content, digest_size=16, salt=self.fingerprint).hexdigest()

    def id_of(self, raw: Any) -> str:
        """The order's id. Raises BadOrder when there is none."""
        try:
            found = self._id(raw) if isinstance(raw, Mapping) else None
            text = "" if found is None else values.identity(found)
        except BadValue as error:
            raise BadOrder(f"id {error}") from None
        if not text:
            raise BadOrder("it has no id; say in fields.id where it stands")
        return text

    def order(self, raw: Any) -> Order:
        """Understand a record. Raises BadOrder, and nothing else, with a sentence that names the field.

        1. Read the order's own fields, its customer and its lists.
        2. Translate the state, or derive it from the moments.
        3. Complete it: one parcel and one review from the order's own columns.
        """
        try:
            return self._understand(raw)
        except BadOrder:
            raise
        except (ValueError, TypeError, ArithmeticError, RecursionError, LookupError) as error:
            raise BadOrder(f"it cannot be read: {type(error).__name__}") from None

    def _understand(self, raw: Any) -> Order:
        id_ = self.id_of(raw)
        currency = self._currency_of(raw)
        found = self._order.read(raw, currency)
        extra = {field: found.pop(field) for field in _SHORTHAND if field in found}
        lists = {group: self._list(group, raw, currency) for group in GROUPS}
        customer = self._read_customer(raw, currency)
        _complete_shipping(found, lists["parcels"] or ())
        word = found.pop("state", "")
        state = self._states.get(word.casefold(), OrderState.OTHER) if word else _derived(found)
        return Order(
            source=self._source,
            id=id_,
            state=state,
            state_name=word,
            customer=customer,
            lines=lists["lines"] or (),
            parcels=_one_parcel(found, extra, state) if lists["parcels"] is None else lists["parcels"],
            cases=lists["cases"] or (),
            reviews=_one_review(found, extra) if lists["reviews"] is None else lists["reviews"],
            **found,
        )

    def _currency_of(self, raw: Any) -> str:
        own = self._own_currency(raw)
        try:
            return values.currency(own) if own else self._currency
        except BadValue as error:
            raise BadOrder(f"currency {error}") from None

    def _read_customer(self, raw: Any, currency: str) -> Customer:
        found = self._customer.read(raw, currency)
        nested = raw.get("customer")
        if isinstance(nested, Mapping):
            found = self._nested_customer.read(nested, currency) | found
        if self._chat:
            chat = {name: str(address) for name, get in self._chat if (address := get(raw))}
            found["chat"] = {**found.get("chat", {}), **chat}
        if not found.get("id") and (known_by := found.get("email", "").lower() or found.get("phone")):
            found["id"] = _guest(known_by)
        return Customer(**found)

    def _list(self, group: str, raw: Any, currency: str) -> tuple[Any, ...] | None:
        """One of the lists; None when the record has none at all. A database may hold it as JSON text."""
        entries = self._lists[group](raw)
        if isinstance(entries, str | bytes):
            try:
                entries = msgspec.json.decode(entries) if entries else None
            except ValueError:
                raise BadOrder(f"{group} is not a list") from None
        if entries is None:
            return None
        if not isinstance(entries, list | tuple) or not all(isinstance(entry, Mapping) for entry in entries):
            raise BadOrder(f"{group} is not a list of objects")
        if len(entries) > _MOST_ENTRIES:
            raise BadOrder(f"{group} has more than {_MOST_ENTRIES} entries")
        read = self._entries[group].read
        return self._made(group, [read(entry, currency) for entry in entries])

    def _made(self, group: str, entries: list[dict[str, Any]]) -> tuple[Any, ...]:
        if group == "lines":
            return tuple(self._line(entry) for entry in entries)
        if group == "parcels":
            return _parcels(entries)
        if group == "cases":
            return _unique(AftersalesCase, [self._case(entry) for entry in entries])
        return _unique(Review, entries)

    def _line(self, entry: dict[str, Any]) -> Line:
        line = Line(**entry)
        kept = line.category.casefold() in self._kept_categories or any(
            tag.casefold() in self._kept_tags for tag in line.tags
        )
        return replace(line, returnable=False) if kept else line

    def _case(self, entry: dict[str, Any]) -> dict[str, Any]:
        if word := entry.get("kind"):
            if word.casefold() not in self._kinds:
                raise BadOrder("cases.kind is a word we do not know; translate it in the settings under case_kinds")
            entry["kind"] = self._kinds[word.casefold()]
        if entry.get("kind", CaseKind.REFUND) is CaseKind.REFUND and "agreed" in entry:
            # Nothing has to come back and be looked at first: who agrees to the refund has decided.
            entry.setdefault("decided", entry["agreed"])
        return entry


def _is_chat(field: str) -> bool:
    return field.startswith("customer.chat.")


def _folded(own: Mapping[str, Any], translated: Mapping[str, Any]) -> dict[str, Any]:
    return {**own, **{word.strip().casefold(): ours for word, ours in translated.items()}}


def _guest(known_by: str) -> str:
    """Guests have no id: what is the same for one address in all orders, and tells nobody the address."""
    return "guest-" + blake2b(known_by.encode(), digest_size=9).hexdigest()


def _parcels(entries: list[dict[str, Any]]) -> tuple[Parcel, ...]:
    """Rows with one number are one parcel with several lines in it; a parcel without id is known by its number."""
    found: dict[str, Parcel] = {}
    for position, entry in enumerate(entries, 1):
        id_ = entry.pop("id", "") or entry.get("number") or str(position)
        if id_ in found:
            lines = (*found[id_].lines, *entry.get("lines", ()))
            found[id_] = replace(found[id_], lines=tuple(dict.fromkeys(lines)))
        else:
            found[id_] = Parcel(id=id_, **entry)
    return tuple(found.values())


def _unique(kind: Callable[..., Any], entries: list[dict[str, Any]]) -> tuple[Any, ...]:
    """The first of each id; one without an id is known by its position."""
    found: dict[str, Any] = {}
    for position, entry in enumerate(entries, 1):
        id_ = entry.pop("id", "") or str(position)
        found.setdefault(id_, kind(id=id_, **entry))
    return tuple(found.values())


def _complete_shipping(found: dict[str, Any], parcels: tuple[Parcel, ...]) -> None:
    """When the order left and arrived, from its parcels, where it does not say so itself."""
    live = [parcel for parcel in parcels if not parcel.voided]
    left = [parcel.shipped for parcel in live if parcel.shipped]
    arrived = [parcel.delivered for parcel in live if parcel.delivered]
    if left and not found.get("shipped"):
        found["shipped"] = min(left)
    if arrived and len(arrived) == len(live) and not found.get("delivered"):
        found["delivered"] = max(arrived)


def _derived(found: Mapping[str, Any]) -> OrderState:
    """The state of a shop that gives none: the last thing that has happened."""
    for state in (
        OrderState.CANCELLED,
        OrderState.COMPLETED,
        OrderState.DELIVERED,
        OrderState.SHIPPED,
        OrderState.PAID,
    ):
        if found.get(state.value):
            return state
    return OrderState.UNPAID


def _one_parcel(found: Mapping[str, Any], extra: Mapping[str, Any], state: OrderState) -> tuple[Parcel, ...]:
    """The parcel of a shop that sends one per order and has its number in the order itself."""
    shipped, delivered = found.get("shipped"), found.get("delivered")
    if not (shipped or delivered or (extra and state in _LEFT)):
        return ()
    number = extra.get("tracking_number", "")
    parcel = Parcel(
        id=number or "1",
        carrier=extra.get("carrier", ""),
        number=number,
        link=extra.get("tracking_link", ""),
        shipped=shipped,
        first_scan=extra.get("first_scan"),
        last_scan=extra.get("last_scan"),
        delivered=delivered,
    )
    return (parcel,)


def _one_review(found: Mapping[str, Any], extra: Mapping[str, Any]) -> tuple[Review, ...]:
    written, rating = found.get("reviewed"), extra.get("rating", 0)
    return (Review("1", rating, written),) if written or rating else ()


def row_content(row: Any) -> bytes:
    """The bytes of a row of a database or a CSV file, for its digest: the same values give the same bytes."""
    return repr(row).encode("utf-8", "backslashreplace")
