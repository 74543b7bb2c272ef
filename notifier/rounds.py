"""What a poll and a dispatch came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from notifier.intake import Intake
from notifier.interfaces import Ruling


@dataclass(slots=True)
class Round:
    """What one poll of a source, or one planning of what is stored, came to.

    `too_old` counts by job; `trouble` are records that are not even orders. `closed` are alerts that ended."""

    source: str
    read: int = 0
    changed: int = 0
    planned: int = 0
    moved: int = 0
    cancelled: int = 0
    quarantined: int = 0
    closed: int = 0
    too_old: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    paused: str = ""

    def numbers(self) -> dict[str, object]:
        """What a log line tells of it."""
        names = ("source", "read", "changed", "planned", "moved", "cancelled", "quarantined", "closed")
        return {name: getattr(self, name) for name in names}

    def add(self, intake: Intake, read: int, trouble: Sequence[str] = ()) -> None:
        """A page more."""
        self.read += read
        self.changed += len(intake.orders)
        self.planned += len(intake.inserts)
        self.moved += len(intake.moves)
        self.cancelled += len(intake.cancels)
        self.quarantined += len(intake.quarantine)
        self.too_old.update(intake.too_old)
        self.trouble += trouble


@dataclass(slots=True)
class Batch:
    """What one dispatch did with the reminders that it claimed.

    `raised` counts alerts, opened or raised again. `trouble` are texts that could not be made.
    """

    claimed: int = 0
    sending: int = 0
    raised: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)

    def settled(self, rulings: Sequence[Ruling]) -> None:
        """These were decided instead of being sent."""
        self.decided.update(ruling.reason for ruling in rulings)
