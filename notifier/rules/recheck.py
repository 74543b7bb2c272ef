"""May this reminder leave now? Every gate before a send, in one visible row, each with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.model.job import Job, Purpose
from notifier.model.order import Customer, Order, OrderState
from notifier.model.reminder import Planned, Reminder, State
from notifier.model.shop import SendingRules
from notifier.rules.plan import HELD, Planner
from notifier.rules.schedule import next_allowed

LOOK_AGAIN = timedelta(minutes=15)
COUNT_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Send:
    """It may leave, by this channel to this address."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: look again at `until`."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Not at all: it ends in `state`."""

    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Raise:
    """Its staff have to know: it becomes an alert."""


Verdict = Send | Wait | Drop | Raise


@dataclass(frozen=True, slots=True)
class Way:
    """A channel as the gates see it for one customer. `rests_until` is when its breaker lets it try again."""

    name: str
    kind: str
    address: str | None
    suppressed: bool = False
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gates need to know besides the order.

    `ways` are the job's channels in order of preference, up to the first that is open; `sent_today` and
    `sent_this_week` count messages of any purpose, and marketing ones, to this customer; `unwritten` tells that one
    more is about to be counted.
    """

    now: datetime
    zone: str
    rules: SendingRules
    ways: Sequence[Way]
    others: Sequence[Order] = ()
    sent_today: int = 0
    sent_this_week: int = 0
    unwritten: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One claimed reminder, its order as the shop shows it now, and everything else its gates look at."""

    reminder: Reminder
    job: Job
    order: Order
    planner: Planner
    facts: Facts


Gate = Callable[[Question], Wait | Drop | None]


def conditions(q: Question) -> Wait | Drop | None:
    """Asked again on the fresh order: does the plan still hold this reminder, at this time?"""
    if q.order.state is OrderState.OTHER:
        return Wait(q.facts.now + LOOK_AGAIN, HELD)
    answer = q.planner.ask(q.reminder.key, q.order, q.facts.now, q.facts.others)
    if not isinstance(answer, Planned):
        return Drop(State.CANCELLED, answer)
    if answer.due > q.facts.now:
        return Wait(answer.due, "its moment has changed")
    return None


def expiry(q: Question) -> Wait | Drop | None:
    """Later than this, say nothing."""
    return Drop(State.EXPIRED, "it is too late for it to make sense") if q.facts.now > q.reminder.until else None


def consent_and_suppression(q: Question) -> Wait | Drop | None:
    """Is there a channel that may be used and reaches this customer?"""
    obstacles = {way.name: obstacle(way, q.reminder, q.job, q.order.customer) for way in q.facts.ways}
    if not all(obstacles.values()):
        return None
    why = "; ".join(f"{name}: {reason}" for name, reason in obstacles.items()) or "none is configured"
    state = State.FAILED if q.reminder.refused else State.SKIPPED
    return Drop(state, f"no channel reaches this customer ({why})")


def obstacle(way: Way, reminder: Reminder, job: Job, customer: Customer) -> str:
    """Why this channel is closed to this customer; empty when it is open.

    Marketing needs consent for the kind of channel (MIIT 2015, 47 CFR 64.1200); a refusal counts for everything.
    """
    if way.kind in customer.refuses:
        return "the customer has refused it"
    if job.purpose is Purpose.MARKETING and way.kind not in customer.consents:
        return "the customer has not consented to marketing there"
    if way.name in reminder.refused:
        return "it was refused there"
    if way.address is None:
        return "there is no address"
    return "the address is suppressed" if way.suppressed else ""


def allowed_from(job: Job, instant: datetime, rules: SendingRules, zone: str) -> datetime:
    """When what is due at `instant` may leave at the earliest, quiet hours being those of the reader's `zone`."""
    if job.any_hour and job.purpose is Purpose.SERVICE:
        return instant
    return next_allowed(instant, rules.quiet_hours.get(job.purpose), zone)


def quiet_hours(q: Question) -> Wait | Drop | None:
    """Nothing is said in the quiet hours of the reader's zone, unless the job may at any hour."""
    allowed = allowed_from(q.job, q.facts.now, q.facts.rules, q.facts.zone)
    if allowed <= q.facts.now:
        return None
    if allowed > q.reminder.until:
        return Drop(State.EXPIRED, "the quiet hours end after it makes sense")
    return Wait(allowed, "quiet hours")


def one_at_a_time(q: Question) -> Wait | Drop | None:
    """What is on its way to this customer is counted in a moment, and not before."""
    return (
        Wait(q.facts.now + COUNT_AGAIN, "another message to this customer is on its way") if q.facts.unwritten else None
    )


def cap(q: Question) -> Wait | Drop | None:
    """Nobody gets more than so many messages: marketing ones a week, any a day."""
    if q.job.purpose is Purpose.MARKETING and q.facts.sent_this_week >= q.facts.rules.weekly_cap:
        return Drop(State.SKIPPED, f"the customer got {q.facts.sent_this_week} marketing messages within a week")
    if q.facts.sent_today >= q.facts.rules.daily_cap:
        return Drop(State.SKIPPED, f"the customer got {q.facts.sent_today} messages within a day")
    return None


GATES: tuple[Gate, ...] = (conditions, expiry, consent_and_suppression, quiet_hours, one_at_a_time, cap)
STAFF_GATES: tuple[Gate, ...] = (conditions, expiry)
"""What stands before an alert. When and how its calls leave is decided by its policy."""


def recheck(question: Question) -> Verdict:
    """Ask every gate in turn; the first that objects decides. Then take the first channel that is awake."""
    for gate in STAFF_GATES if question.job.for_staff else GATES:
        verdict = gate(question)
        if verdict is not None:
            return verdict
    return Raise() if question.job.for_staff else _choose(question)


def recheck_all(questions: Sequence[Question]) -> list[tuple[Question, Verdict]]:
    """Recheck a batch in order; what is let through counts at once for the caps of what comes after it."""
    verdicts: list[tuple[Question, Verdict]] = []
    today: Counter[str] = Counter()
    marketing: Counter[str] = Counter()
    for question in questions:
        facts, customer = question.facts, question.order.customer.id
        if customer and today[customer]:
            facts = replace(
                facts,
                sent_today=facts.sent_today + today[customer],
                sent_this_week=facts.sent_this_week + marketing[customer],
            )
        asked = replace(question, facts=facts) if facts is not question.facts else question
        verdict = recheck(asked)
        if isinstance(verdict, Send):
            today[customer] += 1
            marketing[customer] += question.job.purpose is Purpose.MARKETING
        verdicts.append((asked, verdict))
    return verdicts


def _choose(q: Question) -> Send | Wait:
    """The first way open. While the preferred one rests, wait for it rather than pay for a worse one."""
    way = next(way for way in q.facts.ways if not obstacle(way, q.reminder, q.job, q.order.customer))
    if way.rests_until is not None and way.rests_until > q.facts.now:
        return Wait(way.rests_until, f"{way.name} is not taking messages")
    assert way.address is not None
    return Send(way.name, way.address)
