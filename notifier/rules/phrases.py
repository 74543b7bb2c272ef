"""How we speak of times, steps and parts of an order: `12 hours after the order was placed`, `parcel 1 of 2`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.model.duration import Duration
from notifier.model.job import Job, Step, Subject
from notifier.model.order import Order
from notifier.model.reminder import Key

QUIET = "quiet hours"
"""The reason that the gate of the quiet hours gives."""
_NEAR = timedelta(days=3)
_ORDER = {
    "placed": "the order was placed",
    "paid": "the order was paid",
    "shipped": "the order was shipped",
    "delivered": "the order was delivered",
    "completed": "the order was completed",
    "cancelled": "the order was cancelled",
    "reviewed": "the order was reviewed",
    "ran_out": "goods of the order ran out",
    "pay_by": "the payment is due",
    "ship_by": "the order must be shipped",
    "confirm_by": "the receipt is confirmed by itself",
    "return_by": "the return right ends",
}
_PARCEL = {
    "shipped": "the parcel was shipped",
    "first_scan": "the carrier first scanned the parcel",
    "last_scan": "the carrier last scanned the parcel",
    "delivered": "the parcel was delivered",
    "returned": "the parcel came back",
}
_CASE = {
    "requested": "the case was opened",
    "agreed": "the case was agreed",
    "returned": "the goods were sent back",
    "received": "the goods came back",
    "decided": "the case was decided",
    "paid": "the money was paid back",
    "shipped": "the replacement was shipped",
    "closed": "the case was closed",
    "closes_by": "the case closes by itself",
    "evidence_by": "the evidence is due",
    "freight_paid": "the postage was paid back",
}
_REVIEW = {"written": "the review was written", "answered": "the review was answered"}
_MOMENTS: Mapping[Subject, Mapping[str, str]] = {
    Subject.ORDER: _ORDER,
    Subject.PARCEL: _PARCEL,
    Subject.CASE: _CASE,
    Subject.REVIEW: _REVIEW,
}
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_UNITS |= {"mo": "month", "y": "year", "wd": "working day"}
_PART = re.compile(r"(\d+)([a-z]+)")


def count(number: int, noun: str) -> str:
    """`1 message`, `3 messages`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def length(duration: Duration) -> str:
    """`1h30m` → `1 hour 30 minutes`, `2wd` → `2 working days`."""
    return " ".join(count(int(number), _UNITS[unit]) for number, unit in _PART.findall(duration.text))


def ground(job: Job, key: Key) -> str:
    """Why a reminder is due when it is: `12 hours after the order was placed`. Empty when nobody can tell any more."""
    if job.subject is Subject.CALENDAR:
        return f"for {key.occurrence}" if key.occurrence else ""
    moment = _MOMENTS.get(job.subject, {}).get(job.moment)
    if moment is None or key.step >= len(job.steps):
        return ""
    pinned = f", at {job.at:%H:%M}" if job.at else ""
    more = f", after waiting {length(job.merge)} for others" if job.merge else ""
    return f"{_distance(job.steps[key.step])} {moment}{pinned}{more}"


def _distance(step: Step) -> str:
    offset = step.offset
    if not (offset.seconds or offset.months or offset.working_days):
        return "as soon as"
    return f"{length(offset)} {'before' if step.before else 'after'}"


def step_of(job: Job, key: Key) -> str:
    """`step 1 of 2`; empty for jobs with only one."""
    return f"step {key.step + 1} of {len(job.steps)}" if len(job.steps) > 1 else ""


def part(subject: Subject, id_: str, order: Order) -> str:
    """A part of an order: `parcel 1 of 2 (SF1001)`, `return case c1`, `review r1`."""
    if subject is Subject.PARCEL:
        ids = [parcel.id for parcel in order.parcels]
        number = next((parcel.number for parcel in order.parcels if parcel.id == id_), "") or id_
        several = len(ids) > 1 and id_ in ids
        return f"parcel {ids.index(id_) + 1} of {len(ids)} ({number})" if several else f"parcel {number}"
    kinds = [f"{case.kind} " for case in order.cases if case.id == id_ and subject is Subject.CASE]
    return f"{kinds[0] if kinds else ''}{subject} {id_}"


def either(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def because(reason: str) -> str:
    """A stored reason as the end of a sentence; most are sentences themselves, some only name a thing."""
    if not reason:
        return ""
    return ", because of the quiet hours" if reason == QUIET else f", because {reason}"


class Times:
    """Speaks of instants on one clock; the year is left out while it is the present one."""

    def __init__(self, zone: str, now: datetime) -> None:
        self.zone = zone
        self._zone = ZoneInfo(zone)
        self._now = now.astimezone(self._zone)

    def at(self, instant: datetime) -> str:
        """`Sun 1 Mar, 21:00`; `Wed 31 Dec 2025, 09:00` in another year."""
        local = instant.astimezone(self._zone)
        year = "" if local.year == self._now.year else f" {local.year}"
        return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M}"

    def ahead(self, instant: datetime) -> str:
        """` (in 3 hours)` for what is near, else nothing."""
        wait = instant - self._now
        if not timedelta() < wait < _NEAR:
            return ""
        hours, minutes = round(wait / timedelta(hours=1)), max(1, round(wait / timedelta(minutes=1)))
        return f" (in {count(hours, 'hour') if minutes > 90 else count(minutes, 'minute')})"
