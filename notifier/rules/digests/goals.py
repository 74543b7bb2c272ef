"""What reminding was worth: which orders came to their goal after a message, and through which job.

A message's window begins when it left and is as long as its job's `within`: as long as the message made sense. A goal
counts when its moment lies in such a window, and for one message alone: the last before it. So an order counts at most
once for each goal ("paid"), however many jobs and steps reminded of it, and the recovered orders of several jobs can be
added up. A goal without a message before it is nobody's merit.

The goal "placed" means that the customer ordered again: it lies in another order of theirs, which counts once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.interfaces import SaidRow
from notifier.model.job import Job, Subject
from notifier.model.order import Money, Order
from notifier.model.reminder import OrderKey
from notifier.model.shop import Shop
from notifier.rules.schedule import shift

AGAIN = "placed"
_PARTS = {Subject.PARCEL: "parcels", Subject.CASE: "cases", Subject.REVIEW: "reviews"}


@dataclass(frozen=True, slots=True)
class Reached:
    """An order came to its goal at `at`, through a message of `job` that left at `said`; `money` is its total."""

    job: str
    order: OrderKey
    said: datetime
    at: datetime
    money: Money | None = None


@dataclass(frozen=True, slots=True)
class _Message:
    job: Job
    left: datetime
    until: datetime


class Goals:
    """Told of messages first, then of orders. Keeps the messages of jobs that have a goal, and no orders."""

    def __init__(self, jobs: Mapping[str, Job], shop: Shop) -> None:
        self._jobs = {name: job for name, job in jobs.items() if job.goal and not job.for_staff}
        self._shop = shop
        self._messages: defaultdict[OrderKey, list[_Message]] = defaultdict(list)
        self._visits: defaultdict[OrderKey, list[_Message]] = defaultdict(list)
        self._placed: list[tuple[OrderKey, Reached]] = []
        self._again = any(job.goal == AGAIN for job in self._jobs.values())

    def hear(self, said: SaidRow) -> None:
        """A message left."""
        job = self._jobs.get(said.job)
        if job is not None:
            until = shift(said.started, job.within, self._shop.zone, self._shop.calendar)
            self._messages[OrderKey(said.source, said.order)].append(_Message(job, said.started, until))

    def see(self, order: Order, since: datetime) -> Iterator[Reached]:
        """The goals that this order came to. Orders placed from `since` on may be another order's goal (`again`)."""
        key = OrderKey(order.source, order.id)
        by_goal: defaultdict[str, list[_Message]] = defaultdict(list)
        for message in self._messages.get(key, ()):
            by_goal[message.job.goal].append(message)
        if self._again and order.customer.id:
            customer = OrderKey(order.source, order.customer.id)
            self._visits[customer] += by_goal.pop(AGAIN, ())
            if order.placed is not None and order.placed >= since:
                self._placed.append((customer, Reached("", key, order.placed, order.placed, order.total)))
        for goal, messages in by_goal.items():
            for moment in sorted({m for message in messages for m in _moments(order, message.job, goal)}):
                if credited := _credited(messages, moment):
                    yield Reached(credited.job.name, key, credited.left, moment, order.total)
                    break

    def again(self) -> Iterator[Reached]:
        """The orders that customers placed after they were asked to come again; when all orders were seen."""
        for customer, placed in self._placed:
            if message := _credited(self._visits.get(customer, ()), placed.at):
                yield Reached(message.job.name, placed.order, message.left, placed.at, placed.money)


def _credited(messages: Sequence[_Message], moment: datetime) -> _Message | None:
    """The last message before this moment whose window it lies in."""
    fitting = (message for message in messages if message.left < moment <= message.until)
    return max(fitting, key=lambda message: message.left, default=None)


def _moments(order: Order, job: Job, goal: str) -> Iterator[datetime]:
    """When the goal was reached: of the parts that the job is about, where these have such a moment."""
    parts = getattr(order, _PARTS[job.subject]) if job.subject in _PARTS else ()
    own = [getattr(part, goal) for part in parts if hasattr(part, goal)]
    return filter(None, own or [getattr(order, goal, None)])
