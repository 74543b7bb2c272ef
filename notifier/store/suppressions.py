"""Who must not be written to, and how much each customer was written to lately."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from notifier.interfaces import Result
from notifier.store.instants import micros
from notifier.store.statements import among, fetch, in_state, param, upsert
from notifier.store.states import LEFT
from notifier.store.tables import attempts, suppressions

_a, _s = attempts.c, suppressions.c
_SUPPRESSED = select(_s.kind, _s.address).where(among(_s.address))
_SENT = (
    select(_a.customer, func.count())
    .where(
        _a.source == param("source_name"),
        among(_a.customer),
        _a.started >= param("from_then"),
        in_state(_a.state, LEFT),
    )
    .group_by(_a.customer)
)
_SENT_FOR = _SENT.where(_a.purpose == param("purpose_name"))


def suppress(connection: Connection, results: Sequence[Result], at: int) -> None:
    """Remember the addresses that these results say not to write to; the first reason stays."""
    rows = [(*result.suppress, result.reason, at) for result in results if result.suppress]
    upsert(connection.dialect.name, suppressions).run(connection, rows)


def suppressed(connection: Connection, addresses: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these (kind, address) pairs that are suppressed."""
    found = fetch(connection, _SUPPRESSED, {"ids": {address for _, address in addresses}})
    return {(kind, address) for kind, address in found}.intersection(addresses)


def sent(
    connection: Connection, source: str, customers: Sequence[str], name: str, since: datetime
) -> Mapping[str, int]:
    """How many messages of this name ("any", "marketing") left for each customer since; none: left out."""
    values = {"source_name": source, "ids": customers, "from_then": micros(since), "purpose_name": name}
    return dict(fetch(connection, _SENT if name == "any" else _SENT_FOR, values))
