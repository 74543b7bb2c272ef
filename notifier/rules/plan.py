"""Which reminders ought to exist for an order: the answer of every job, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notifier.model.job import Job, Subject
from notifier.model.order import Order, OrderState
from notifier.model.reminder import Declined, Key, Planned
from notifier.model.shop import Shop
from notifier.rules.conditions import View
from notifier.rules.cron import next_cron
from notifier.rules.inquiry import NO_SUBJECT, SWITCHED_OFF, Inquiry, Parts, inquiry
from notifier.rules.schedule import at_local, due_at, local_date, shift

HELD = "the shop reports a state that is not known here"
_CALENDAR_AHEAD = timedelta(days=45)
_CRON_BACK = timedelta(days=7)
_CRON_MOST = 8
_NEVER: Mapping[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class Plan:
    """What ought to exist for one order. `held` says why nothing may change for now; then `wanted` is empty."""

    wanted: tuple[Planned, ...] = ()
    held: str = ""


class Planner:
    """All jobs, ready to be asked about any number of orders. Pure: the same order and time give the same plan.

    Of a job that a promotion changes, the variant counts in whose window a reminder's moment lies (`Job.variants`): its
    steps, conditions and lateness in the plan, and all the rest when it is sent (`job_for`). `jobs` are the ordinary
    ones, also those that only a promotion switches on.
    """

    def __init__(self, jobs: Sequence[Job], shop: Shop) -> None:
        self.jobs: Mapping[str, Job] = {
            job.name: job for job in jobs if not job.digest and any(version.enabled for version in job.versions)
        }
        self.shop = shop
        self._questions = {name: inquiry(job) for name, job in self.jobs.items()}
        self._asked = tuple(q for q in self._questions.values() if q.subject is not Subject.SYSTEM)
        self._by_subject: dict[Subject, tuple[Parts, dict[str, list[Inquiry]]]] = {}
        for question in self._asked:
            _, by_moment = self._by_subject.setdefault(question.subject, (question.parts, {}))
            moment = "" if question.subject is Subject.CALENDAR else question.moment
            by_moment.setdefault(moment, []).append(question)

    @property
    def by_calendar(self) -> bool:
        """Whether plans change as the days go by, without any order changing."""
        return any(job.cron or (job.subject is Subject.CALENDAR and self.shop.greetings) for job in self.jobs.values())

    def compares(self, job: Job) -> bool:
        """Whether the job looks at the customer's other orders."""
        return self._questions[job.name].compares

    def job_for(self, key: Key, order: Order, now: datetime) -> Job:
        """The job of this reminder as it is for its moment; the ordinary one when the order has no such moment now."""
        question = self._questions[key.job]
        if question.variants:
            for part in question.parts(order):
                if key.subject == ("" if part is order else part.id):
                    moment = self._moments(question, order, part, now, key).get(key.occurrence)
                    return question.job if moment is None else question.at(moment).job
        return question.job

    def plan(self, order: Order, now: datetime) -> Plan:
        """The reminders that ought to exist for `order`, past ones included: reconciling leaves those alone."""
        if order.state is OrderState.OTHER:
            return Plan(held=HELD)
        answers = (answer for question in self._concerned(order) for _, answer in self._ask(question, order, now))
        return Plan(tuple(answer for answer in answers if isinstance(answer, Planned)))

    def _concerned(self, order: Order) -> Iterator[Inquiry]:
        """Those whose moment some part of the order has: the others have nothing to plan, and they are most of them."""
        for parts, by_moment in self._by_subject.values():
            found = parts(order)
            for moment, questions in by_moment.items() if found else ():
                for part in found:
                    if not moment or getattr(part, moment) is not None:
                        yield from questions
                        break

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
        return _gone(self.job_for(key, order, now), key)

    def _ask(
        self,
        question: Inquiry,
        order: Order,
        now: datetime,
        others: Sequence[Order] | None = None,
        key: Key | None = None,
    ) -> Iterator[tuple[str, Planned | str]]:
        """Walk a job over the parts of the order that it is about, or over the one that `key` names.

        Each answer comes with the part's id, which is empty for the order itself.

        1. A cancelled order says nothing more, but for its cases, its reviews and the cancellation itself.
        2. Each part: its moment, with it what holds for such moments, then the conditions, then each step's time.
        """
        if order.state is OrderState.CANCELLED and not question.survives:
            yield "", "the order was cancelled"
            return
        parts = question.parts(order)
        if not parts:
            yield "", NO_SUBJECT[question.subject]
        for part in parts:
            subject = "" if part is order else part.id
            if key is None or key.subject == subject:
                moments = self._moments(question, order, part, now, key)
                for valid, own in question.by_variant(moments):
                    if unmet := valid.unmet(View(order, part, now, others)):
                        yield subject, unmet
                        continue
                    for occurrence, moment in own.items():
                        for planned in self._steps(valid, order, subject, occurrence, moment):
                            yield subject, planned
                if not moments:
                    yield subject, question.missing

    def _moments(
        self, question: Inquiry, order: Order, part: Any, now: datetime, key: Key | None
    ) -> Mapping[str, datetime]:
        """The moments it counts from, by occurrence; nothing while they are not known."""
        if question.subject is Subject.CALENDAR:
            return self._calendar(question.job, order, now, key.occurrence if key else "")
        moment = getattr(part, question.moment)
        return _NEVER if moment is None else {"": moment}

    def _steps(
        self, question: Inquiry, order: Order, subject: str, occurrence: str, moment: datetime
    ) -> Iterator[Planned]:
        """A reminder for each step. For the staff a step ends where the next begins: both would raise one alert."""
        job, calendar = question.job, self.shop.calendar
        moment = question.started(order, moment)
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
        zone, calendar = self.shop.zone, self.shop.calendar
        back = min(shift(now, version.within, zone, calendar, back=True) for version in job.versions)
        found: list[datetime] = []
        while not found or found[-1] <= now:
            found.append(next_cron(job.cron, found[-1] if found else max(back, now - _CRON_BACK), zone))
        return {instant.isoformat(): instant for instant in found[-_CRON_MOST:]}


def _gone(job: Job, key: Key) -> str:
    if key.step >= len(job.steps):
        return "the job has fewer steps now"
    return "the part of the order that it was about is gone"
