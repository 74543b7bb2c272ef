"""One sentence for each reminder of an order, with times on the shop's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from notifier.explain.account import Item, Mark
from notifier.interfaces import AttemptRow
from notifier.model.job import Job, Subject
from notifier.model.order import Order
from notifier.model.reminder import Key, Planned, Reminder, State
from notifier.model.shop import SendingRules
from notifier.rules.phrases import QUIET, Times, because, count, ground, part, step_of
from notifier.rules.recheck import allowed_from

_ON_TIME = timedelta(minutes=5)
_STUCK = {
    State.HELD: "is held until a person decides",
    State.IN_DOUBT: "may or may not have left",
    State.FAILED: "could not be sent by any channel",
    State.UNDELIVERED: "was taken by the provider and not delivered",
}
_NOT = {
    State.CANCELLED: "was called off",
    State.SKIPPED: "was not sent",
    State.EXPIRED: "was given up",
}


class Speaker:
    """Knows an order and the jobs, and finds the words."""

    def __init__(self, jobs: Mapping[str, Job], order: Order, times: Times, rules: SendingRules | None = None) -> None:
        self.order = order
        self.times = times
        self._jobs = jobs
        self._rules = rules or SendingRules(quiet_hours={})

    def name(self, *keys: Key, steps: bool = True) -> str:
        """`unpaid-nudge`, or `return-tracking for return case c1 (step 1 of 3)`; several parts of one job together."""
        first, job = keys[0], self._jobs.get(keys[0].job)
        if job is None:
            return first.job
        about = [key.subject for key in keys if key.subject and job.subject is not Subject.SYSTEM]
        parts = [part(job.subject, id_, self.order) for id_ in about]
        step = step_of(job, first) if steps else ""
        return f"{first.job}{' for ' if parts else ''}{' and '.join(parts)}{f' ({step})' if step else ''}"

    def said(self, reminders: Sequence[Reminder], row: AttemptRow) -> Item:
        """What was said in one message."""
        first = min(reminders, key=lambda reminder: reminder.key)
        names = self.name(*sorted(reminder.key for reminder in reminders))
        started = row.attempt.started
        late = started - first.due > _ON_TIME
        put_off = f"; it was due {self.times.at(first.due)}{self._why_later(first.key, first.due)}" if late else ""
        arrived = "; it was delivered" if first.state is State.DELIVERED else ""
        words = f"{names} by {row.attempt.channel}{self._ground(first.key)}{put_off}{arrived}"
        return Item(Mark.SENT, f"{self.times.at(started)}: {words}.")

    def said_once(self, reminder: Reminder) -> Item:
        """What was said so long ago that only this is known."""
        when = self.times.at(reminder.updated or reminder.due)
        return Item(Mark.SENT, f"{when}: {self.name(reminder.key)}{self._ground(reminder.key)}.")

    def coming(self, reminder: Reminder) -> tuple[datetime, Item]:
        """What is planned or on its way, and the instant at which it will leave."""
        key = reminder.key
        if reminder.state is State.SENDING:
            return reminder.wake, Item(Mark.PLANNED, f"Right now: {self.name(key)} is being sent.")
        due = max(reminder.wake, reminder.due)
        leaves = self._leaves(key, due)
        tried = f" after {count(reminder.attempts, 'failed attempt')}" if reminder.attempts else ""
        why = f" ({reminder.reason})" if reminder.attempts else because(reminder.reason)
        if reminder.reason in {"", QUIET}:
            why = self._why_later(key, reminder.due)
        due_first = f"; it is due {self.times.at(reminder.due)}" if leaves - reminder.due > _ON_TIME else ""
        return leaves, self._coming(leaves, f"{self._will(key)}{self._ground(key)}{due_first}{tried}{why}")

    def unplanned(self, planned: Planned) -> tuple[datetime, Item]:
        """What the jobs say now and the daemon has not seen yet."""
        leaves = self._leaves(planned.key, planned.due)
        words = f"{self._will(planned.key)}{self._ground(planned.key)}; the daemon plans it with its next poll"
        return leaves, self._coming(leaves, words)

    def alerted(self, key: Key, policy: str = "", times: int = 1) -> str:
        """`dispute for dispute case d1 alerted customer-service, as soon as the case was opened`; `key` is the last."""
        job = self._jobs.get(key.job)
        words = self._ground(key)
        if times > 1:
            words = f", {count(times, 'time')} by now{words.replace(', ', ', last ', 1)}"
        return f"{self.name(key, steps=False)} alerted {policy or (job.to if job else 'the staff')}{words}"

    def stuck(self, reminder: Reminder, channel: str) -> Item:
        """What waits for a person."""
        by = f" by {channel}" if channel else ""
        why = f": {reminder.reason}" if reminder.reason else ""
        since = f" since {self.times.at(reminder.updated)}" if reminder.updated else ""
        return Item(Mark.STUCK, f"{self.name(reminder.key)}{by} {_STUCK[reminder.state]}{since}{why}.")

    def over(self, reminder: Reminder) -> Item:
        """What was planned and will not be said."""
        on = f" on {self.times.at(reminder.updated)}" if reminder.updated else ""
        words = f"{self.name(reminder.key)}, planned for {self.times.at(reminder.due)}, {_NOT[reminder.state]}{on}"
        return Item(Mark.NO, f"{words}{because(reminder.reason)}.")

    def _coming(self, leaves: datetime, words: str) -> Item:
        return Item(Mark.PLANNED, f"{self.times.at(leaves)}{self.times.ahead(leaves)}: {words}.")

    def _will(self, key: Key) -> str:
        """What a reminder will do: jobs for the staff raise an alert."""
        job = self._jobs.get(key.job)
        return f"{self.name(key)} alerts {job.to}" if job and job.for_staff else self.name(key)

    def _ground(self, key: Key) -> str:
        job = self._jobs.get(key.job)
        words = ground(job, key) if job else ""
        return f", {words}" if words else ""

    def _leaves(self, key: Key, due: datetime) -> datetime:
        """When it will leave at the earliest: not in quiet hours on the reader's clock, which alerts do not keep."""
        job = self._jobs.get(key.job)
        zone = self.order.customer.zone or self.times.zone
        return due if job is None or job.for_staff else allowed_from(job, due, self._rules, zone)

    def _why_later(self, key: Key, due: datetime) -> str:
        return ", in the quiet hours" if self._leaves(key, due) > due else ""
