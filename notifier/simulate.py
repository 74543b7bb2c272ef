"""Plays orders against the jobs on a virtual clock: every message and alert, with its time and reason, beforehand.

It is the very same pipeline, on an in-memory store, reading histories instead of a shop and writing to paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from notifier.clock import VirtualClock
from notifier.interfaces import Selection, Store
from notifier.model.message import Attempt, Message, Outcome, Receipt
from notifier.model.order import Customer, Order
from notifier.model.reminder import Reminder, State
from notifier.model.simulation import Raised, Said, Simulation, Unsaid
from notifier.outlet import Outlet
from notifier.parts import build_channels, build_planner, build_texts
from notifier.pipeline import Desk, Pipeline
from notifier.rules.brake import Brake
from notifier.rules.cron import NIGHTLY, next_cron
from notifier.rules.phrases import Times, ground
from notifier.rules.recheck import allowed_from
from notifier.settings import Settings
from notifier.sources.replay import ReplaySource
from notifier.store.memory import MemoryStore

_EVERYTHING = 10**9
_NO_BRAKE = Brake(1.0, _EVERYTHING)
_ON_TIME = timedelta(minutes=1)


class Reaching(Protocol):
    """The part of a channel that knows whom it reaches."""

    name: str
    kind: str

    def address_of(self, customer: Customer) -> str | None: ...


class Paper:
    """A channel that reaches whom the real one would reach, and writes down instead of sending."""

    concurrency = 1000

    def __init__(self, channel: Reaching) -> None:
        self.name = channel.name
        self.kind = channel.kind
        self.address_of = channel.address_of

    def compose(self, message: Message) -> bytes:
        return (f"{message.subject}\n\n" if message.subject else "").encode() + message.text.encode()

    async def deliver(self, attempt: Attempt) -> Outcome:
        return Receipt()

    async def close(self) -> None:
        """Nothing is open."""


async def simulate(
    settings: Settings,
    orders: Mapping[str, Sequence[Order]],
    since: datetime,
    until: datetime,
    tell: Callable[[float], None] = lambda seconds: None,
    store: Store | None = None,
) -> Simulation:
    """Play the orders of each source from `since` to `until`, against the jobs and channels of the settings.

    `tell` hears how many seconds of that time have passed. With a `store` everything is kept there.
    """
    clock = VirtualClock(since)
    outlets = {name: Outlet(Paper(channel), clock) for name, channel in build_channels(settings, clock).items()}
    desk = Desk(build_planner(settings), build_texts(settings), settings.sending, outlets)
    return await play(desk, orders, clock, until, tell, store)


async def play(
    desk: Desk,
    orders: Mapping[str, Sequence[Order]],
    clock: VirtualClock,
    until: datetime,
    tell: Callable[[float], None] = lambda seconds: None,
    store: Store | None = None,
) -> Simulation:
    """Play orders on a clock that jumps, until `until`.

    1. At each virtual instant at which an order changes or a reminder is due: move the clock there.
    2. Poll what has changed, then send what is due, as the daemon would in that instant; plan again every night.
    3. List what was said, what the staff was alerted to, and what came to nothing and why.

    With a `store` everything is kept there, as a daemon would have left it.
    """
    store = store or MemoryStore()
    sources = {name: ReplaySource(name, own, clock) for name, own in orders.items()}
    pipeline = Pipeline(store, sources, dict.fromkeys(sources, _NO_BRAKE), desk, clock, histories=True)
    simulation = Simulation(clock.now(), until, sum(map(len, orders.values())))
    changed: dict[str, datetime | None] = dict.fromkeys(sources, clock.now())
    night = _night_after(desk, clock)
    while True:
        if night is not None and night <= clock.now():
            for name in sources:
                await pipeline.replan(name)
            night = _night_after(desk, clock)
        for name in [name for name, instant in changed.items() if instant is not None and instant <= clock.now()]:
            simulation.too_old.update((await pipeline.poll(name)).too_old)
            changed[name] = sources[name].next_change(clock.now())
        while (await pipeline.dispatch(await pipeline.claim())).claimed:
            await pipeline.deliveries.drain()
        instant = min(filter(None, [*changed.values(), night, await store.next_wake()]), default=None)
        if instant is None or instant > until:
            break
        clock.move_to(instant)
        tell((instant - simulation.since).total_seconds())
    zones = {order.customer.id: order.customer.zone for own in orders.values() for order in own}
    await _collect(simulation, store, _Reasons(desk, zones, until))
    return simulation


def _night_after(desk: Desk, clock: VirtualClock) -> datetime | None:
    """When the daemon plans everything again; None when that could change nothing."""
    planner = desk.planner
    return next_cron(NIGHTLY, clock.now(), planner.shop.zone) if planner.by_calendar else None


class _Reasons:
    """Why each message leaves, and each alert is raised, when it is."""

    def __init__(self, desk: Desk, zones: Mapping[str, str], now: datetime) -> None:
        self._jobs = desk.planner.jobs
        self._rules = desk.rules
        self._zones = zones
        self._times = Times(desk.planner.shop.zone, now)

    def of(self, reminder: Reminder, left: datetime) -> str:
        """`12 hours after the order was placed; due Sun 1 Mar, 23:00, in the quiet hours`."""
        job = self._jobs[reminder.key.job]
        words = ground(job, reminder.key)
        if left - reminder.due < _ON_TIME:
            return words
        zone = self._zones.get(reminder.customer) or self._times.zone
        quiet = not job.for_staff and allowed_from(job, reminder.due, self._rules, zone) > reminder.due
        return f"{words}; due {self._times.at(reminder.due)}{', in the quiet hours' if quiet else ''}"

    def policy(self, job: str) -> str:
        """Whom the job alerts."""
        return self._jobs[job].to


async def _collect(simulation: Simulation, store: Store, reasons: _Reasons) -> None:
    """Sort what became of the reminders. The calls of alerts are a matter of who is on duty, and left out."""
    everything = Selection(limit=_EVERYTHING)
    reminders = {one.id: one for one in await store.list_reminders(everything) if not one.alert}
    for row in await store.list_attempts(everything):
        own = [reminders[id_] for id_, _ in row.attempt.reminders if id_ in reminders]
        if own:
            simulation.said.append(_said(own, row.attempt, reasons))
    for reminder in reminders.values():
        if reminder.state is State.RAISED:
            simulation.raised.append(_raised(reminder, reasons))
        elif reminder.state is not State.ACCEPTED:
            simulation.unsaid.append(_unsaid(reminder))
    simulation.said.sort(key=lambda said: (said.at, said.order, said.job))
    simulation.raised.sort(key=lambda raised: (raised.at, raised.order, raised.job))
    simulation.unsaid.sort(key=lambda unsaid: (unsaid.at, unsaid.order, unsaid.job))


def _said(reminders: Sequence[Reminder], attempt: Attempt, reasons: _Reasons) -> Said:
    first = reminders[0]
    source, order, job, _, step, _ = first.key
    return Said(
        at=attempt.started,
        source=source,
        order=order,
        customer=attempt.customer,
        job=job,
        step=step,
        channel=attempt.channel,
        address=attempt.address,
        text=attempt.content.decode(),
        due=first.due,
        reason=reasons.of(first, attempt.started),
        about=tuple(reminder.key.subject for reminder in reminders if reminder.key.subject),
    )


def _raised(reminder: Reminder, reasons: _Reasons) -> Raised:
    at = reminder.updated or reminder.due
    source, order, job, subject, step, _ = reminder.key
    return Raised(
        at=at,
        source=source,
        order=order,
        customer=reminder.customer,
        job=job,
        step=step,
        policy=reasons.policy(job),
        due=reminder.due,
        reason=reasons.of(reminder, at),
        about=(subject,) if subject else (),
    )


def _unsaid(reminder: Reminder) -> Unsaid:
    source, order, job, subject, step, _ = reminder.key
    at = reminder.wake if reminder.state is State.PLANNED else reminder.updated or reminder.due
    about = (subject,) if subject else ()
    return Unsaid(at, source, order, reminder.customer, job, step, reminder.state, reminder.reason, reminder.due, about)
