"""A simulation as one page that needs nothing else: what each job does, and a timeline of every customer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from notifier.model.shop import Shop
from notifier.model.simulation import JobTotals, Raised, Said, Simulation, Unsaid
from notifier.rules.masking import mask_customer, mask_recipient
from notifier.rules.phrases import count

_HERE = Path(__file__).parent
_MOST_TICKS = 9
_DAYS = (1, 2, 7, 14)
_MONTHS = (1, 3, 12, 60)
_GOLDEN_ANGLE = 137.508
"""Degrees of hue between one job and the next: any number of neighbours stay as different as they can."""


@dataclass(frozen=True, slots=True)
class _Event:
    """One dot of a timeline, and its line in the list below it. `left` is its place on the axis in percent."""

    left: str
    when: str
    moment: str
    order: str
    job: str
    hue: int
    what: str
    to: str
    reason: str
    text: str = ""
    kind: str = "said"


@dataclass(slots=True)
class _Customer:
    """A row of the page. `words` is what the search looks in."""

    name: str
    events: list[_Event] = field(default_factory=list)

    @property
    def said(self) -> int:
        return sum(event.kind == "said" for event in self.events)

    @property
    def raised(self) -> int:
        return sum(event.kind == "raised" for event in self.events)

    @property
    def dots(self) -> list[tuple[int, _Event]]:
        """The events with their numbers in the list, those that came to something last: they lie on top."""
        return sorted(enumerate(self.events), key=lambda pair: pair[1].kind != "unsaid")

    @property
    def words(self) -> str:
        found = {word for e in self.events for word in (e.order, e.job, e.what, e.to)}
        return " ".join([self.name, *sorted(found)]).casefold()


def timeline_page(simulation: Simulation, shop: Shop) -> str:
    """The page as HTML. Recipients are masked; texts are what would be said, and with them names of customers.

    Everything that comes from a shop is escaped, and the page's own policy runs no script but the one it came with.
    """
    axis = _Axis(simulation, shop.zone)
    totals = simulation.by_job()
    hues = {job.name: round(number * _GOLDEN_ANGLE) % 360 for number, job in enumerate(totals)}
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return environment.get_template("page.html").render(
        shop=shop,
        since=axis.day(simulation.since),
        until=axis.day(simulation.until),
        messages=count(len(simulation.said), "message"),
        alerts=count(len(simulation.raised), "alert") if simulation.raised else "",
        orders=count(simulation.orders, "order"),
        customers=_customers(simulation, axis, hues),
        jobs=[(job, hues[job.name], list(_why_not(job))) for job in totals],
        ticks=list(axis.ticks()),
        style=style,
        script=script,
        script_hash=_digest(script),
        style_hash=_digest(style),
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _why_not(job: JobTotals) -> Iterator[tuple[str, str, int]]:
    """State, reason and number of what a job did not say, the most frequent first."""
    for state, reasons in sorted(job.unsaid.items()):
        yield from ((str(state).replace("_", " "), reason, number) for reason, number in reasons.most_common())


def _customers(simulation: Simulation, axis: _Axis, hues: dict[str, int]) -> list[_Customer]:
    """Everybody to whom something is said or planned, or whom an alert is about, in the order of their first event."""
    found: dict[tuple[str, str], _Customer] = {}
    events: list[Said | Raised | Unsaid] = [*simulation.said, *simulation.raised, *simulation.unsaid]
    for one in sorted(events, key=lambda event: event.at):
        name = mask_customer(one.customer) if one.customer else f"order {one.order}"
        own = found.setdefault((one.source, one.customer or f"\0{one.order}"), _Customer(name))
        own.events.append(_event(one, axis, hues[one.job]))
    return list(found.values())


def _event(one: Said | Raised | Unsaid, axis: _Axis, hue: int) -> _Event:
    when, moment = axis.when(one.at), one.at.isoformat()
    what = f"{one.job} ({', '.join(one.about)})" if one.about else one.job
    common = (axis.place(one.at), when, moment, one.order, one.job, hue)
    if isinstance(one, Said):
        return _Event(*common, f"{what} by {one.channel}", mask_recipient(one.address), one.reason, one.text)
    if isinstance(one, Raised):
        return _Event(*common, f"{what}: alert", one.policy, one.reason, kind="raised")
    state = str(one.state).replace("_", " ")
    return _Event(*common, f"{what}: {state}", "", one.reason, kind="unsaid")


class _Axis:
    """Where instants stand on the page, on the shop's clock."""

    def __init__(self, simulation: Simulation, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        instants = [one.at for own in (simulation.said, simulation.raised, simulation.unsaid) for one in own]
        self._start = min(instants, default=simulation.since)
        self._length = max(max(instants, default=simulation.until) - self._start, timedelta(hours=1))

    def place(self, instant: datetime) -> str:
        """Percent of the axis."""
        return f"{(instant - self._start) / self._length * 100:.2f}"

    def when(self, instant: datetime) -> str:
        """`Sun 1 Mar 2026, 21:00`."""
        local = instant.astimezone(self._zone)
        return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"

    def day(self, instant: datetime) -> str:
        """`1 Mar 2026`."""
        local = instant.astimezone(self._zone)
        return f"{local.day} {local:%b %Y}"

    def ticks(self) -> Iterator[tuple[str, str]]:
        """Days to write on the axis: their place, and their words."""
        end = self._start + self._length
        for day in _round_days(self._start.astimezone(self._zone), self._length):
            if self._start <= day <= end:
                yield self.place(day), f"{day.day} {day:%b}"


def _round_days(start: datetime, length: timedelta) -> Iterator[datetime]:
    """Midnights that divide a stretch of time well: some days apart, or the first days of months."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    numbers = range(_MOST_TICKS + 2)
    for days in _DAYS:
        if length / timedelta(days=days) <= _MOST_TICKS:
            # Wall time: midnight stays midnight when the clocks change.
            yield from (midnight + timedelta(days=days * number) for number in numbers)
            return
    step = next((months for months in _MONTHS if length / timedelta(days=30 * months) <= _MOST_TICKS), _MONTHS[-1])
    for number in numbers:
        years, month = divmod(midnight.month - 1 + step * number, 12)
        yield midnight.replace(year=midnight.year + years, month=month + 1, day=1)
