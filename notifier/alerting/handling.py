"""Everything that is done with alerts, by people and by the program.

The guarantees: an alert and its calls change together or not at all; whoever was slower does it again with what is
stored by then; and once `acknowledge`, `snooze` or `resolve` returns, no call of the alert leaves any more.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from notifier.alerting.desk import OnCallDesk, Raising
from notifier.alerting.ledger import TRIES, Ledger
from notifier.clock import Clock
from notifier.errors import StoreError, UsageError
from notifier.interfaces import Store
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.reminder import Reminder
from notifier.rules.alerts import Changed, acknowledged, opened, raised_again, resolved, snoozed
from notifier.rules.ladder import Call

_TRIES_TOGETHER = 4
_PAGE = 500


class Alerting:
    """Changes alerts in a store. `desk` gives the settings as they are now.

    `ended` returns when no call of that alert is on its way any more; `again` is called when calls were planned or
    moved: they may be due at once.
    """

    def __init__(
        self,
        store: Store,
        desk: Callable[[], OnCallDesk],
        clock: Clock,
        ended: Callable[[int], Awaitable[None]],
        again: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._clock, self._ended = store, clock, ended
        self._ledger = Ledger(store, desk, clock, again)

    async def get(self, number: int) -> Alert:
        """The alert with this number. Raises UsageError when there is none."""
        found = (await self._store.alerts([number])).get(number)
        if found is None:
            raise UsageError(f"there is no alert {number}")
        return found

    async def standing(self, number: int) -> Alert:
        """The same, as it may be shown to people: of one that calls nobody now, no call is on its way any more."""
        alert = await self.get(number)
        if alert.state is not AlertState.OPEN or alert.started > self._clock.now():
            await self._ended(number)
        return alert

    async def acknowledge(self, number: int, by: str, how: str = "") -> Alert:
        """`by` takes it, `how` says by which way. What is taken or over already stays as it is.

        Raises UsageError for an unknown number, StoreError when it keeps changing under our hands.
        """

        def take(alert: Alert, now: datetime) -> Changed | None:
            return acknowledged(alert, by, now, how) if alert.state is AlertState.OPEN else None

        return await self._stop(number, take)

    async def resolve(self, number: int, by: str, reason: str = "") -> Alert:
        """`by` closes it; the others who were called are told. What is over already stays as it is. Raises as above."""

        def close(alert: Alert, now: datetime) -> Changed | None:
            return None if alert.state is AlertState.RESOLVED else resolved(alert, by, reason, now)

        return await self._stop(number, close)

    async def snooze(self, number: int, until: datetime, by: str) -> Alert:
        """Nobody is called before `until`, then the ladder begins anew. Raises as above, and UsageError for what is
        over or a time that has passed."""

        def put_off(alert: Alert, now: datetime) -> Changed:
            if alert.state is AlertState.RESOLVED:
                raise UsageError(f"alert {number} is over; there is nothing to put off")
            if until <= now:
                raise UsageError(f"alert {number} can only be put off to a time that is still to come")
            return snoozed(alert, until, by, now)

        return await self._stop(number, put_off)

    async def note(self, number: int, by: str, text: str) -> Alert:
        """Add a line to its history. Raises UsageError for an unknown number or an empty text."""
        if not text.strip():
            raise UsageError("a note needs a text")
        alert = await self.get(number)
        await self._store.note([AlertEntry(number, self._clock.now(), "note", by, text.strip())])
        return alert

    async def raise_all(self, raises: Sequence[Raising]) -> Sequence[Alert | None]:
        """Open alerts, or raise those that exist again (`rules.alerts` says how), all in one batch.

        Several of one alert follow each other, earlier steps first. None stands for a reminder that is not ours any
        more: then nothing was done about it.
        """
        found: list[Alert | None] = [None] * len(raises)
        waiting: dict[AlertKey, deque[int]] = {raising.key: deque() for raising in raises}
        for position in sorted(range(len(raises)), key=lambda position: raises[position].step):
            waiting[raises[position].key].append(position)
        tries: Counter[int] = Counter()
        while waiting:
            first = [queue[0] for queue in waiting.values()]
            raised = await self._raise([raises[position] for position in first])
            for position, alert in zip(first, raised, strict=True):
                found[position] = alert
                tries[position] += 1
                if alert is not None or tries[position] == _TRIES_TOGETHER:
                    waiting[raises[position].key].popleft()
            waiting = {key: queue for key, queue in waiting.items() if queue}
        return found

    async def resolve_all(self, alerts: Sequence[tuple[Alert, str]]) -> Sequence[Alert | None]:
        """Close alerts that are over by themselves, each with its reason; those who were called are told.

        None stands for what somebody else has closed, or that was raised again since it was read: it is not over.
        """
        done: dict[int, Alert] = {}
        left = {alert.id: (alert, reason) for alert, reason in alerts if alert.state is not AlertState.RESOLVED}
        for _ in range(_TRIES_TOGETHER):
            if not left:
                break
            now = self._clock.now()
            closing = [(resolved(alert, "", reason, now), None) for alert, reason in left.values()]
            done.update((alert.id, alert) for alert in await self._ledger.apply(closing, now) if alert is not None)
            lost = {number: pair for number, pair in left.items() if number not in done}
            fresh = await self._store.alerts(lost) if lost else {}
            left = {
                number: (fresh[number], reason)
                for number, (alert, reason) in lost.items()
                if number in fresh and _still_over(alert, fresh[number])
            }
        return [done.get(alert.id) for alert, _ in alerts]

    async def replan(self) -> int:
        """Make the calls of all unresolved alerts what they ought to be: after a reload, and once a day.

        They follow their jobs to other policies and urgencies. Returns how many alerts changed.
        """
        changed = 0
        for source in ["", *(mark.source for mark in await self._store.marks())]:
            numbers = [alert.id for alert in await self._store.unresolved(source)]
            for first in range(0, len(numbers), _PAGE):
                changed += await self._ledger.heal(numbers[first : first + _PAGE])
        return changed

    def calls(self, alert: Alert, stored: Sequence[Reminder]) -> list[Call]:
        """The calls that ought to exist for an alert now; `stored` are all that it ever had."""
        return self._ledger.calls(alert, stored)

    async def _stop(self, number: int, change: Callable[[Alert, datetime], Changed | None]) -> Alert:
        """Change one alert so that its calls end. When this returns, none of them is on its way.

        1. Change it and cancel the calls that wait.
        2. Cancel those that were on their way meanwhile, and came back to wait.
        3. Wait for those still on their way. If they come back, the recheck finds that they are not wanted.
        """
        alert = await self._change(number, change)
        if await self._ledger.heal([number]):
            alert = await self.get(number)
        await self._ended(number)
        return alert

    async def _change(self, number: int, change: Callable[[Alert, datetime], Changed | None]) -> Alert:
        for _ in range(TRIES):
            alert, now = await self.get(number), self._clock.now()
            changed = change(alert, now)
            if changed is None:
                return alert
            [stored] = await self._ledger.apply([(changed, None)], now)
            if stored is not None:
                return stored
        raise StoreError(f"alert {number} is changed by others all the time; try again in a moment")

    async def _raise(self, raises: Sequence[Raising]) -> Sequence[Alert | None]:
        """Raise alerts of different keys."""
        known = await self._store.alerts_by_key([raising.key for raising in raises])
        now = self._clock.now()
        return await self._ledger.apply(
            [(_raised(known.get(raising.key), raising, now), raising.ruling) for raising in raises], now
        )


def _raised(known: Alert | None, raising: Raising, now: datetime) -> Changed:
    if known is None:
        return opened(raising.key, raising.occasion, now)
    return raised_again(known, raising.occasion, now)


def _still_over(read: Alert, fresh: Alert) -> bool:
    """Is what was found out about an alert as it was read true of it now? Not when it was raised meanwhile."""
    return fresh.state is not AlertState.RESOLVED and (fresh.opened, fresh.times) == (read.opened, read.times)
