"""Why something was said, was not, or when it will be: about one order, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.interfaces import AttemptRow, Selection, SourceMark, Store
from notifier.model.job import Job, Step
from notifier.model.order import Order, OrderState
from notifier.model.reminder import Declined, Key, Planned, Reminder, State
from notifier.rules.conditions import PAID
from notifier.rules.plan import Planner

_MANY = 1000
_WORDS = {
    "placed": "it was placed",
    "paid": "it was paid",
    "shipped": "it was shipped",
    "delivered": "it was delivered",
    "completed": "it was completed",
    "cancelled": "it was cancelled",
    "reviewed": "it was reviewed",
    "pay_by": "the payment is due",
    "ship_by": "it must be shipped",
    "confirm_by": "the receipt is confirmed automatically",
    "return_by": "the return right ends",
    "requested": "the case was opened",
    "agreed": "it was agreed",
    "closes_by": "the case closes by itself",
}
_STORY = ("placed", "paid", "shipped", "delivered", "completed", "cancelled", "reviewed")
_STANDS = {
    OrderState.UNPAID: "It waits for its payment",
    OrderState.PAID: "It is paid and waits to be shipped",
    OrderState.SHIPPED: "It is on its way",
    OrderState.DELIVERED: "It was delivered",
    OrderState.COMPLETED: "It is completed",
    OrderState.CANCELLED: "It was cancelled",
    OrderState.OTHER: "Its state is not known here, so everything about it waits",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one job has to say about the order. `mark` is "sent", "planned", "no" or "stuck"."""

    job: str
    mark: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """An order's story, and every job's answer."""

    title: str
    story: str
    answers: tuple[Answer, ...] = ()


async def explain(store: Store, planner: Planner, name: str, now: datetime) -> list[Explanation]:
    """Explain the order `name` of every source that has it. An order that nobody knows is explained too."""
    found = []
    marks = await store.marks()
    for mark in marks:
        row = (await store.orders(mark.source, [name])).get(name)
        if row is not None:
            reminders = (await store.reminders(mark.source, [name])).get(name, ())
            attempts = await store.list_attempts(Selection(order=name, limit=_MANY))
            others = await _others(store, row.order)
            found.append(_explain(planner, row.order, reminders, attempts, others, now))
    return found or [await _unknown(store, marks, name, planner.shop.zone)]


async def _others(store: Store, order: Order) -> Sequence[Order]:
    if not order.customer.id:
        return ()
    facts = await store.facts(order.source, [order.customer.id], {})
    return [o for o in facts[order.customer.id].orders if o.id != order.id] if order.customer.id in facts else ()


def _explain(
    planner: Planner,
    order: Order,
    reminders: Sequence[Reminder],
    attempts: Sequence[AttemptRow],
    others: Sequence[Order],
    now: datetime,
) -> Explanation:
    """Stored reminders tell what became of them; the plan tells why the other jobs say nothing."""
    speaker = _Speaker(planner.jobs, planner.shop.zone, now)
    by_reminder = {id_: row for row in reversed(attempts) for id_, _ in row.attempt.reminders}
    stored = {reminder.key: reminder for reminder in reminders}
    answers = [speaker.stored(reminder, by_reminder.get(reminder.id)) for reminder in reminders]
    answers += [
        speaker.unstored(answer)
        for answer in planner.explain(order, now, others)
        if answer.key not in stored and not _told(answer, stored)
    ]
    order_of_jobs = {name: number for number, name in enumerate(planner.jobs)}
    answers.sort(key=lambda answer: (order_of_jobs.get(answer.job, _MANY), answer.mark != "sent"))
    return Explanation(f"Order {order.id} of {order.source}", speaker.story(order), tuple(answers))


def _told(answer: Planned | Declined, stored: Mapping[Key, Reminder]) -> bool:
    """A job that says no about a part of the order that has reminders already has told its reason there."""
    if isinstance(answer, Planned):
        return False
    key = answer.key
    return any(other.job == key.job and other.subject == key.subject for other in stored)


class _Speaker:
    """Finds the words, with times on the shop's clock."""

    def __init__(self, jobs: Mapping[str, Job], zone: str, now: datetime) -> None:
        self._jobs = jobs
        self._zone = ZoneInfo(zone)
        self._now = now

    def when(self, instant: datetime) -> str:
        """`Sun 1 Mar 2026 at 21:00`, and how far from now when that is near."""
        local = instant.astimezone(self._zone)
        words = f"{local:%a} {local.day} {local:%b %Y} at {local:%H:%M}"
        wait = instant - self._now
        if timedelta() < wait < timedelta(days=3):
            hours = round(wait.total_seconds() / 3600)
            words += f" (in {hours} h)" if hours > 1 else f" (in {max(1, round(wait.total_seconds() / 60))} min)"
        return words

    def story(self, order: Order) -> str:
        """What has happened so far, in one or two sentences."""
        moments = [(moment, name) for name in _STORY if (moment := getattr(order, name)) is not None]
        happened = ", ".join(
            f"{name} {self.when(moment)}{' (first seen then)' if name in order.assumed and name != 'reviewed' else ''}"
            for moment, name in sorted(moments)
        )
        stands = _STANDS[order.state]
        if order.state is OrderState.OTHER and order.state_name:
            stands += f" (the shop says “{order.state_name}”)"
        unpaid_deadline = (
            order.pay_by is not None and order.state not in PAID and order.state is not OrderState.CANCELLED
        )
        if unpaid_deadline and order.pay_by is not None:
            stands += f"; the payment is due {self.when(order.pay_by)}"
        return f"{stands}. {happened[:1].upper()}{happened[1:]}." if happened else f"{stands}."

    def stored(self, reminder: Reminder, row: AttemptRow | None) -> Answer:
        """What became of a reminder."""
        job, about = reminder.key.job, self._about(reminder.key)
        because = f": {reminder.reason}" if reminder.reason else ""
        at = self.when(reminder.updated) if reminder.updated else ""
        by = f" by {row.attempt.channel}" if row else ""
        match reminder.state:
            case State.ACCEPTED | State.DELIVERED:
                sent = self.when(row.attempt.started) if row else at
                return Answer(job, "sent", f"{about}sent{by} on {sent}{self._ground(reminder.key)}.")
            case State.PLANNED:
                why = f", because of {reminder.reason}" if reminder.reason == "quiet hours" else because
                wake = max(reminder.wake, reminder.due)
                return Answer(
                    job, "planned", f"{about}will be sent on {self.when(wake)}{self._ground(reminder.key)}{why}."
                )
            case State.SENDING:
                return Answer(job, "planned", f"{about}is being sent{by} right now.")
            case State.CANCELLED:
                return Answer(job, "no", f"{about}was planned, and called off on {at}{because}.")
            case State.SKIPPED | State.EXPIRED:
                return Answer(job, "no", f"{about}was not sent{because}.")
            case _:
                return Answer(job, "stuck", f"{about}{_STUCK[reminder.state]}{because}.")

    def unstored(self, answer: Planned | Declined) -> Answer:
        """Why a job has no reminder for the order."""
        job, about = answer.key.job, self._about(answer.key)
        if isinstance(answer, Declined):
            return Answer(job, "no", f"{about}nothing to say: {answer.reason}.")
        if answer.until < self._now:
            due = self.when(answer.due)
            return Answer(
                job, "no", f"{about}left alone: it would have been due on {due}, before the shop was watched."
            )
        return Answer(job, "planned", f"{about}will be planned for {self.when(answer.due)} at the next poll.")

    def _about(self, key: Key) -> str:
        job = self._jobs.get(key.job)
        words = []
        if key.subject and job is not None:
            words.append(f"{job.subject} {key.subject}")
        if job is not None and len(job.steps) > 1:
            words.append(f"step {key.step + 1} of {len(job.steps)}")
        if key.occurrence:
            words.append(key.occurrence)
        return f"({', '.join(words)}) " if words else ""

    def _ground(self, key: Key) -> str:
        """`, 3d after it was delivered`."""
        job = self._jobs.get(key.job)
        if job is None or key.step >= len(job.steps) or job.moment not in _WORDS:
            return ""
        return f", {_distance(job.steps[key.step])} {_WORDS[job.moment]}"


_STUCK = {
    State.HELD: "is held until a person decides",
    State.IN_DOUBT: "may or may not have left",
    State.FAILED: "could not be sent by any channel",
    State.UNDELIVERED: "was taken by the provider and not delivered",
}


def _distance(step: Step) -> str:
    if not (step.offset.seconds or step.offset.months or step.offset.working_days):
        return "as soon as"
    return str(step)


async def _unknown(store: Store, marks: Sequence[SourceMark], name: str, zone: str) -> Explanation:
    title = f"Order {name} is not known"
    for row in await store.quarantined():
        if row.order == name:
            return Explanation(title, f"The shop shows it, but it could not be understood: {row.reason}")
    if not marks:
        return Explanation(title, "No shop has been read yet: the daemon has not run with this database.")
    reads = [
        f"{mark.source} was last read on {mark.read.astimezone(ZoneInfo(zone)):%a %d %b %Y at %H:%M}"
        if mark.read
        else f"{mark.source} was never read to its end"
        for mark in marks
    ]
    return Explanation(title, f"No source has shown it: {'; '.join(reads)}. Is the number complete?")
