"""What a digest looks at: an instant, the days and months around it, and the jobs of the shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

from notifier.model.job import Job
from notifier.model.shop import Shop
from notifier.rules.schedule import at_local, local_date

_DAY = timedelta(days=1)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` until just before `end`."""

    start: datetime
    end: datetime

    def has(self, moment: datetime | None) -> bool:
        """Does this moment lie in it? One that is not known does not."""
        return moment is not None and self.start <= moment < self.end


@dataclass(frozen=True)
class Scope:
    """What is asked of a digest: its job, the instant it speaks at, the shop, and all jobs by name.

    `due` is when it ought to have spoken, where that is earlier: it is about the day before that, however late. Days
    and months are those of the shop's zone. `limits` are the digest's numbers, with the job's changes.
    """

    job: Job
    at: datetime
    shop: Shop
    jobs: Mapping[str, Job] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    due: datetime | None = None

    @cached_property
    def today(self) -> date:
        return local_date(self.due or self.at, self.shop.zone)

    @cached_property
    def yesterday(self) -> Stretch:
        return self.days(self.today - _DAY, self.today)

    def before(self, length: timedelta) -> Stretch:
        """So long, until now."""
        return Stretch(self.at - length, self.at)

    def days(self, first: date, end: date) -> Stretch:
        """From 00:00 of `first` until 00:00 of `end`."""
        return Stretch(at_local(first, _MIDNIGHT, self.shop.zone), at_local(end, _MIDNIGHT, self.shop.zone))

    def month(self, months: int = 0) -> tuple[date, Stretch]:
        """The first day of the month so many months from now, and that month."""
        first = month_of(self.today, months)
        return first, self.days(first, month_of(first, 1))

    def length(self, limit: str) -> timedelta:
        """A limit that is a length of time; its name ends in the unit."""
        unit = limit.rpartition("_")[2]  # days, hours
        return timedelta(**{unit: self.limits[limit]})


def month_of(day: date, months: int) -> date:
    """The first day of the month that lies so many months after that of `day`."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
