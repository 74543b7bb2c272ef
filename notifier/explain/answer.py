"""Asks the store and the plan about one order, and puts the sentences in the order in which a colleague tells them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from notifier.explain.account import Explanation, Item, Section
from notifier.explain.alerts import alerts
from notifier.explain.silence import Silence
from notifier.explain.speaker import Speaker
from notifier.explain.story import story
from notifier.explain.unknown import not_known
from notifier.interfaces import AttemptRow, Selection, Store
from notifier.model.order import Order, OrderState
from notifier.model.reminder import Declined, Key, Planned, Reminder, State
from notifier.model.shop import SendingRules
from notifier.rules.phrases import Times
from notifier.rules.plan import HELD, Planner

_MANY = 1000
_SAID = frozenset({State.ACCEPTED, State.DELIVERED})
_COMING = frozenset({State.PLANNED, State.SENDING})
_RAISED = frozenset({State.RAISED})
_OVER = frozenset({State.CANCELLED, State.SKIPPED, State.EXPIRED})


async def explain(
    store: Store, planner: Planner, name: str, now: datetime, rules: SendingRules | None = None
) -> list[Explanation]:
    """Explain the order `name` of every source that has it. An order that nobody knows is explained too.

    With the sending `rules`, what is due in quiet hours is told with the time at which it will really leave.
    """
    times = Times(planner.shop.zone, now)
    found = []
    for mark in await store.marks():
        row = (await store.orders(mark.source, [name])).get(name)
        if row is not None:
            speaker = Speaker(planner.jobs, row.order, times, rules)
            found.append(await _explain(store, planner, speaker, now))
    return found or [await not_known(store, name, times)]


async def _explain(store: Store, planner: Planner, speaker: Speaker, now: datetime) -> Explanation:
    """Stored reminders tell what became of them; the plan tells why the other jobs say nothing.

    What was said comes first and in the order in which it was, then what the staff was alerted to, what will be, what
    needs a person, what was called off, and at last the jobs that have nothing to say, by reason.
    """
    order = speaker.order
    reminders = (await store.reminders(order.source, [order.id])).get(order.id, ())
    attempts = await store.list_attempts(Selection(order=order.id, limit=_MANY))
    answers = planner.explain(order, now, await _others(store, order))
    sections = (
        ("Said so far", _said(speaker, reminders, attempts)),
        ("Alerts to the staff", await alerts(store, speaker, reminders, now)),
        ("Still to come", _coming(speaker, reminders, answers, now)),
        ("Waits for a person", _stuck(speaker, reminders, attempts)),
        ("Called off or not sent", [speaker.over(r) for r in sorted(reminders, key=_when) if r.state in _OVER]),
        ("Nothing to say", _silent(speaker, reminders, answers, now)),
    )
    told = tuple(Section(heading, tuple(items)) for heading, items in sections if items)
    return Explanation(f"Order {order.id} of {order.source}", story(order, speaker.times), told)


async def _others(store: Store, order: Order) -> Sequence[Order]:
    if not order.customer.id:
        return ()
    facts = (await store.facts(order.source, [order.customer.id], {})).get(order.customer.id)
    return [other for other in facts.orders if other.id != order.id] if facts else ()


def _said(speaker: Speaker, reminders: Sequence[Reminder], attempts: Sequence[AttemptRow]) -> list[Item]:
    """One sentence for each message; what was merged into one is told as one."""
    said = {reminder.id: reminder for reminder in reminders if reminder.state in _SAID}
    rows = [row for row in sorted(attempts, key=lambda row: row.attempt.started) if row.state in _SAID]
    own = [([said.pop(id_) for id_, _ in row.attempt.reminders if id_ in said], row) for row in rows]
    # Rows of attempts are forgotten after a year; that something was said is not.
    forgotten = [speaker.said_once(reminder) for reminder in sorted(said.values(), key=_when)]
    return forgotten + [speaker.said(together, row) for together, row in own if together]


def _coming(
    speaker: Speaker, reminders: Sequence[Reminder], answers: Sequence[Planned | Declined], now: datetime
) -> list[Item]:
    stored = {reminder.key for reminder in reminders}
    coming = [speaker.coming(reminder) for reminder in reminders if reminder.state in _COMING]
    if speaker.order.state is not OrderState.OTHER:
        coming += [
            speaker.unplanned(answer)
            for answer in answers
            if isinstance(answer, Planned) and answer.key not in stored and answer.until >= now
        ]
    return [item for _, item in sorted(coming, key=lambda pair: pair[0])]


def _stuck(speaker: Speaker, reminders: Sequence[Reminder], attempts: Sequence[AttemptRow]) -> list[Item]:
    channels = {id_: row.attempt.channel for row in reversed(attempts) for id_, _ in row.attempt.reminders}
    known = _SAID | _RAISED | _COMING | _OVER
    return [speaker.stuck(r, channels.get(r.id, "")) for r in sorted(reminders, key=_when) if r.state not in known]


def _silent(
    speaker: Speaker, reminders: Sequence[Reminder], answers: Sequence[Planned | Declined], now: datetime
) -> list[Item]:
    """The jobs that say nothing, grouped by their reason. One that has a reminder has told its reason there."""
    silence, stored = Silence(speaker), {reminder.key for reminder in reminders}
    parts = {(key.job, key.subject) for key in stored}
    for answer in answers:
        key = answer.key
        if isinstance(answer, Declined):
            if (key.job, key.subject) not in parts and not _told_by_its_parts(key, stored):
                silence.add(answer.reason, key)
        elif key not in stored and speaker.order.state is OrderState.OTHER:
            silence.add(HELD, key)
        elif key not in stored and answer.until < now:
            silence.add_late(key, answer.due)
    return silence.items()


def _told_by_its_parts(key: Key, stored: set[Key]) -> bool:
    return not key.subject and any(other.job == key.job for other in stored)


def _when(reminder: Reminder) -> datetime:
    return reminder.updated or reminder.due
