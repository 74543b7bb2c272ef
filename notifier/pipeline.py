"""The straight line: from a shop's orders to a customer's phone. Read this first.

    poll → take in (understand, observe, plan, reconcile) → apply             one transaction a page
    claim → ask again → recheck → write → intend → deliver → record           batches, outcomes as they come

The guarantee: a reminder is said at most once. Before a byte leaves, the attempt and its final bytes are committed;
what the program does not see the end of is held for a person and never repeated by itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notifier.asking import ask_again, facts_for
from notifier.clock import Clock
from notifier.delivery import Delivery
from notifier.errors import RenderError
from notifier.intake import Intake, take_again, take_in
from notifier.interfaces import Ruling, Source, SourceMark, Store
from notifier.letters import Letter, Writer, gather, write
from notifier.model.reminder import Reminder, State
from notifier.model.shop import SendingRules
from notifier.outlet import Outlet
from notifier.rules.brake import Brake
from notifier.rules.plan import Planner
from notifier.rules.recheck import Drop, Question, Raise, Send, Wait, recheck_all

LEASE = timedelta(minutes=5)
RENDER_AGAIN = timedelta(minutes=15)
_PAGE = 500
_PORTION = 100


@dataclass(slots=True)
class Round:
    """What one poll of a source, or one planning of what is stored, came to.

    `too_old` counts by job; `trouble` are records that are not even orders."""

    source: str
    read: int = 0
    changed: int = 0
    planned: int = 0
    moved: int = 0
    cancelled: int = 0
    quarantined: int = 0
    too_old: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    paused: str = ""

    def numbers(self) -> dict[str, object]:
        """What a log line tells of it."""
        names = ("source", "read", "changed", "planned", "moved", "cancelled", "quarantined")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class Batch:
    """What one dispatch did with the reminders that it claimed. `trouble` are texts that could not be made."""

    claimed: int = 0
    sending: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Desk:
    """What may change while the program runs (a reload swaps it whole): jobs, texts, rules, channels."""

    planner: Planner
    texts: Writer
    rules: SendingRules
    outlets: Mapping[str, Outlet]


class Pipeline:
    """Moves reminders along the line, with one store, some sources, and the desk's jobs, texts and channels.

    With `histories` the sources tell all they will ever know of an order's past, so a moment they lack stays unknown;
    otherwise it is the instant of the poll that first showed the new state (but for a source's very first poll).
    `again` is called when deliveries have ended: what was refused is due again at once.
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
        self._again = again
        self._turn = asyncio.Lock()
        self._deliveries: list[Delivery] = []
        self._ended = asyncio.Event()

    @property
    def under_way(self) -> int:
        """How many messages are being sent, or wait for their turn at a channel."""
        return sum(delivery.under_way for delivery in self._deliveries)

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
        async for page in source.poll(mark.cursor, self.clock.now()):
            now = self.clock.now()
            intake = await take_in(self.store, self.desk.planner, source, page.records, now, first_look=first_look)
            if reason := brake.refuses(intake.touched):
                await self.store.set_mark(replace(mark, paused=reason, approved=False))
                round_.paused = reason
                return round_
            mark = replace(mark, cursor=page.cursor)
            await self.store.apply(intake.changes(now, mark))
            _count(round_, intake, len(page.records))
            round_.trouble += page.trouble
        await self.store.set_mark(_finished(mark, self.clock.now()))
        return round_

    async def replan(self, name: str) -> Round:
        """Plan all stored orders of a source again: after a change of jobs or settings, and once a day."""
        round_, last = Round(name), ""
        while rows := await self.store.orders_after(name, last, _PAGE):
            now = self.clock.now()
            intake = await take_again(self.store, self.desk.planner, rows, now)
            await self.store.apply(intake.changes(now))
            _count(round_, intake, len(rows))
            last = rows[-1].order.id
        return round_

    async def note_failure(self, name: str, trouble: str) -> None:
        """Remember that a source could not be read, for those who ask how it is."""
        mark = await self.store.mark(name)
        await self.store.set_mark(replace(mark, failures=mark.failures + 1, trouble=trouble))

    async def swap(self, desk: Desk, sources: Mapping[str, Source], brakes: Mapping[str, Brake]) -> None:
        """Go on with other parts; a batch that was begun, and deliveries under way, finish with the old ones."""
        async with self._turn:
            self.desk, self.sources, self.brakes = desk, sources, brakes

    async def dispatch(self, limit: int = _PAGE) -> Batch:
        """Take what is due and send it on its way; deliveries go on after the return (`drain` waits for them)."""
        for delivery in self._deliveries:
            if delivery.failures:
                raise delivery.failures.pop()
        async with self._turn:
            return await self._dispatch(limit)

    async def drain(self, seconds: float | None = None) -> int:
        """Wait for the deliveries under way, at most so long. Returns how many messages were still on their way."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.under_way:
                    self._ended.clear()
                    await self._ended.wait()
        return self.under_way

    async def abandon(self) -> None:
        """Let go of deliveries that do not end. Their attempts stay `sending`: nobody saw how they ended."""
        await asyncio.gather(*(delivery.abandon() for delivery in self._deliveries))

    async def _dispatch(self, limit: int) -> Batch:
        """Claim, ask again, recheck, write; then settle what waits or ends, and start what is to be sent."""
        desk, now = self.desk, self.clock.now()
        claimed = await self.store.claim(now, now + LEASE, limit)
        batch = Batch(len(claimed))
        if not claimed:
            return batch
        asked = await ask_again(self.store, self.sources, desk.planner, claimed, now)
        questions = await facts_for(self.store, desk.planner, desk.rules, desk.outlets, asked.rows, self.clock.now())
        verdicts = recheck_all(questions)
        rulings = [_ruling(q.reminder, verdict) for q, verdict in verdicts if not isinstance(verdict, Send)]
        rulings += asked.rulings
        sends = gather([(q, v) for q, v in verdicts if isinstance(v, Send)])
        for number in range(0, len(sends), _PORTION):
            letters, waits = self._write(sends[number : number + _PORTION], batch)
            rulings += waits
            batch.sending += len(letters)
            self._start(letters)
            await asyncio.sleep(0)  # writing takes a while: what is on its way already must not stand still for it
        if rulings:
            await self.store.settle(rulings, self.clock.now())
        batch.decided.update(ruling.reason for ruling in rulings)
        return batch

    def _write(
        self, sends: Sequence[tuple[Sequence[Question], Send]], batch: Batch
    ) -> tuple[list[Letter], list[Ruling]]:
        """Letters for what may leave now; what has to wait for its turn or cannot be written waits, with its reason."""
        letters: list[Letter] = []
        rulings: list[Ruling] = []
        for questions, send in sends:
            outlet, now = self.desk.outlets[send.channel], self.clock.now()
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

    def _start(self, letters: Sequence[Letter]) -> None:
        """Hand letters to their outlets; outlets that a reload took away finish what they have."""
        self._deliveries = [
            one for one in self._deliveries if one.under_way or one.outlet in self.desk.outlets.values()
        ]
        for outlet, own in _by_outlet(letters).items():
            delivery = next((one for one in self._deliveries if one.outlet is outlet), None)
            if delivery is None:
                delivery = Delivery(outlet, self.store, self.clock, self.stopping, self._delivered)
                self._deliveries.append(delivery)
            delivery.take(own)

    def _delivered(self) -> None:
        self._ended.set()
        self._again()


def _by_outlet(letters: Sequence[Letter]) -> dict[Outlet, list[Letter]]:
    found: dict[Outlet, list[Letter]] = {}
    for letter in letters:
        found.setdefault(letter.outlet, []).append(letter)
    return found


def _ruling(reminder: Reminder, verdict: Wait | Drop | Raise) -> Ruling:
    if isinstance(verdict, Raise):
        return Ruling(reminder.id, reminder.fence, State.RAISED, "it became an alert")
    if isinstance(verdict, Wait):
        return Ruling(reminder.id, reminder.fence, State.PLANNED, verdict.reason, verdict.until)
    return Ruling(reminder.id, reminder.fence, verdict.state, verdict.reason)


def _count(round_: Round, intake: Intake, read: int) -> None:
    round_.read += read
    round_.changed += len(intake.orders)
    round_.planned += len(intake.inserts)
    round_.moved += len(intake.moves)
    round_.cancelled += len(intake.cancels)
    round_.quarantined += len(intake.quarantine)
    round_.too_old.update(intake.too_old)


def _finished(mark: SourceMark, now: datetime) -> SourceMark:
    return replace(mark, rounds=mark.rounds + 1, read=now, failures=0, trouble="", paused="", approved=False)
