"""What alerts need of the settings, and what is needed to raise one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.interfaces import Ruling
from notifier.model.alert import AlertKey
from notifier.model.job import Job
from notifier.model.oncall import OnCall
from notifier.model.order import Money
from notifier.rules.alerts import Occasion
from notifier.rules.duty import Roster


@dataclass(frozen=True, slots=True)
class OnCallDesk:
    """What alerts need of the settings, and a reload swaps: who is on duty, by which policies, for which jobs."""

    oncall: OnCall
    roster: Roster
    jobs: Mapping[str, Job]
    zone: str


def oncall_desk(oncall: OnCall, jobs: Mapping[str, Job], zone: str) -> OnCallDesk:
    """The same, from what the settings say; `zone` is the shop's."""
    return OnCallDesk(oncall, Roster(oncall, zone), jobs, zone)


@dataclass(frozen=True, slots=True)
class Raising:
    """Why an alert is to be raised: by `step` of `job`.

    `ruling` is about the reminder that came due, and goes into the same transaction. None means that the program saw
    something itself: as long as it lasts it may be raised again and again, and the ladder climbs on.
    """

    job: Job
    key: AlertKey
    step: int = 0
    ruling: Ruling | None = None
    what: str = ""
    risk: Money | None = None

    @property
    def occasion(self) -> Occasion:
        """The same, as the rules see it."""
        job = self.job
        return Occasion(job.to, job.urgency, self.step, self.what, self.risk, anew=self.ruling is not None)
