"""How many reminders of a source are in each state, kept beside them: counting a million rows takes too long.

Whatever changes a reminder's state says so here, in the same transaction; the tests count the rows after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, select

from notifier.model.reminder import State
from notifier.store.statements import param, upsert
from notifier.store.tables import tallies

_t = tallies.c
_COUNTS = select(_t.state, func.sum(_t.amount)).group_by(_t.state)
_PLANNED = select(_t.amount).where(_t.source == param("source_name"), _t.state == State.PLANNED.value)


def turn(connection: Connection, changes: Iterable[tuple[str, State, State]]) -> None:
    """Rows went from one state to another: (source, old, new) for each of them."""
    amounts: Counter[tuple[str, State]] = Counter()
    for (source, old, new), rows in Counter(changes).items():
        amounts[source, old] -= rows
        amounts[source, new] += rows
    add(connection, amounts)


def add(connection: Connection, amounts: Mapping[tuple[str, State], int]) -> None:
    """So many more rows of a source are in a state; fewer where the amount is negative."""
    # In one order everywhere, so that two programs never wait for each other.
    rows = [(source, state.value, amount) for (source, state), amount in sorted(amounts.items()) if amount]
    upsert(connection.dialect.name, tallies, add=("amount",)).run(connection, rows)


def counts(connection: Connection) -> dict[State, int]:
    """How many there are in each state that has any."""
    return {State(state): amount for state, amount in connection.execute(_COUNTS) if amount}


def planned(connection: Connection, source: str) -> int:
    """How many of a source are planned."""
    return connection.scalar(_PLANNED, {"source_name": source}) or 0
