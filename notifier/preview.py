"""One message as it would go out, and one test message that really goes out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.clock import Clock
from notifier.errors import RenderError, UsageError
from notifier.letters import Occasion, message_for
from notifier.links import Links
from notifier.mistakes import did_you_mean
from notifier.model.job import Job
from notifier.model.message import Attempt, Message, Outcome, Receipt
from notifier.model.oncall import Agent
from notifier.model.order import Customer, Order
from notifier.model.reminder import Declined, Key
from notifier.parts import build_channels, build_texts
from notifier.render import AlertSaying, Rendered
from notifier.render.samples import Sample, alert_samples, sample_alert, samples
from notifier.rules.plan import Planner
from notifier.rules.risk import money_at_risk
from notifier.rules.sms import measure
from notifier.settings import Settings, channels_for

KINDS = ("sms", "email", "chat")
STAFF_KINDS = (*KINDS, "voice")
_SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would go out: facts about it, by name, and its text."""

    facts: tuple[tuple[str, str], ...]
    text: str


def preview(
    settings: Settings, name: str, order: Order | None, channel: str, language: str, now: datetime
) -> list[Preview]:
    """Render a job's message. `order` None takes a made-up one; `channel` is a name, a kind, or "" for the job's first.

    A job for the staff shows its alert, in every kind without a `channel`. Raises UsageError for names that do not
    exist, RenderError when the text cannot be made.
    """
    job = settings.jobs.get(name)
    if job is None:
        raise UsageError(f"there is no job {name!r}{did_you_mean(name, settings.jobs)}")
    if job.digest:
        raise UsageError(f"{name} is a digest; see it with `notifier digest {name}`")
    if job.for_staff:
        return _alerts(settings, job, order, channel, language, now)
    kind = _kind(settings, job, channel)
    occasion = _planned(settings, job, order, now) if order else _made_up(settings, job, language, now)
    if language:
        order = occasion.order
        occasion = replace(occasion, order=replace(order, customer=replace(order.customer, language=language)))
    message = message_for(occasion, "", kind, build_texts(settings), now)
    return [Preview(tuple(_facts(job, kind, message, language)), message.text)]


def _alerts(
    settings: Settings, job: Job, order: Order | None, channel: str, language: str, now: datetime
) -> list[Preview]:
    """The alert of a job as an agent gets it, by each kind of channel."""
    texts = build_texts(settings)
    agent = Agent("anna", "Anna", language=language or settings.shop.language)
    links = Links(settings.web.public_url, "only for looking at")
    kinds = [_kind_named(settings, channel, STAFF_KINDS)] if channel else STAFF_KINDS
    saying = _alert(settings, job, order, agent.language, now)
    found = []
    for kind in kinds:
        rendered = texts.render_alerts(kind, agent, [saying], lambda of: links.to_alerts(of, agent.name), now)
        found.append(Preview(tuple(_facts(job, kind, rendered, language)), rendered.text))
    return found


def _alert(settings: Settings, job: Job, order: Order | None, language: str, now: datetime) -> AlertSaying:
    """An alert about this order, or about a made-up one that speaks the language."""
    if order is not None:
        occasion = _planned(settings, job, order, now)
        saying = sample_alert(job, Sample("", order, occasion.subjects, occasion.key.step))
    else:
        found = [saying for _, saying in alert_samples(job, settings.shop)]
        saying = next((one for one in found if one.order.customer.language[:2] == language[:2]), found[0])
    risk = money_at_risk(saying.order, settings.shop) if job.event == "order.ship_by" else None
    return replace(saying, alert=replace(saying.alert, opened=now, times=1, risk=risk))


def _facts(job: Job, kind: str, message: Message | Rendered, wanted: str) -> list[tuple[str, str]]:
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
    return _kind_named(settings, channel or next(iter(channels_for(job, known)), job.channels[0]), KINDS)


def _kind_named(settings: Settings, name: str, kinds: Sequence[str]) -> str:
    """The kind of a channel, or the kind itself. Raises UsageError."""
    known = settings.channels
    if name in kinds:
        return name
    if name not in known:
        raise UsageError(f"there is no channel {name!r}{did_you_mean(name, {*known, *kinds})}")
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
