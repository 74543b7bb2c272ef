"""One message as it would go out, and one test message that really goes out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.clock import Clock
from notifier.errors import RenderError, UsageError
from notifier.letters import Occasion, message_for
from notifier.mistakes import did_you_mean
from notifier.model.job import Job
from notifier.model.message import Attempt, Message, Outcome, Receipt
from notifier.model.order import Customer, Order
from notifier.model.reminder import Declined, Key
from notifier.parts import build_channels, build_texts
from notifier.render.samples import samples
from notifier.rules.plan import Planner
from notifier.rules.sms import measure
from notifier.settings import Settings, channels_for

KINDS = ("sms", "email", "chat")
_SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would go out: facts about it, by name, and its text."""

    facts: tuple[tuple[str, str], ...]
    text: str


def preview(settings: Settings, name: str, order: Order | None, channel: str, language: str, now: datetime) -> Preview:
    """Render a job's message. `order` None takes a made-up one; `channel` is a name, a kind, or "" for the job's first.

    Raises UsageError for names that do not exist, RenderError when the text cannot be made.
    """
    job = settings.jobs.get(name)
    if job is None:
        raise UsageError(f"there is no job {name!r}{did_you_mean(name, settings.jobs)}")
    kind = _kind(settings, job, channel)
    occasion = _planned(settings, job, order, now) if order else _made_up(settings, job, language, now)
    if language:
        order = occasion.order
        occasion = replace(occasion, order=replace(order, customer=replace(order.customer, language=language)))
    message = message_for(occasion, "", kind, build_texts(settings), now)
    return Preview(tuple(_facts(job, kind, message, language)), message.text)


def _facts(job: Job, kind: str, message: Message, wanted: str) -> list[tuple[str, str]]:
    other = f" (there is no such text in {wanted})" if wanted and message.language != wanted else ""
    facts = [("job", f"{job.name}: {job.about}"), ("kind", kind), ("language", f"{message.language}{other}")]
    if kind == "sms":
        size = measure(message.text)
        facts += [
            ("encoding", size.encoding),
            ("length", f"{size.length} characters, {size.left} more fit in"),
            ("parts", f"{size.parts}, each paid as one SMS" if size.parts > 1 else "1"),
        ]
    if message.subject:
        facts.append(("subject", message.subject))
    return facts


def _kind(settings: Settings, job: Job, channel: str) -> str:
    known = settings.channels
    # A job that is switched off may have no channel; its first one is still what it would take.
    name = channel or next(iter(channels_for(job, known)), job.channels[0])
    if name in KINDS:
        return name
    if name not in known:
        raise UsageError(f"there is no channel {name!r}{did_you_mean(name, {*known, *KINDS})}")
    return known[name].kind


def _made_up(settings: Settings, job: Job, language: str, now: datetime) -> Occasion:
    """The first sample whose order speaks the language."""
    wanted = (language or settings.shop.language)[:2]
    found = list(samples(job, settings.shop))
    sample = next((s for s in found if s.order.customer.language[:2] == wanted), found[0])
    key = Key(sample.order.source, sample.order.id, job.name, "", sample.step, sample.occurrence)
    return Occasion(job, sample.order, key, now + _SOON, tuple(sample.subjects))


def _planned(settings: Settings, job: Job, order: Order, now: datetime) -> Occasion:
    """What the plan holds for this order."""
    planner = Planner([replace(job, enabled=True)], settings.shop)
    wanted = planner.plan(order, now).wanted
    if not wanted:
        why = "; ".join(answer.reason for answer in planner.explain(order, now) if isinstance(answer, Declined))
        raise UsageError(f"{job.name} has nothing to say about order {order.id}: {why}")
    first = wanted[0]
    return Occasion(job, order, first.key, first.until, (first.key.subject,) if first.key.subject else ())


async def send_test(settings: Settings, name: str, address: str, clock: Clock) -> Outcome:
    """Send one test message through a channel of the settings, past all gates, and return what became of it.

    Raises UsageError for a channel that does not exist or an address that it cannot take.
    """
    if name not in settings.channels:
        raise UsageError(f"there is no channel {name!r}{did_you_mean(name, settings.channels)}")
    channel = build_channels(settings, clock)[name]
    now, id_ = clock.now(), uuid.uuid4().hex
    shown = channel.address_of(_customer(channel.kind, name, address)) or address
    text = f"This is a test message from {settings.shop.name}. If you can read it, the channel {name} works."
    message = Message(id_, shown, text, now, now + _SOON, subject=f"Test message from {settings.shop.name}")
    try:
        content = channel.compose(message)
        attempt = Attempt(id_, (), name, shown, content, id_, "service", "", now, now + _SOON)
        return await channel.deliver(attempt)
    except RenderError as error:
        raise UsageError(f"nothing was sent: {error}") from None
    finally:
        await channel.close()


def _customer(kind: str, channel: str, address: str) -> Customer:
    """Somebody with only this address, so that the channel reads it as it would read a customer's."""
    if kind == "chat":
        return Customer(chat={channel: address})
    return Customer(email=address) if kind == "email" else Customer(phone=address)


def answer_of(outcome: Outcome) -> str:
    """An outcome in a sentence."""
    if isinstance(outcome, Receipt):
        return f"Taken{f' as {outcome.reference}' if outcome.reference else ''}. {outcome.detail}".strip()
    return f"Not sent: {outcome.reason}"
