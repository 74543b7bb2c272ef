"""Calls that are due: is the alert still open, is the call still wanted, and what is said to whom in one message.

Whatever an agent is to hear by one channel at the same moment becomes one message, the worst first. So a flood of
alerts is a few messages, however many calls it is: who has to wait for a channel's next turn leaves in one with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from notifier.alerting import Alerting, OnCallDesk
from notifier.closing import finished
from notifier.digesting import Digesting
from notifier.errors import RenderError
from notifier.interfaces import Ruling, Store
from notifier.letters import Letter, message_id, seal
from notifier.links import Links
from notifier.model.message import Message
from notifier.model.oncall import Agent
from notifier.model.order import Order
from notifier.model.reminder import OrderKey, Reminder, State
from notifier.outlet import Outlet
from notifier.render import AlertSaying, Texts
from notifier.rules.ladder import RESOLVED_STEP, Call
from notifier.rules.plan import Planner
from notifier.rules.recheck import Way
from notifier.settings import channels_named

RENDER_AGAIN = timedelta(minutes=15)

Orders = Mapping[OrderKey, Order]


@dataclass(frozen=True, slots=True)
class StaffDesk:
    """What a reload swaps for the staff: who is on duty, the texts of alerts with their links, and digests."""

    oncall: OnCallDesk
    texts: Texts
    links: Links
    digesting: Digesting


@dataclass(frozen=True, slots=True)
class _Due:
    """A call that may be made now: what it says, to whom, and the ways there."""

    reminder: Reminder
    saying: AlertSaying
    agent: Agent
    by: tuple[str, ...]


class Calling:
    """Works out what becomes of claimed calls: `letters` that may leave now, `rulings` about the others.

    `trouble` are texts that could not be made.
    """

    def __init__(
        self,
        store: Store,
        alerting: Alerting,
        planner: Planner,
        staff: StaffDesk,
        outlets: Mapping[str, Outlet],
        now: datetime,
    ) -> None:
        self.letters: list[Letter] = []
        self.rulings: list[Ruling] = []
        self.trouble: list[str] = []
        self._store, self._alerting, self._planner = store, alerting, planner
        self._staff, self._outlets, self._now = staff, outlets, now

    async def prepare(self, claimed: Sequence[Reminder], orders: Orders) -> None:
        """Decide about each.

        1. Close the alerts that turn out to be over; their calls end with them.
        2. Ask each call: does its alert still want it, now?
        3. Put what one agent is to hear by one channel into one message, and take the channel's turn for it.
        """
        numbers = {call.alert for call in claimed}
        alerts, stored = await self._store.alerts(numbers), await self._store.calls(numbers)
        over = await finished(self._store, self._planner, list(alerts.values()), orders, self._now)
        closed = {alert.id for alert, _ in over}
        if over:
            await self._alerting.resolve_all(over)
        due: list[_Due] = []
        for number, calls in _by_alert(claimed).items():
            alert, job = alerts.get(number), self._staff.oncall.jobs.get(calls[0].key.job)
            if number in closed:  # their rows are cancelled by now, and this changes nothing; or it was raised again
                self._end(calls, State.PLANNED, "asked again", self._now)
            elif alert is None or job is None:
                self._end(calls, State.CANCELLED, "its alert is gone")
            else:
                order = orders.get(alert.key.order_key) or Order(alert.key.source, alert.key.order)
                saying = AlertSaying(job, order, (alert.key.subject,) if alert.key.subject else (), alert)
                due += self._wanted(calls, self._alerting.calls(alert, stored.get(number, ())), saying)
        for outlet, address, group in await self._bundles(due):
            self._write(outlet, address, group)

    def _end(self, calls: Sequence[Reminder], state: State, reason: str, wake: datetime | None = None) -> None:
        self.rulings += (Ruling(call.id, call.fence, state, reason, wake) for call in calls)

    def _wanted(self, claimed: Sequence[Reminder], calls: Sequence[Call], saying: AlertSaying) -> list[_Due]:
        """Those claimed calls of one alert that may be made now."""
        wanted = {call.planned.key: call for call in calls}
        due = []
        for reminder in claimed:
            call = wanted.get(reminder.key)
            if call is None:
                self._end([reminder], State.CANCELLED, "the alert does not ask for it any more")
            elif call.planned.due > self._now:
                self._end([reminder], State.PLANNED, "its moment has changed", call.planned.due)
            elif self._now > reminder.until:
                self._end([reminder], State.EXPIRED, "it is too late for it to make sense")
            else:
                due.append(_Due(reminder, saying, self._staff.oncall.oncall.agents[call.agent], call.by))
        return due

    async def _bundles(self, due: Sequence[_Due]) -> list[tuple[Outlet, str, list[_Due]]]:
        """What goes to the same agent by the same channel, news of ended alerts apart from calls.

        A channel that rests is passed over for the next one: for the staff, any way is better than later.
        """
        ways = [self._ways(one) for one in due]
        pairs = {(way.kind, way.address) for own in ways for way in own if way.address}
        closed = set(await self._store.suppressed(pairs)) if pairs else set()
        groups: dict[tuple[str, str, bool], tuple[Outlet, str, list[_Due]]] = {}
        for one, own in zip(due, ways, strict=True):
            open_ = [way for way in own if (way.kind, way.address) not in closed]
            awake = [way for way in open_ if way.rests_until is None or way.rests_until <= self._now]
            if awake:
                outlet, address = self._outlets[awake[0].name], awake[0].address or ""
                over = one.reminder.key.step == RESOLVED_STEP
                groups.setdefault((outlet.name, address, over), (outlet, address, []))[2].append(one)
            elif open_:
                wakes = min(way.rests_until for way in open_ if way.rests_until)
                self._end([one.reminder], State.PLANNED, f"{open_[0].name} is not taking messages", wakes)
            else:
                self._end([one.reminder], State.FAILED, f"no channel reaches {one.agent.name}")
        return list(groups.values())

    def _ways(self, one: _Due) -> list[Way]:
        names = [name for name in channels_named(one.by, self._outlets) if name not in one.reminder.refused]
        return [way for name in names if (way := self._outlets[name].way(one.agent.person)).address]

    def _write(self, outlet: Outlet, address: str, group: Sequence[_Due]) -> None:
        """One message for the whole group, or all of them wait for the channel's next turn."""
        reminders = [one.reminder for one in group]
        if wait := outlet.turn(self._now):
            reason = f"{outlet.name} takes no more for the moment"
            self._end(reminders, State.PLANNED, reason, self._now + wait)
            return
        try:
            message = self._message(outlet, address, group)
            self.letters.append(seal(message, reminders, outlet, group[0].agent.name))
        except RenderError as error:
            self.trouble.append(str(error))
            reason = f"the text could not be made: {error}"
            self._end(reminders, State.PLANNED, reason, self._now + RENDER_AGAIN)

    def _message(self, outlet: Outlet, address: str, group: Sequence[_Due]) -> Message:
        agent, first = group[0].agent, group[0].reminder
        sayings = list({one.saying.alert.id: one.saying for one in group}.values())
        links = partial(self._staff.links.to_alerts, agent=agent.name)
        over = first.key.step == RESOLVED_STEP
        text = self._staff.texts.render_alerts(outlet.kind, agent, sayings, links, self._now, over)
        return Message(
            id=message_id(first.key),
            address=address,
            text=text.text,
            written=self._now,
            until=max(one.reminder.until for one in group),
            name=agent.called or agent.name,
            subject=text.subject,
            html=text.html,
            language=text.language,
            headers=text.headers,
            link=text.link,
        )


def _by_alert(calls: Sequence[Reminder]) -> dict[int, list[Reminder]]:
    found: dict[int, list[Reminder]] = {}
    for call in calls:
        found.setdefault(call.alert, []).append(call)
    return found
