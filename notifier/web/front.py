"""The alert desk behind the web application: `Alerting` does what people say, the templates word what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from notifier.alerting import Alerting
from notifier.interfaces import Store
from notifier.model.alert import Alert, AlertEntry
from notifier.model.job import Job
from notifier.model.order import Order
from notifier.render import AlertSaying, Texts


class FrontDesk:
    """An AlertDesk. `texts` and `jobs` are asked anew each time: a reload may have changed them."""

    def __init__(
        self,
        alerting: Alerting,
        store: Store,
        texts: Callable[[], Texts],
        jobs: Callable[[], Mapping[str, Job]],
    ) -> None:
        self._alerting, self._store, self._texts, self._jobs = alerting, store, texts, jobs

    async def get(self, number: int) -> Alert:
        return await self._alerting.standing(number)

    async def acknowledge(self, number: int, by: str, how: str = "") -> Alert:
        return await self._alerting.acknowledge(number, by, how)

    async def resolve(self, number: int, by: str, reason: str = "") -> Alert:
        return await self._alerting.resolve(number, by, reason)

    async def snooze(self, number: int, until: datetime, by: str) -> Alert:
        return await self._alerting.snooze(number, until, by)

    async def history(self, number: int) -> Sequence[AlertEntry]:
        await self._alerting.get(number)
        return await self._store.history(number)

    async def headline(self, number: int, language: str, zone: str) -> str:
        """What its job says about the order as it is stored; empty when there is no such job any more."""
        alert = await self._alerting.get(number)
        key = alert.key
        job = self._jobs().get(key.job)
        if job is None:
            return ""
        stored = (await self._store.orders(key.source, [key.order])).get(key.order) if key.order else None
        order = stored.order if stored else Order(key.source, key.order)
        saying = AlertSaying(job, order, [key.subject] if key.subject else [], alert)
        return self._texts().alerts.headline(saying, language, zone)
