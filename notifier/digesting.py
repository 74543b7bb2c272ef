"""Digests on their way: planned like any reminder, made of what the store holds when they are due, and written.

Nobody is told the same digest twice: its reminder is a row like all others, and its attempt is committed before a byte
leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from notifier.errors import RenderError
from notifier.interfaces import AlertSelection, Ruling, Selection, Store
from notifier.letters import Letter, message_id, seal
from notifier.model.alert import AlertState
from notifier.model.digest import Digest
from notifier.model.job import Job
from notifier.model.message import Attachment, Message
from notifier.model.oncall import Agent
from notifier.model.reminder import Planned, Reminder, State
from notifier.model.shop import Shop
from notifier.outlet import Outlet
from notifier.render.digest_style import Reader
from notifier.render.digests import DigestTexts
from notifier.rules.digests import DIGESTS
from notifier.rules.digests.fold import Fold, News
from notifier.rules.digests.planning import AHEAD, plan_digests, still_wanted
from notifier.rules.digests.scope import Scope
from notifier.rules.duty import Roster
from notifier.rules.history import as_of
from notifier.rules.schedule import local_date
from notifier.settings import channels_for

_PAGE = 500
_MOST_ALERTS = 10_000
_MOST_HISTORIES = 200
_MOST_FAILED = 1000
_KINDS = frozenset({"email", "chat", "sms"})
_FRESH = timedelta(minutes=5)
_AGAIN = timedelta(minutes=15)
_UNRESOLVED = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
_SINCE = "digests since"


async def build(
    store: Store, job: Job, at: datetime, shop: Shop, jobs: Mapping[str, Job], due: datetime | None = None
) -> Digest:
    """What a digest job says at `at`: every order of the store as it stood then, read page by page.

    `due` is when it ought to have been said, which decides what yesterday is; otherwise that is `at` too.

    1. Tell it what was said lately, if it wants to know.
    2. Show it every order; those that did not exist yet are left out.
    3. Tell it of alerts and troubles, if it wants to know. These are as they stand now.
    """
    cls = DIGESTS[job.digest]
    fold = cls(Scope(job, at, shop, jobs, {**cls.limits, **job.limits}, due))
    if cls.wants_said:
        await _tell_said(store, fold, at)
    for mark in await store.marks():
        last = ""
        while rows := await store.orders_after(mark.source, last, _PAGE):
            last = rows[-1].order.id
            for row in rows:
                if (order := as_of(row.order, at)) is not None:
                    fold.see(order)
    if cls.wants_news:
        fold.learn(await _news(store, notes=cls.wants_notes))
    return fold.digest()


async def planned_since(store: Store, now: datetime) -> datetime:
    """Since when this program plans digests: a first start does not make up for what was due before it.

    A clock that was put back behind that instant begins anew.
    """
    kept = await store.meta(_SINCE)
    if kept is not None and (since := datetime.fromisoformat(kept)) <= now:
        return since
    await store.set_meta(_SINCE, now.isoformat())
    return now


async def _tell_said(store: Store, fold: Fold, at: datetime) -> None:
    last = 0
    while rows := await store.said(fold.since(), at, last, _PAGE):
        last = rows[-1].number
        for row in rows:
            fold.hear(row)


async def _news(store: Store, *, notes: bool) -> News:
    alerts = await store.list_alerts(AlertSelection(_UNRESOLVED, limit=_MOST_ALERTS))
    noted = alerts[:_MOST_HISTORIES] if notes else ()
    histories = {alert.id: await store.history(alert.id) for alert in noted}
    failed = await store.list_reminders(Selection((State.FAILED,), limit=_MOST_FAILED))
    silent = [reminder for reminder in failed if not reminder.alert]
    return News(alerts, histories, silent, await store.marks(), await store.counts())


class Digesting:
    """Plans the digests of the jobs, and writes those that are due. One made a moment ago serves all its readers."""

    def __init__(self, jobs: Mapping[str, Job], roster: Roster, shop: Shop, texts: DigestTexts) -> None:
        self._jobs = jobs
        self._digests = {name: job for name, job in jobs.items() if job.digest}
        self._roster = roster
        self._shop = shop
        self._texts = texts
        self._made: dict[tuple[str, str], tuple[datetime, Digest]] = {}

    def plan(self, now: datetime, ahead: timedelta = AHEAD) -> list[Planned]:
        """The digests that ought to exist. To be inserted once a day and after a reload: keys that exist stay."""
        return plan_digests(self._digests.values(), self._roster.oncall, self._roster, self._shop, now, ahead)

    def owns(self, reminder: Reminder) -> bool:
        """Is it a digest? Then `write` decides what becomes of it, and nothing else may ask about its order."""
        return not reminder.alert and not reminder.key.order and reminder.key.job in self._digests

    async def write(
        self, store: Store, reminder: Reminder, outlets: Mapping[str, Outlet], now: datetime
    ) -> Letter | Ruling:
        """The letter for a claimed digest, or what becomes of it instead.

        1. Is it still wanted, and not too late?
        2. Is there a way to the agent?
        3. Make it; with nothing to say it is skipped, if the job is silent.
        4. Put it into words, and take the channel's turn.
        """
        job, key = self._digests[reminder.key.job], reminder.key
        if now > reminder.until:
            return _end(reminder, State.EXPIRED, "it is too late for it to make sense")
        roster = self._roster
        if not still_wanted(key, reminder.due, job, roster.oncall, roster, self._shop):
            return _end(reminder, State.CANCELLED, "the job, the shifts or the agents have changed")
        agent = roster.oncall.agents[key.subject]
        found = await _outlet(store, reminder, job, agent, outlets, now)
        if isinstance(found, Ruling):
            return found
        digest = await self._digest(store, job, reminder, now)
        if digest.empty and job.silent:
            return _end(reminder, State.SKIPPED, "there is nothing to say")
        outlet, address = found
        try:
            letter = self._letter(digest, reminder, agent, outlet, address, now)
        except RenderError as error:
            return _wait(reminder, now + _AGAIN, f"the text could not be made: {error}")
        if wait := outlet.room(now):
            return _wait(reminder, now + wait, f"{outlet.name} takes no more for the moment")
        return letter

    async def _digest(self, store: Store, job: Job, reminder: Reminder, now: datetime) -> Digest:
        name = job.name, reminder.key.occurrence
        made = self._made.get(name)
        if made is None or not now - _FRESH < made[0] <= now:
            self._made = {key: old for key, old in self._made.items() if now - old[0] < _FRESH}
            made = self._made[name] = now, await build(store, job, now, self._shop, self._jobs, reminder.due)
        return made[1]

    def _letter(
        self, digest: Digest, reminder: Reminder, agent: Agent, outlet: Outlet, address: str, now: datetime
    ) -> Letter:
        reader = Reader(agent.language, agent.zone)
        rendered = self._texts.render(digest, outlet.kind, reader)
        message = Message(
            id=message_id(reminder.key),
            address=address,
            text=rendered.text,
            written=now,
            until=reminder.until,
            name=agent.called or agent.name,
            subject=rendered.subject,
            html=rendered.html,
            language=rendered.language,
            attachments=self._file(digest, reader, reminder) if outlet.kind == "email" and not digest.empty else (),
        )
        return seal(message, [reminder], outlet, agent.name)

    def _file(self, digest: Digest, reader: Reader, reminder: Reminder) -> tuple[Attachment, ...]:
        day = local_date(reminder.due, self._shop.zone)
        return (Attachment(f"{digest.name}-{day}.csv", self._texts.csv(digest, reader)),)


async def _outlet(
    store: Store, reminder: Reminder, job: Job, agent: Agent, outlets: Mapping[str, Outlet], now: datetime
) -> tuple[Outlet, str] | Ruling:
    """The first of the job's channels that reaches the agent. While that one rests, the digest waits for it."""
    names = [name for name in channels_for(job, outlets) if outlets[name].kind in _KINDS]
    ways = [way for name in names if name not in reminder.refused and (way := outlets[name].way(agent.person)).address]
    closed = await store.suppressed([(way.kind, way.address or "") for way in ways])
    for way in ways:
        if way.address is None or (way.kind, way.address) in closed:
            continue
        if way.rests_until is not None and way.rests_until > now:
            return _wait(reminder, way.rests_until, f"{way.name} is not taking messages")
        return outlets[way.name], way.address
    return _end(reminder, State.FAILED, f"no channel reaches {agent.name}")


def _end(reminder: Reminder, state: State, reason: str) -> Ruling:
    return Ruling(reminder.id, reminder.fence, state, reason)


def _wait(reminder: Reminder, until: datetime, reason: str) -> Ruling:
    return Ruling(reminder.id, reminder.fence, State.PLANNED, reason, until)
