"""Which reminders ought to exist for an order: the answer of every job, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notifier.model.job import Job, Subject
from notifier.model.order import Order, OrderState
from notifier.model.reminder import Declined, Key, Planned
from notifier.model.shop import Shop
from notifier.rules.conditions import CONDITIONS, Rule, View
from notifier.rules.cron import next_cron
from notifier.rules.schedule import at_local, due_at, local_date, shift

HELD = "the shop reports a state that is not known here"
SWITCHED_OFF = "the job is switched off or gone"
_CALENDAR_AHEAD = timedelta(days=45)
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
    "written": "it is not known when the review was written",
    "answered": "the review is not answered",
}
_NO_SUBJECT = {
    Subject.PARCEL: "there is no parcel yet",
    Subject.CASE: "there is no after-sales case",
    Subject.REVIEW: "there is no review",
}
_PARTS: dict[Subject, Callable[[Order], Sequence[Any]]] = {
    Subject.ORDER: lambda order: (order,),
    Subject.PARCEL: lambda order: order.parcels,
    Subject.CASE: lambda order: order.cases,
    Subject.REVIEW: lambda order: order.reviews,
    Subject.CALENDAR: lambda order: (order,),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What ought to exist for one order. `held` says why nothing may change for now; then `wanted` is empty."""

    wanted: tuple[Planned, ...] = ()
    held: str = ""


class Planner:
    """All jobs, ready to be asked about any number of orders. Pure: the same order and time give the same plan."""

    def __init__(self, jobs: Sequence[Job], shop: Shop) -> None:
        self.jobs: Mapping[str, Job] = {job.name: job for job in jobs if job.enabled}
        self.shop = shop
        self._rules = {name: _rules(job) for name, job in self.jobs.items()}

    def plan(self, order: Order, now: datetime) -> Plan:
        """The reminders that ought to exist for `order`, past ones included: reconciling leaves those alone."""
        if order.state is OrderState.OTHER:
            return Plan(held=HELD)
        answers = (answer for job in self.jobs.values() for _, answer in self._ask(job, order, now, None))
        return Plan(tuple(answer for answer in answers if isinstance(answer, Planned)))

    def explain(self, order: Order, now: datetime, others: Sequence[Order] | None = None) -> list[Planned | Declined]:
        """Every job's answer about `order`, with the reasons of those that say no."""
        answers: list[Planned | Declined] = []
        for job in self.jobs.values():
            for key, answer in self._ask(job, order, now, others):
                answers.append(answer if isinstance(answer, Planned) else Declined(key, answer))
        return answers

    def ask(self, key: Key, order: Order, now: datetime, others: Sequence[Order] | None = None) -> Planned | str:
        """Ought this one reminder still to exist? The plan for it, or why not."""
        job = self.jobs.get(key.job)
        if job is None:
            return SWITCHED_OFF
        for found, answer in self._ask(job, order, now, others, key):
            if found == key or isinstance(answer, str):
                return answer
        return _gone(job, key)

    def _ask(
        self, job: Job, order: Order, now: datetime, others: Sequence[Order] | None, key: Key | None = None
    ) -> Iterator[tuple[Key, Planned | str]]:
        """Walk a job over the parts of the order that it is about, or over the one that `key` names.

        1. A cancelled order says nothing more, but for its after-sales cases and the cancellation itself.
        2. Each part: its moment, then the conditions, then the time of each step.
        """
        bare = Key(order.source, order.id, job.name)
        if order.state is OrderState.CANCELLED and job.subject is not Subject.CASE and job.moment != "cancelled":
            yield bare, "the order was cancelled"
            return
        parts = _PARTS[job.subject](order)
        if not parts:
            yield bare, _NO_SUBJECT[job.subject]
        for part in parts:
            subject = "" if part is order else part.id
            if key is None or key.subject == subject:
                yield from self._ask_part(job, order, part, bare._replace(subject=subject), now, others, key)

    def _ask_part(
        self,
        job: Job,
        order: Order,
        part: Any,
        bare: Key,
        now: datetime,
        others: Sequence[Order] | None,
        key: Key | None,
    ) -> Iterator[tuple[Key, Planned | str]]:
        if job.subject is Subject.CALENDAR:
            moments = self._calendar(job, order, now, key.occurrence if key else "")
            missing = "no day of the calendar is near"
        else:
            moment = getattr(part, job.moment)
            moments = {} if moment is None else {"": moment}
            missing = _UNHEARD.get(job.moment, "it is not known when that was")
        if not moments:
            yield bare, missing
            return
        view = View(order, part, now, others)
        for rule, argument in self._rules[job.name]:
            if not rule.test(view, argument):
                yield bare, rule.unmet
                return
        for occurrence, moment in moments.items():
            if job.merge is not None:
                moment = _first_together(job, order, moment) + timedelta(seconds=job.merge.seconds)
            yield from self._steps(job, bare._replace(occurrence=occurrence), moment, order)

    def _steps(self, job: Job, bare: Key, moment: datetime, order: Order) -> Iterator[tuple[Key, Planned | str]]:
        zone = order.customer.zone or self.shop.zone
        calendar = self.shop.calendar
        for number, step in enumerate(job.steps):
            due = due_at(moment, step, job.at, zone, calendar)
            until = shift(due, job.within, zone, calendar)
            if step.before:
                until = min(until, moment)
            key = bare._replace(step=number)
            yield key, Planned(key, due, until, job.merge is not None)

    def _calendar(self, job: Job, order: Order, now: datetime, occurrence: str) -> dict[str, datetime]:
        """The occurrences of a calendar job around `now`, by local date: greeting days, or the next cron instant."""
        zone = order.customer.zone or self.shop.zone
        if job.cron:
            instant = datetime.fromisoformat(occurrence) if occurrence else next_cron(job.cron, now, self.shop.zone)
            return {instant.isoformat(): instant}
        today = local_date(now, zone)
        midnight = datetime.min.time()
        days = (day for day in self.shop.greetings if timedelta(-1) <= day - today <= _CALENDAR_AHEAD)
        return {day.isoformat(): at_local(day, midnight, zone) for day in sorted(days)}


def _rules(job: Job) -> tuple[tuple[Rule, Any], ...]:
    return tuple((CONDITIONS[condition.name], condition.argument) for condition in job.only_if)


def _first_together(job: Job, order: Order, moment: datetime) -> datetime:
    """When the first part left that `moment` shares a message with: a message covers `merge` from its first part."""
    assert job.merge is not None
    window = timedelta(seconds=job.merge.seconds)
    first = moment
    for number, other in enumerate(sorted(filter(None, (getattr(p, job.moment) for p in _PARTS[job.subject](order))))):
        if number == 0 or other - first > window:
            first = other
        if other >= moment:
            break
    return first


def _gone(job: Job, key: Key) -> str:
    if key.step >= len(job.steps):
        return "the job has fewer steps now"
    return "the part of the order that it was about is gone"
