"""Rows of `orders`. They are JSON, and understood only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

import msgspec
from sqlalchemy import Connection, func, select

from notifier.interfaces import StoredOrder
from notifier.model.order import Order
from notifier.store.instants import instant, micros
from notifier.store.statements import among, fetch, param, upsert
from notifier.store.states import LATEST_ORDERS
from notifier.store.tables import orders

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Order).decode
_CHANGING = ("state", "customer", "placed", "read", "digest", "body")

_of_source = orders.c.source == param("source_name")
_DIGESTS = select(orders.c.id, orders.c.digest).where(_of_source, among(orders.c.id))
_STORED = select(orders.c.id, orders.c.body, orders.c.digest, orders.c.read)
_decode_stored = msgspec.json.Decoder(list[tuple[str, Order, str, int]]).decode
_BY_ID = _STORED.where(_of_source, among(orders.c.id))
_AFTER = _STORED.where(_of_source, orders.c.id > param("last")).order_by(orders.c.id).limit(param("most"))


def save(connection: Connection, stored: Sequence[StoredOrder]) -> None:
    """Insert these orders, or replace our copies of them."""
    rows = [
        (
            order.source,
            order.id,
            order.state.value,
            order.customer.id,
            micros(order.placed) if order.placed else 0,
            micros(one.read),
            one.digest,
            _encode(order),
        )
        for one in stored
        for order in (one.order,)
    ]
    upsert(connection.dialect.name, orders, _CHANGING).run(connection, rows)


def digests(connection: Connection, source: str, ids: Sequence[str]) -> dict[str, str]:
    """The digests of those that we have."""
    return dict(fetch(connection, _DIGESTS, {"source_name": source, "ids": ids}))


def by_id(connection: Connection, source: str, ids: Sequence[str]) -> dict[str, StoredOrder]:
    """Those of these orders that we have."""
    rows = fetch(connection, _BY_ID, {"source_name": source, "ids": ids}, _decode_stored)
    return {id_: StoredOrder(order, digest, instant(read)) for id_, order, digest, read in rows}


def after(connection: Connection, source: str, last: str, limit: int) -> list[StoredOrder]:
    """The next page by id."""
    rows = fetch(connection, _AFTER, {"source_name": source, "last": last, "most": limit}, _decode_stored)
    return [StoredOrder(order, digest, instant(read)) for _, order, digest, read in sorted(rows, key=itemgetter(0))]


def of_customers(connection: Connection, source: str, customers: Sequence[str]) -> Mapping[str, list[Order]]:
    """Each customer's latest orders, the latest first. Only these are decoded."""
    ranked = (
        select(
            orders.c.customer,
            orders.c.id,
            func.row_number()
            .over(partition_by=orders.c.customer, order_by=(orders.c.placed.desc(), orders.c.id.desc()))
            .label("place"),
        )
        .where(_of_source, among(orders.c.customer))
        .subquery()
    )
    query = (
        select(ranked.c.customer, orders.c.body)
        .join(ranked, (orders.c.source == param("source_name")) & (orders.c.id == ranked.c.id))
        .where(ranked.c.place <= LATEST_ORDERS)
        .order_by(ranked.c.customer, ranked.c.place)
    )
    found: dict[str, list[Order]] = {}
    for customer, body in connection.execute(query, {"source_name": source, "ids": customers}):
        found.setdefault(customer, []).append(_decode(body))
    return found
