"""From verdicts to letters: rendered, merged, and turned into the final bytes of an attempt."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from notifier.model.job import Job, Purpose
from notifier.model.message import Attempt, Message
from notifier.model.order import Order
from notifier.model.reminder import Key, Reminder
from notifier.outlet import Outlet
from notifier.render import Rendered
from notifier.rules.conclude import Sent
from notifier.rules.ladder import RESOLVED_STEP
from notifier.rules.recheck import Question, Send


class Writer(Protocol):
    """Finds the words: `notifier.render.Texts`, or something quicker where the words do not matter."""

    def render(
        self,
        job: Job,
        order: Order,
        kind: str,
        subjects: Sequence[str] = (),
        step: int = 0,
        occurrence: str = "",
    ) -> Rendered: ...


_ids = random.Random()  # noqa: S311 – seeded by the system; the ids have to differ, not to be secret


def attempt_id(now: datetime) -> str:
    """Unique, and greater than those of earlier milliseconds: an index of them grows at its end alone."""
    return f"{int(now.timestamp() * 1000):012x}{_ids.getrandbits(80):020x}"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is to be said: a job about an order, and about which of its parcels, cases or reviews."""

    job: Job
    order: Order
    key: Key
    until: datetime
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """What is about to be sent, and through which outlet. `alerts` are those that it calls somebody about."""

    sent: Sent
    outlet: Outlet
    alerts: frozenset[int] = frozenset()


def message_id(key: Key) -> str:
    """The same for every try of a reminder, so that a receiver can tell a second copy."""
    return hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=16).hexdigest()


def gather(sends: Sequence[tuple[Question, Send]]) -> list[tuple[list[Question], Send]]:
    """Put together what is said in one message: merging reminders of the same order, job, step and channel."""
    groups: dict[object, tuple[list[Question], Send]] = {}
    for question, send in sends:
        key = question.reminder.key
        together = (*key._replace(subject="", occurrence=""), send.channel) if question.reminder.merge else key
        groups.setdefault(together, ([], send))[0].append(question)
    return list(groups.values())


def message_for(occasion: Occasion, address: str, kind: str, texts: Writer, now: datetime) -> Message:
    """Render what is to be said for one kind of channel. Raises RenderError."""
    key = occasion.key
    text = texts.render(
        occasion.job, occasion.order, kind, subjects=occasion.subjects, step=key.step, occurrence=key.occurrence
    )
    return Message(
        id=message_id(key),
        address=address,
        text=text.text,
        written=now,
        until=occasion.until,
        name=occasion.order.customer.name,
        subject=text.subject,
        html=text.html,
        language=text.language,
        headers=text.headers,
    )


def write(questions: Sequence[Question], send: Send, outlet: Outlet, texts: Writer, now: datetime) -> Letter:
    """Render one message and fix its bytes. Raises RenderError when it cannot be said."""
    first = questions[0]
    subjects = tuple(q.reminder.key.subject for q in questions)
    occasion = Occasion(first.job, first.order, first.reminder.key, first.reminder.until, subjects)
    message = message_for(occasion, send.address, outlet.kind, texts, now)
    return seal(message, [q.reminder for q in questions], outlet, first.order.customer.id, str(first.job.purpose))


def seal(
    message: Message, reminders: Sequence[Reminder], outlet: Outlet, reader: str, purpose: str = Purpose.SERVICE
) -> Letter:
    """Fix the bytes of a message that speaks for these reminders; the first of them decides about retries.

    `reader` is the id of the customer or the name of the agent. Raises RenderError when it cannot be said that way.
    """
    attempt = Attempt(
        id=attempt_id(message.written),
        reminders=tuple((reminder.id, reminder.fence) for reminder in reminders),
        channel=outlet.name,
        address=message.address,
        content=outlet.channel.compose(message),
        message_id=message.id,
        purpose=purpose,
        customer=reader,
        started=message.written,
        until=message.until,
    )
    alerts = {reminder.alert for reminder in reminders if reminder.alert and reminder.key.step != RESOLVED_STEP}
    return Letter(Sent(attempt, reminders[0], outlet.kind), outlet, frozenset(alerts))
