"""Orders that were lived through: a store as a daemon leaves it, without a daemon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from notifier.clock import VirtualClock
from notifier.interfaces import Store
from notifier.model.job import Job
from notifier.model.order import Customer, Order
from notifier.model.shop import SendingRules, Shop
from notifier.model.simulation import Simulation
from notifier.outlet import Outlet
from notifier.pipeline import Desk
from notifier.render import Rendered
from notifier.rules.plan import Planner
from notifier.simulate import Paper, play
from notifier.store.memory import MemoryStore
from tests.fakes.orders import PLACED


class Phone:
    """A channel for SMS that reaches everybody who has a phone number."""

    name = kind = "sms"

    def address_of(self, customer: Customer) -> str | None:
        """The number as it stands in the order."""
        return customer.phone or None


class Plain:
    """Writes the job's name and the order's number."""

    def render(
        self, job: Job, order: Order, kind: str, subjects: Sequence[str] = (), step: int = 0, occurrence: str = ""
    ) -> Rendered:
        """The same in every language."""
        return Rendered("", f"{job.name} {order.id}")


async def live(
    orders: Sequence[Order],
    until: datetime,
    jobs: Sequence[Job],
    shop: Shop,
    *,
    begin: datetime = PLACED - timedelta(hours=1),
    store: Store | None = None,
) -> Simulation:
    """Watch these orders from `begin` to `until`, with the default quiet hours."""
    clock = VirtualClock(begin)
    desk = Desk(Planner(jobs, shop), Plain(), SendingRules(), {"sms": Outlet(Paper(Phone()), clock)})
    return await play(desk, {"shop": orders}, clock, until, store=store or MemoryStore())
