"""A job as it is asked about orders, with what is worked out of it once and not for every order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notifier.model.job import Job, Subject
from notifier.model.order import Order
from notifier.rules.conditions import CONDITIONS, Rule, View

SWITCHED_OFF = "the job is switched off or gone"
_UNHEARD = {
    "placed": "it is not known when the order was placed",
    "paid": "the order is not paid",
    "shipped": "it has not been shipped",
    "first_scan": "the carrier has not scanned it",
    "last_scan": "the carrier has not scanned it",
    "delivered": "it has not been delivered",
    "completed": "the order is not completed",
    "cancelled": "the order was not cancelled",
    "reviewed": "there is no review",
    "ran_out": "nothing in the order is out of stock",
    "pay_by": "no deadline for the payment is known",
    "ship_by": "no deadline for shipping is known",
    "confirm_by": "no deadline for confirming the receipt is known",
    "return_by": "no return deadline is known, because nothing was delivered",
    "requested": "it is not known when the case was opened",
    "agreed": "nothing was agreed in the case",
    "returned": "nothing was sent back",
    "received": "nothing came back",
    "decided": "the case is not decided",
    "closed": "the case is not closed",
    "closes_by": "no deadline of the case is known",
    "evidence_by": "no deadline for evidence is known",
    "freight_paid": "no postage was paid back",
    "written": "it is not known when the review was written",
    "answered": "the review is not answered",
}
NO_SUBJECT = {
    Subject.PARCEL: "there is no parcel yet",
    Subject.CASE: "there is no after-sales case",
    Subject.REVIEW: "there is no review",
    Subject.SYSTEM: "it is about the program, not about an order",
}
_SURVIVE = frozenset({Subject.CASE, Subject.REVIEW})
"""What goes on after an order was cancelled."""
Parts = Callable[[Order], Sequence[Any]]
"""The parts of an order that a subject means."""

_PARTS: dict[Subject, Parts] = {
    Subject.ORDER: lambda order: (order,),
    Subject.PARCEL: lambda order: order.parcels,
    Subject.CASE: lambda order: order.cases,
    Subject.REVIEW: lambda order: order.reviews,
    Subject.CALENDAR: lambda order: (order,),
    Subject.SYSTEM: lambda order: (),
}


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked of each order for a job.

    `missing` says that its moment is not known, `off` why it says nothing at all (empty when it is switched on).
    `survives` is whether it is asked about a cancelled order too. `variants` are what promotions make of it, and for
    moments from when until just before when.
    """

    job: Job
    subject: Subject
    moment: str
    missing: str
    parts: Parts
    rules: tuple[tuple[Rule, Any], ...]
    survives: bool
    off: str
    variants: tuple[tuple[datetime, datetime, Inquiry], ...]

    @property
    def compares(self) -> bool:
        """Whether it looks at the customer's other orders, in a promotion at least."""
        return any(rule.others for rule, _ in self.rules) or any(other.compares for _, _, other in self.variants)

    def at(self, moment: datetime) -> Inquiry:
        """What is asked about `moment`: the ordinary inquiry outside of promotions."""
        return next((other for start, end, other in self.variants if start <= moment < end), self)

    def by_variant(self, moments: Mapping[str, datetime]) -> Iterable[tuple[Inquiry, Mapping[str, datetime]]]:
        """The occurrences, by what is asked about them."""
        if not self.variants:
            return ((self, moments),) if moments else ()
        found: dict[int, tuple[Inquiry, dict[str, datetime]]] = {}
        for occurrence, moment in moments.items():
            valid = self.at(moment)
            found.setdefault(id(valid), (valid, {}))[1][occurrence] = moment
        return found.values()

    def unmet(self, view: View) -> str:
        """Why nothing is said: the job is off, or the first condition that is not met; empty when all are."""
        if self.off:
            return self.off
        for rule, argument in self.rules:
            if not rule.test(view, argument):
                return rule.unmet
        return ""

    def started(self, order: Order, moment: datetime) -> datetime:
        """When the clock starts: at the moment, or when a message has waited long enough for more.

        A message covers `merge` from the first part on that it is about.
        """
        if self.job.merge is None:
            return moment
        window = timedelta(seconds=self.job.merge.seconds)
        first = moment
        for number, other in enumerate(sorted(filter(None, (getattr(p, self.moment) for p in self.parts(order))))):
            if number == 0 or other - first > window:
                first = other
            if other >= moment:
                break
        return first + window


def inquiry(job: Job, off: str = SWITCHED_OFF) -> Inquiry:
    """What a job asks; `off` is what is said of it when it is switched off."""
    subject, moment = job.subject, job.moment
    calendar = subject is Subject.CALENDAR
    return Inquiry(
        job=job,
        subject=subject,
        moment=moment,
        missing="no day of the calendar is near" if calendar else _UNHEARD.get(moment, "it is not known when that was"),
        parts=_PARTS[subject],
        rules=tuple((CONDITIONS[condition.name], condition.argument) for condition in job.only_if),
        survives=subject in _SURVIVE or moment == "cancelled",
        off="" if job.enabled else off,
        variants=tuple(
            (v.start, v.end, inquiry(v.job, f"the job is switched off during {v.promotion}")) for v in job.variants
        ),
    )
