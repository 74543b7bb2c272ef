"""What every digest is: a fold over all orders, page by page, that keeps counts and not the orders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from notifier.interfaces import SaidRow, SourceMark
from notifier.model.alert import Alert, AlertEntry
from notifier.model.digest import Digest
from notifier.model.order import AftersalesCase, Order
from notifier.model.reminder import Reminder, State
from notifier.rules.conditions import CONDITIONS, View
from notifier.rules.digests.scope import Scope


@dataclass(frozen=True, slots=True)
class News:
    """What the store knows besides orders: open alerts with their histories, and everything that is in trouble.

    `failed` are reminders that reached nobody, those that ended last first; `counts` how many reminders are in each
    state.
    """

    alerts: Sequence[Alert] = ()
    histories: Mapping[int, Sequence[AlertEntry]] = field(default_factory=dict)
    failed: Sequence[Reminder] = ()
    marks: Sequence[SourceMark] = ()
    counts: Mapping[State, int] = field(default_factory=dict)


class Fold(ABC):
    """A digest while it is made: told everything once, then asked for what it amounts to.

    `limits` are the numbers that its job's file may change, with their defaults. `wants_said` and `wants_news` say
    whether `hear` and `learn` are called at all, which cost queries; `wants_notes` whether the news have the histories
    of alerts, of the latest ones. `hear` comes first, then `see` for each order as
    it stood at that instant, then `learn`.
    """

    limits: ClassVar[Mapping[str, float]] = {}
    wants_said: ClassVar[bool] = False
    wants_news: ClassVar[bool] = False
    wants_notes: ClassVar[bool] = False

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def since(self) -> datetime:
        """From when on it wants to hear what was said."""
        return self.scope.at

    def hear(self, said: SaidRow) -> None:  # noqa: B027 – most digests want to hear nothing
        """A message left."""

    @abstractmethod
    def see(self, order: Order) -> None:
        """An order, as it stood."""

    def learn(self, news: News) -> None:  # noqa: B027 – most digests are about orders alone
        """What is known besides."""

    @abstractmethod
    def digest(self) -> Digest:
        """What it all amounts to."""


def holds(condition: str, order: Order, at: datetime, part: object = None) -> bool:
    """Does a condition of `rules.conditions` hold, about the order or one of its parts?"""
    return CONDITIONS[condition].test(View(order, order if part is None else part, at), None)


def waits_to_be_shipped(order: Order, at: datetime) -> bool:
    """Paid, not shipped, and not cancelled."""
    return all(holds(name, order, at) for name in ("paid", "unshipped", "active"))


def open_cases(order: Order, at: datetime) -> list[AftersalesCase]:
    """The cases that are not over yet."""
    return [case for case in order.cases if holds("case_open", order, at, case)]
