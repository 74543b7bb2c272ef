"""Runs the examples of job files: each order is played, and the job must speak exactly when the example says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from notifier.clock import VirtualClock
from notifier.errors import BadOrder, Problem
from notifier.model.job import Example, Job
from notifier.model.order import Customer, Order
from notifier.model.shop import SendingRules, Shop
from notifier.outlet import Outlet
from notifier.pipeline import Desk
from notifier.render import Rendered
from notifier.rules.history import instants
from notifier.rules.plan import Planner
from notifier.simulate import Paper, play
from notifier.sources.mapping import MappingOptions
from notifier.sources.normalise import Normaliser

_KINDS = ("email", "sms", "chat")
_AHEAD = timedelta(days=400)
_NAME = "example"
_GREETINGS = {date(year, 1, 1): "New Year" for year in range(2020, 2040)}
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def check_examples(jobs: Iterable[Job]) -> list[Problem]:
    """Every example that does not hold, with its line. Jobs are taken as their files say.

    The shop is one in the example's zone (UTC if it names none) with the default quiet hours, which greets its
    customers on every 1 January, so that an example holds wherever it is run.
    """
    return asyncio.run(_check(list(jobs)))


async def _check(jobs: Sequence[Job]) -> list[Problem]:
    tried = [(job, example, await _fails(job, example)) for job in jobs for example in job.examples]
    return [
        Problem(job.file or Path(job.name), example.line, "example", message)
        for job, example, message in tried
        if message
    ]


async def _fails(job: Job, example: Example) -> str:
    """What is wrong with an example; empty when it holds."""
    shop = Shop(zone=example.zone, greetings=_GREETINGS)
    try:
        order, *others = _orders(example, shop)
    except BadOrder as error:
        return f"the order makes no sense: {error}"
    said = await _play(job, order, others, shop, sorted(example.sends))
    if said == sorted(example.sends):
        return ""
    return f"it sends {_words(said, example.zone)}, not {_words(example.sends, example.zone)}"


def _orders(example: Example, shop: Shop) -> list[Order]:
    """The example's order, and the others of its customer. Raises BadOrder."""
    normaliser = Normaliser(_NAME, MappingOptions.model_validate({"type": _NAME}), shop)
    records = enumerate((example.order, *example.others), 1)
    orders = [normaliser.order({"id": str(number), **record}) for number, record in records]
    customer = orders[0].customer
    if not customer.consents and "consents" not in example.order.get("customer", {}):
        customer = replace(customer, consents=_KINDS)
    customer = replace(customer, id=customer.id or "1")
    return [replace(order, customer=customer) for order in orders]


async def _play(
    job: Job, order: Order, others: Sequence[Order], shop: Shop, expected: Sequence[datetime]
) -> list[datetime]:
    """When the job speaks about this order: watched from a day before anything happened, or is expected."""
    moments = [instant for one in (order, *others) for instant in instants(one)]
    clock = VirtualClock(min([*moments, *expected], default=_SOME_DAY) - timedelta(days=1))
    outlets = {kind: Outlet(Paper(_Reachable(kind)), clock) for kind in _KINDS}
    planner = Planner([replace(job, enabled=True, channels=_KINDS)], shop)
    desk = Desk(planner, _Silent(), SendingRules(), outlets)
    simulation = await play(desk, {_NAME: [order, *others]}, clock, clock.now() + _AHEAD)
    said = [(said.order, said.at) for said in simulation.said]
    raised = [(raised.order, raised.at) for raised in simulation.raised]
    return sorted(at for id_, at in (*said, *raised) if id_ == order.id)


class _Reachable:
    """A channel that reaches everybody."""

    def __init__(self, kind: str) -> None:
        self.name = self.kind = kind

    def address_of(self, customer: Customer) -> str:
        return _NAME


class _Silent:
    """Examples are about times, not words."""

    def render(
        self, job: Job, order: Order, kind: str, subjects: Sequence[str] = (), step: int = 0, occurrence: str = ""
    ) -> Rendered:
        return Rendered("", job.name)


def _words(instants: Iterable[datetime], zone: str) -> str:
    local = [instant.astimezone(ZoneInfo(zone)).isoformat() for instant in sorted(instants)]
    return " and ".join(local) or "nothing"
