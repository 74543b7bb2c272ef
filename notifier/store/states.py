"""Which states mean what to a store. Both stores use these, so that they cannot disagree."""

from __future__ import annotations

from collections.abc import Collection

from notifier.errors import UsageError
from notifier.model.reminder import State

MOVABLE = (State.PLANNED, State.SENDING, State.IN_DOUBT, State.HELD)
"""Rows that learn a new due time when their order changes."""

REVIVABLE = (State.CANCELLED, State.EXPIRED, State.RAISED)
"""Rows that a move may plan again: they told no customer anything."""

LEFT = (State.SENDING, State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.IN_DOUBT, State.HELD)
"""States of an attempt that left, may have left or is about to: these count against a customer's caps."""

FINISHED = (
    State.ACCEPTED,
    State.DELIVERED,
    State.UNDELIVERED,
    State.FAILED,
    State.CANCELLED,
    State.SKIPPED,
    State.EXPIRED,
    State.RAISED,
)
"""Rows that nothing happens to by itself any more."""

SAID = (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED)
"""States of an attempt that a channel took, whatever became of it later."""

VISITED = (State.PLANNED, State.SENDING, State.IN_DOUBT, State.HELD, *SAID, State.RAISED)
"""Reminders that open a line in the revisit record: it is or was said, is to be, or an agent was asked to call."""

MOST_CRASHES = 5
"""In how many crashes a call may take part before it is held: it may be what causes them."""

IN_DOUBT_REASON = "in doubt: the program ended while it was being sent; nobody knows whether it left"
AGAIN_REASON = "in doubt: the program ended while it was being sent; said again, because staff must not miss it"
IN_DOUBT_OUTCOME = "in_doubt"

LATEST_ORDERS = 100
"""How many of a customer's orders `facts` returns: a buyer with fifty thousand must not stop the dispatcher."""


def chosen(names: Collection[str]) -> list[State]:
    """The states that a person named. UsageError, with the words there are, for any other."""
    unknown = sorted({*names} - {*State})
    if unknown:
        raise UsageError(f"There is no state {', '.join(unknown)}; the states are {', '.join(State)}.")
    return [state for state in State if state in names]
