"""What to change so that the stored reminders of an order are the wanted ones. Doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from notifier.interfaces import Cancel, Move
from notifier.model.reminder import Key, Planned, Reminder, State
from notifier.rules.conditions import CONDITIONS
from notifier.rules.plan import Plan

MOVABLE = frozenset({State.PLANNED, State.SENDING, State.IN_DOUBT, State.HELD})
REVIVABLE = frozenset({State.CANCELLED, State.EXPIRED, State.RAISED})
"""The ends from which a reminder may come back: nobody outside the shop was told anything."""
COMPARED = frozenset(rule.unmet for rule in CONDITIONS.values() if rule.others)
"""Why a reminder was cancelled on account of the customer's other orders."""


@dataclass(slots=True)
class Difference:
    """What reconciling found: changes to make, and the reminders left alone because they are too old by now."""

    inserts: list[Planned] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    too_old: list[Planned] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.inserts or self.moves or self.cancels)


def reconcile(stored: Sequence[Reminder], plan: Plan, why_not: Callable[[Key], str], now: datetime) -> Difference:
    """Compare one order's stored reminders with its plan.

    1. A wanted one that is not stored is inserted, unless it is pointless by now.
    2. A stored one whose time differs is moved; one that was cancelled comes back if it still makes sense, one that
       expired or raised an alert when its moment has moved on: a parcel that was scanned may stand still again. So
       does one that was cancelled on account of the customer's other orders: planning knows nothing new of those.
    3. A stored one that waits and is not wanted is cancelled, with `why_not` as its reason.

    What has been said to a customer, refused or skipped is never touched. A held plan changes nothing.
    """
    difference = Difference()
    if plan.held:
        return difference
    by_key = {reminder.key: reminder for reminder in stored}
    for wanted in plan.wanted:
        reminder = by_key.pop(wanted.key, None)
        if reminder is None:
            (difference.too_old if wanted.until < now else difference.inserts).append(wanted)
        elif (move := _move(reminder, wanted, now)) is not None:
            difference.moves.append(move)
    for key, reminder in by_key.items():
        if reminder.state is State.PLANNED:
            difference.cancels.append(Cancel(reminder.id, why_not(key)))
    return difference


def _move(reminder: Reminder, wanted: Planned, now: datetime) -> Move | None:
    same = reminder.due == wanted.due and reminder.until == wanted.until
    if reminder.state in MOVABLE:
        return None if same else Move(reminder.id, wanted.due, wanted.until, "its moment has changed")
    later = reminder.state in REVIVABLE and wanted.due > reminder.due
    again = reminder.state is State.CANCELLED and reminder.reason not in COMPARED
    if (later or again) and wanted.until >= now:
        return Move(reminder.id, wanted.due, wanted.until, "it is wanted again", revive=True)
    return None
