"""The view of the demonstration: what was planned, called off, said and taken, as it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from notifier.demo.alerts import AlertWatch
from notifier.interfaces import Selection, Store
from notifier.model.order import Order
from notifier.model.reminder import Reminder, State
from notifier.rules.phrases import count

_OVER = {State.CANCELLED: "called off", State.SKIPPED: "not sent", State.EXPIRED: "too late"}
_COLUMNS = {"planned": (State.PLANNED,), "called off": (*_OVER,), "sent": (State.ACCEPTED,), "alerts": (State.RAISED,)}
_RECENT = 8
"""Lines below the table; with these the whole fits into a terminal of 24 lines."""
_LOUD = {" SENT ": "green", "ALERT ": "bold red", " CALLED ": "red", " TAKEN ": "bold green", " OVER ": "green"}
_ALL = 10_000


@dataclass(slots=True)
class View:
    """What is known so far; `events` are the lines that have appeared since the start."""

    jobs: Sequence[str]
    now: datetime
    part: float = 0.0
    orders: Sequence[Order] = ()
    seen: dict[int, State] = field(default_factory=dict)
    counts: Counter[tuple[str, State]] = field(default_factory=Counter)
    events: list[str] = field(default_factory=list)
    alerts: AlertWatch = field(default_factory=AlertWatch)

    async def look(self, store: Store) -> list[str]:
        """Read reminders and alerts and return what is new, in sentences."""
        rows = await store.list_reminders(Selection(limit=_ALL))
        messages = sorted((row for row in rows if not row.alert), key=lambda row: row.updated or row.due)
        fresh = [self._event(row) for row in messages if self._is_new(row)]
        fresh += await self.alerts.look(store, [row for row in rows if row.alert])
        self.seen = {row.id: row.state for row in rows}
        self.counts = Counter((row.key.job, row.state) for row in rows)
        self.events += fresh
        return fresh

    def _is_new(self, row: Reminder) -> bool:
        told = row.state in _OVER or row.state in {State.PLANNED, State.ACCEPTED}
        return told and self.seen.get(row.id) != row.state and not (row.id in self.seen and row.state is State.PLANNED)

    def _event(self, row: Reminder) -> str:
        job, order = row.key.job, row.key.order
        if row.state is State.PLANNED:
            return f"order {order}: {job} planned for {row.due:%d %b %H:%M}"
        when = row.updated or self.now
        if row.state is State.ACCEPTED:
            return f"order {order}: {job} SENT on {when:%d %b %H:%M}"
        return f"order {order}: {job} {_OVER[row.state]}: {row.reason}"

    def render(self) -> RenderableType:
        """The whole screen."""
        head = Text.assemble(("notifier demo  ", "bold"), f"{self.now:%a %d %B %Y, %H:%M}  in the pretend shop")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("job")
        for column in _COLUMNS:
            table.add_column(column, justify="right")
        others = sorted({job for job, _ in self.counts} - {*self.jobs})
        for name, jobs in (*((job, [job]) for job in self.jobs), (count(len(others), "other job"), others)):
            numbers = [sum(self.counts[job, state] for job in jobs for state in own) for own in _COLUMNS.values()]
            sent = any(self.counts[job, State.ACCEPTED] for job in jobs)
            table.add_row(name, *(str(n) if n else "·" for n in numbers), style="green" if sent else None)
        states = Counter(str(order.state) for order in self.orders)
        shop = "  ".join(f"{number} {state}" for state, number in sorted(states.items()))
        recent = Group(*(Text(f"  {line}", style=_style(line)) for line in self.events[-_RECENT:]))
        bar = Padding(ProgressBar(total=1.0, completed=self.part, width=72), (0, 0, 1, 0))
        return Group(head, bar, Text(f"orders: {shop}"), table, recent)


def _style(line: str) -> str:
    return next((style for word, style in _LOUD.items() if word in line), "dim")
