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
_CRON_BACK = timedelta(days=7)
_CRON_MOST = 8
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
_NO_SUBJECT = {
    Subject.PARCEL: "there is no parcel yet",
    Subject.CASE: "there is no after-sales case",
    Subject.REVIEW: "there is no review",
    Subject.SYSTEM: "it is about the program, not about an order",
}
_SURVIVE = frozenset({Subject.CASE, Subject.REVIEW})
"""What goes on after an order was cancelled."""
_PARTS: dict[Subject, Callable[[Order], Sequence[Any]]] = {
    Subject.ORDER: lambda order: (order,),
    Subject.PARCEL: lambda order: order.parcels,
    Subject.CASE: lambda order: order.cases,
    Subject.REVIEW: lambda order: order.reviews,
    Subject.CALENDAR: lambda order: (order,),
    Subject.SYSTEM: lambda order: (),
}
_NEVER: Mapping[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class _Question:
    """A job, with what is worked out of it once and not for every order."""

    job: Job
    subject: Subject
    moment: str
    missing: str
    parts: Callable[[Order], Sequence[Any]]
    rules: tuple[tuple[Rule, Any], ...]
    survives: bool
    """Whether it is asked about a cancelled order too."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What ought to exist for one order. `held` says why nothing may change for now; then `wanted` is empty."""

    wanted: tuple[Planned, ...] = ()
    held: str = ""


class Planner:
    """All jobs, ready to be asked about any number of orders. Pure: the same order and time give the same plan."""

    def __init__(self, jobs: Sequence[Job], shop: Shop) -> None:
        self.jobs: Mapping[str, Job] = {job.name: job for job in jobs if job.enabled and not job.digest}
        self.shop = shop
        self._questions = {name: _question(job) for name, job in self.jobs.items()}
        self._asked = tuple(q for q in self._questions.values() if q.subject is not Subject.SYSTEM)

    @property
    def by_calendar(self) -> bool:
        """Whether plans change as the days go by, without any order changing."""
        return any(job.cron or (job.subject is Subject.CALENDAR and self.shop.greetings) for job in self.jobs.values())

    def compares(self, job: Job) -> bool:
        """Whether the job looks at the customer's other orders."""
        return any(rule.others for rule, _ in self._questions[job.name].rules)

    def plan(self, order: Order, now: datetime) -> Plan:
        """The reminders that ought to exist for `order`, past ones included: reconciling leaves those alone."""
        if order.state is OrderState.OTHER:
            return Plan(held=HELD)
        answers = (answer for question in self._asked for _, answer in self._ask(question, order, now))
        return Plan(tuple(answer for answer in answers if isinstance(answer, Planned)))

    def explain(self, order: Order, now: datetime, others: Sequence[Order] | None = None) -> list[Planned | Declined]:
        """Every job's answer about `order`, with the reasons of those that say no."""
        answers: list[Planned | Declined] = []
        for question in self._asked:
            for subject, answer in self._ask(question, order, now, others):
                if isinstance(answer, str):
                    answers.append(Declined(Key(order.source, order.id, question.job.name, subject), answer))
                else:
                    answers.append(answer)
        return answers

    def ask(self, key: Key, order: Order, now: datetime, others: Sequence[Order] | None = None) -> Planned | str:
        """Ought this one reminder still to exist? The plan for it, or why not."""
        question = self._questions.get(key.job)
        if question is None:
            return SWITCHED_OFF
        for _, answer in self._ask(question, order, now, others, key):
            if isinstance(answer, str) or answer.key == key:
                return answer
        return _gone(question.job, key)

    def _ask(
        self,
        question: _Question,
        order: Order,
        now: datetime,
        others: Sequence[Order] | None = None,
        key: Key | None = None,
    ) -> Iterator[tuple[str, Planned | str]]:
        """Walk a job over the parts of the order that it is about, or over the one that `key` names.

        Each answer comes with the part's id, which is empty for the order itself.

        1. A cancelled order says nothing more, but for its cases, its reviews and the cancellation itself.
        2. Each part: its moment, then the conditions, then the time of each step.
        """
        if order.state is OrderState.CANCELLED and not question.survives:
            yield "", "the order was cancelled"
            return
        parts = question.parts(order)
        if not parts:
            yield "", _NO_SUBJECT[question.subject]
        for part in parts:
            subject = "" if part is order else part.id
            if key is None or key.subject == subject:
                moments = self._moments(question, order, part, now, key)
                if moments and (unmet := _unmet(question, View(order, part, now, others))):
                    yield subject, unmet
                    continue
                for occurrence, moment in moments.items():
                    for planned in self._steps(question, order, subject, occurrence, moment):
                        yield subject, planned
                if not moments:
                    yield subject, question.missing

    def _moments(
        self, question: _Question, order: Order, part: Any, now: datetime, key: Key | None
    ) -> Mapping[str, datetime]:
        """When the clock starts, by occurrence; nothing while that is not known."""
        if question.subject is Subject.CALENDAR:
            return self._calendar(question.job, order, now, key.occurrence if key else "")
        moment = getattr(part, question.moment)
        if moment is None:
            return _NEVER
        if question.job.merge is not None:
            moment = _first_together(question, order, moment) + timedelta(seconds=question.job.merge.seconds)
        return {"": moment}

    def _steps(
        self, question: _Question, order: Order, subject: str, occurrence: str, moment: datetime
    ) -> Iterator[Planned]:
        """A reminder for each step. For the staff a step ends where the next begins: both would raise one alert."""
        job, calendar = question.job, self.shop.calendar
        zone = self.shop.zone if job.for_staff else order.customer.zone or self.shop.zone
        dues = [due_at(moment, step, job.at, zone, calendar) for step in job.steps]
        for number, (step, due) in enumerate(zip(job.steps, dues, strict=True)):
            until = shift(due, job.within, zone, calendar)
            if step.before:
                until = min(until, moment)
            if job.for_staff:
                until = min([until, *(later for later in dues if later > due)])
            key = Key(order.source, order.id, job.name, subject, number, occurrence)
            yield Planned(key, due, until, job.merge is not None)

    def _calendar(self, job: Job, order: Order, now: datetime, occurrence: str) -> Mapping[str, datetime]:
        """The occurrences of a calendar job around `now`: greeting days by local date, or instants of a cron line."""
        zone = order.customer.zone or self.shop.zone
        if job.cron:
            return self._cron(job, now, occurrence)
        if not self.shop.greetings:
            return _NEVER
        today = local_date(now, zone)
        midnight = datetime.min.time()
        days = (day for day in self.shop.greetings if timedelta(-1) <= day - today <= _CALENDAR_AHEAD)
        return {day.isoformat(): at_local(day, midnight, zone) for day in sorted(days)}

    def _cron(self, job: Job, now: datetime, occurrence: str) -> Mapping[str, datetime]:
        """The next instant, and those before it that may still be said: a plan must not forget what waits."""
        if occurrence:
            return {occurrence: datetime.fromisoformat(occurrence)}
        back = shift(now, job.within, self.shop.zone, self.shop.calendar, back=True)
        found: list[datetime] = []
        while not found or found[-1] <= now:
            found.append(next_cron(job.cron, found[-1] if found else max(back, now - _CRON_BACK), self.shop.zone))
        return {instant.isoformat(): instant for instant in found[-_CRON_MOST:]}


def _question(job: Job) -> _Question:
    subject, moment = job.subject, job.moment
    calendar = subject is Subject.CALENDAR
    return _Question(
        job,
        subject,
        moment,
        "no day of the calendar is near" if calendar else _UNHEARD.get(moment, "it is not known when that was"),
        _PARTS[subject],
        tuple((CONDITIONS[condition.name], condition.argument) for condition in job.only_if),
        subject in _SURVIVE or moment == "cancelled",
    )


def _unmet(question: _Question, view: View) -> str:
    """The first condition that is not met, as the sentence that says so."""
    for rule, argument in question.rules:
        if not rule.test(view, argument):
            return rule.unmet
    return ""


def _first_together(question: _Question, order: Order, moment: datetime) -> datetime:
    """When the first part left that `moment` shares a message with: a message covers `merge` from its first part."""
    assert question.job.merge is not None
    window = timedelta(seconds=question.job.merge.seconds)
    first = moment
    for number, other in enumerate(sorted(filter(None, (getattr(p, question.moment) for p in question.parts(order))))):
        if number == 0 or other - first > window:
            first = other
        if other >= moment:
            break
    return first


def _gone(job: Job, key: Key) -> str:
    if key.step >= len(job.steps):
        return "the job has fewer steps now"
    return "the part of the order that it was about is gone"
