"""The straight line: from a shop's orders to a phone. Read this first.

    poll → take in (understand, observe, plan, reconcile) → apply             one transaction a page
    claim → ask again → recheck → write → intend → deliver → record           batches, outcomes as they come
                           └→ raise an alert → its calls are planned, and claimed like everything else

The guarantee: a customer is told a thing at most once. Before a byte leaves, the attempt and its final bytes are
committed; what the program does not see the end of is held for a person and never repeated by itself. To the staff it
is said again: for them twice is better than never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from notifier.alerting import Alerting, OnCallDesk, Raising, oncall_desk
from notifier.applying import Applying
from notifier.asking import Asked, Claims, claim_due, facts_for, orders_at_hand
from notifier.calling import Calling, StaffDesk
from notifier.clock import Clock
from notifier.closing import close_finished
from notifier.delivery import Deliveries
from notifier.digesting import planned_since
from notifier.errors import RenderError
from notifier.intake import take_again, take_in
from notifier.interfaces import Changes, Ruling, Source, SourceMark, Store
from notifier.letters import Letter, Writer, gather, write
from notifier.model.alert import AlertKey
from notifier.model.oncall import OnCall
from notifier.model.order import Order
from notifier.model.reminder import Reminder, State
from notifier.model.shop import SendingRules
from notifier.outlet import Outlet
from notifier.rounds import Batch, Round
from notifier.rules.brake import Brake
from notifier.rules.plan import Planner
from notifier.rules.recheck import Drop, Question, Raise, Send, Wait, recheck_all
from notifier.rules.risk import money_at_risk
from notifier.troubles import Troubles

SUSPECT_AGAIN = timedelta(minutes=1)
LATE_SHIPPING = "order.ship_by"
"""What a job counts from whose alerts tell how much money late shipping costs."""
RENDER_AGAIN = timedelta(minutes=15)
_PAGE = 500
_PORTION = 100
_TURNS = 5
"""Writing takes a while: so many turns of the loop between portions let others get on, from answer to next question."""
_NOBODY = oncall_desk(OnCall(), {}, "UTC")


@dataclass(frozen=True, slots=True)
class Desk:
    """What may change while the program runs (a reload swaps it whole): jobs, texts, rules, channels, staff.

    Without `staff` alerts are opened and closed, and nobody is called.
    """

    planner: Planner
    texts: Writer
    rules: SendingRules
    outlets: Mapping[str, Outlet]
    staff: StaffDesk | None = None


class Pipeline:
    """Moves reminders along the line, with one store, some sources, and the desk's jobs, texts and channels.

    With `histories` the sources tell all they will ever know of an order's past, so a moment they lack stays unknown;
    otherwise it is the instant of the poll that first showed the new state (but for a source's very first poll).
    `again` is called when deliveries have ended or calls were planned: something may be due at once. While `suspect`
    says why the clock cannot be right, customers hear nothing.
    """

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        brakes: Mapping[str, Brake],
        desk: Desk,
        clock: Clock,
        *,
        histories: bool = False,
        again: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.sources = sources
        self.brakes = brakes
        self.desk = desk
        self.clock = clock
        self.histories = histories
        self.stopping = asyncio.Event()
        self._asking, self._turn = asyncio.Lock(), asyncio.Lock()
        self.suspect = ""
        self.deliveries = Deliveries(store, clock, self.stopping, again)
        self.alerting = Alerting(store, self._on_call, clock, self.deliveries.calls_ended, again)
        self.troubles = Troubles(store, self.alerting, lambda: self.desk.planner.jobs)

    async def poll(self, name: str) -> Round:
        """Read what is new at a source, page by page; each page and its cursor are applied wholly or not at all.

        Raises SourceError when the shop cannot be read; what was applied until then stays.
        """
        source, round_ = self.sources[name], Round(name)
        mark = await self.store.mark(name)
        if mark.paused and not mark.approved:
            round_.paused = mark.paused
            return round_
        brake = self.brakes[name].round(mark, await self.store.count_planned(name))
        first_look = self.histories or not mark.rounds
        async with Applying(partial(self._apply, round_)) as applying:
            async for page in source.poll(mark.cursor, self.clock.now()):
                now = self.clock.now()
                await applying.clear([record.id for record in page.records])
                intake = await take_in(self.store, self.desk.planner, source, page.records, now, first_look=first_look)
                if reason := brake.refuses(intake.touched):
                    await applying.finish()
                    await self.store.set_mark(replace(mark, paused=reason, approved=False))
                    round_.paused = reason
                    return round_
                mark = replace(mark, cursor=page.cursor)
                await applying.begin(intake.changes(now, mark), [row.order for row in intake.orders])
                round_.add(intake, len(page.records), page.trouble)
        await self.store.set_mark(_finished(mark, self.clock.now()))
        return round_

    async def replan(self, name: str) -> Round:
        """Plan all stored orders of a source again: after a change of jobs or settings, and once a day."""
        round_, last = Round(name), ""
        async with Applying(partial(self._apply, round_)) as applying:
            while rows := await self.store.orders_after(name, last, _PAGE):
                now = self.clock.now()
                intake = await take_again(self.store, self.desk.planner, rows, now)
                await applying.begin(intake.changes(now), [row.order for row in rows])
                round_.add(intake, len(rows))
                last = rows[-1].order.id
        return round_

    async def _apply(self, round_: Round, changes: Changes, orders: Sequence[Order]) -> None:
        """Write a page, and close the alerts about its orders that are over."""
        await self.store.apply(changes)
        round_.closed += await self._close_finished(orders)

    async def plan_digests(self) -> None:
        """Plan the digests of the coming days, and those that still make sense; none from before the first start."""
        if self.desk.staff is not None:
            now = self.clock.now()
            since = await planned_since(self.store, now)
            planned = [one for one in self.desk.staff.digesting.plan(now) if one.until >= now and one.due >= since]
            await self.store.apply(Changes(inserts=[(one, "") for one in planned], now=now))

    async def note_failure(self, name: str, trouble: str) -> datetime | None:
        """Remember that a source could not be read. Returns when it last could, if it could not the time before."""
        mark = await self.store.mark(name)
        await self.store.set_mark(replace(mark, failures=mark.failures + 1, trouble=trouble))
        return mark.read if mark.failures else None

    async def swap(self, desk: Desk, sources: Mapping[str, Source], brakes: Mapping[str, Brake]) -> None:
        """Go on with other parts; a batch that was begun, and deliveries under way, finish with the old ones."""
        async with self._asking, self._turn:
            self.desk, self.sources, self.brakes = desk, sources, brakes

    async def claim(self, limit: int = _PAGE) -> Claims:
        """Take what is due, and ask the shops again about it: for `dispatch`, at once."""
        async with self._asking:
            return await claim_due(self.store, self.sources, self.desk.planner, self.clock.now(), limit)

    async def dispatch(self, claims: Claims) -> Batch:
        """Decide about what was claimed, and send it on its way.

        Deliveries go on after the return: `deliveries.drain` waits. The next batch can be claimed meanwhile.
        """
        self.deliveries.check()
        if self.deliveries.doubtful:
            self.deliveries.doubtful = False
            await self.troubles.in_doubt()
        async with self._turn:
            return await self._dispatch(claims)

    async def _dispatch(self, claims: Claims) -> Batch:
        """Do with each kind of reminder what is to be done; then settle what waits or ends."""
        batch, staff = Batch(len(claims.reminders)), self.desk.staff
        calls = [one for one in claims.reminders if one.alert]
        digests = [one for one in claims.reminders if staff is not None and staff.digesting.owns(one)]
        others = {one.id for one in (*calls, *digests)}
        rulings = await self._remind([one for one in claims.reminders if one.id not in others], claims.asked, batch)
        if staff is not None:
            rulings += await self._call(staff, calls, batch)
            rulings += await self._digest(staff, digests, batch)
        if rulings:
            await self.store.settle(rulings, self.clock.now())
        batch.settled(rulings)
        return batch

    async def _remind(self, reminders: Sequence[Reminder], asked: Asked, batch: Batch) -> list[Ruling]:
        """Recheck, write; start what is to be sent, and raise what the staff has to know."""
        if not reminders:
            return []
        desk, now = self.desk, self.clock.now()
        if self.suspect:
            return [Ruling(r.id, r.fence, State.PLANNED, self.suspect, now + SUSPECT_AGAIN) for r in reminders]
        await self._close_finished(asked.changed)
        rows, rulings = asked.rows(desk.planner, reminders, now)
        unwritten = self.deliveries.unwritten_to()  # before the facts: what is written meanwhile is in both
        questions = await facts_for(self.store, desk.planner, desk.rules, desk.outlets, rows, now, unwritten)
        verdicts = recheck_all(questions)
        rulings += [_ruling(q.reminder, v) for q, v in verdicts if isinstance(v, Wait | Drop)]
        sends = gather([(q, v) for q, v in verdicts if isinstance(v, Send)])
        for number in range(0, len(sends), _PORTION):
            letters, waits = self._write(sends[number : number + _PORTION], batch)
            rulings += waits
            self._start(letters, batch)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        await self._raise([q for q, v in verdicts if isinstance(v, Raise)], batch)
        failed = [(q.reminder, v.reason) for q, v in verdicts if isinstance(v, Drop) and v.state is State.FAILED]
        if failed:
            await self.troubles.undeliverable(failed)
        return rulings

    async def _raise(self, questions: Sequence[Question], batch: Batch) -> None:
        """Each ends as raised, in the same transaction as its alert."""
        if questions:
            raised = await self.alerting.raise_all([_raising(question) for question in questions])
            batch.raised += sum(alert is not None for alert in raised)

    async def _call(self, staff: StaffDesk, calls: Sequence[Reminder], batch: Batch) -> list[Ruling]:
        """Calls about orders as they are now; those of a shop that cannot be read are made all the same."""
        if not calls:
            return []
        desk, now = self.desk, self.clock.now()
        keys = {call.key.order_key for call in calls if call.key.order}
        orders, changed = await orders_at_hand(self.store, self.sources, desk.planner, keys, now)
        await self._close_finished(changed)
        calling = Calling(self.store, self.alerting, desk.planner, staff, desk.outlets, self.clock.now())
        await calling.prepare(calls, orders)
        batch.trouble += calling.trouble
        self._start(calling.letters, batch)
        return calling.rulings

    async def _digest(self, staff: StaffDesk, digests: Sequence[Reminder], batch: Batch) -> list[Ruling]:
        found = [
            await staff.digesting.write(self.store, digest, self.desk.outlets, self.clock.now()) for digest in digests
        ]
        self._start([one for one in found if isinstance(one, Letter)], batch)
        return [one for one in found if isinstance(one, Ruling)]

    async def _close_finished(self, orders: Sequence[Order]) -> int:
        return await close_finished(self.store, self.alerting, self.desk.planner, orders, self.clock.now())

    def _write(
        self, sends: Sequence[tuple[Sequence[Question], Send]], batch: Batch
    ) -> tuple[list[Letter], list[Ruling]]:
        """Letters for what may leave now; what has to wait for its turn or cannot be written waits, with its reason."""
        letters, rulings, now = list[Letter](), list[Ruling](), self.clock.now()
        for questions, send in sends:
            outlet = self.desk.outlets[send.channel]
            try:
                wait = outlet.room(now)
                if wait:
                    verdict = Wait(now + wait, f"{send.channel} takes no more for the moment")
                else:
                    letters.append(write(questions, send, outlet, self.desk.texts, now))
                    continue
            except RenderError as error:
                batch.trouble.append(str(error))
                verdict = Wait(now + RENDER_AGAIN, f"the text could not be made: {error}")
            rulings.extend(_ruling(q.reminder, verdict) for q in questions)
        return letters, rulings

    def _start(self, letters: Sequence[Letter], batch: Batch) -> None:
        batch.sending += len(letters)
        self.deliveries.take(letters)

    def _on_call(self) -> OnCallDesk:
        return self.desk.staff.oncall if self.desk.staff else _NOBODY


def _raising(q: Question) -> Raising:
    key = q.reminder.key
    ruling = Ruling(q.reminder.id, q.reminder.fence, State.RAISED, f"{q.job.to} was alerted")
    risk = money_at_risk(q.order, q.planner.shop) if q.job.event == LATE_SHIPPING else None
    return Raising(q.job, AlertKey(key.source, key.order, key.job, key.subject), key.step, ruling, risk=risk)


def _ruling(reminder: Reminder, verdict: Wait | Drop) -> Ruling:
    if isinstance(verdict, Wait):
        return Ruling(reminder.id, reminder.fence, State.PLANNED, verdict.reason, verdict.until)
    return Ruling(reminder.id, reminder.fence, verdict.state, verdict.reason)


def _finished(mark: SourceMark, now: datetime) -> SourceMark:
    return replace(mark, rounds=mark.rounds + 1, read=now, failures=0, trouble="", paused="", approved=False)
