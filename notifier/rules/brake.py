"""Stops a poll that would change too much at once: a shop that lost its data must not cancel or write to everybody."""

from __future__ import annotations

from dataclasses import dataclass

from notifier.interfaces import SourceMark


@dataclass(slots=True)
class Round:
    """The brake during one poll. `limit` None: off, on a first import and after a person's approval."""

    source: str
    limit: int | None
    touched: int = 0

    def refuses(self, touched: int) -> str:
        """Why this page must not be applied; empty when it may. Counts what was let through."""
        if self.limit is not None and self.touched + touched > self.limit:
            return (
                f"one poll would create or cancel {self.touched + touched} reminders or more, "
                f"and {self.limit} is the limit; look at the shop, then run: notifier approve {self.source}"
            )
        self.touched += touched
        return ""


@dataclass(frozen=True, slots=True)
class Brake:
    """More than `share` of the plans and more than `count` in one poll is too much."""

    share: float = 0.1
    count: int = 500

    def round(self, mark: SourceMark, planned: int) -> Round:
        """The brake for one poll of a source that has `planned` reminders waiting."""
        free = mark.rounds == 0 or mark.approved
        return Round(mark.source, None if free else max(self.count, int(planned * self.share)))
