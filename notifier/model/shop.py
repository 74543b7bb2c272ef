"""What the shop itself decides for every job: its zone, calendar, return right and sending hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Literal

from notifier.model.job import Purpose
from notifier.model.order import Money


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` local time nothing is said; it may cross midnight. Equal ends mean: never quiet."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked: a country's holidays ("" = Monday to Friday), with the shop's own exceptions on top."""

    country: str = ""
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class ReturnRight:
    """How long a buyer may send goods back, and from when it counts.

    China counts seven days from 00:00 of the day after the buyer signed (《网络购买商品七日无理由退货暂行办法》); some
    shops are kinder to themselves and count from the moment of signing.
    """

    days: int = 7
    counted_from: Literal["midnight", "delivery"] = "midnight"


@dataclass(frozen=True, slots=True)
class LatePenalty:
    """What a platform takes for an order that is shipped late: a `share` of its amount within these bounds."""

    share: Decimal
    least: Money | None = None
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop's side of every decision and every text. `greetings` maps a local date to the name of its holiday.

    `return_address` is where goods go back to, `return_carriers` who may bring them, both in words for customers.
    `late_penalty` is None where shipping late costs nothing but trust.
    """

    name: str = "Shop"
    zone: str = "UTC"
    language: str = "en"
    currency: str = "CNY"
    public_url: str = ""
    contact: str = ""
    return_address: str = ""
    return_carriers: str = ""
    return_right: ReturnRight = ReturnRight()
    calendar: WorkCalendar = WorkCalendar()
    greetings: Mapping[date, str] = field(default_factory=dict)
    late_penalty: LatePenalty | None = None


@dataclass(frozen=True, slots=True)
class SendingRules:
    """What holds for every message to a customer, whatever its job."""

    quiet_hours: Mapping[Purpose, QuietHours] = field(
        default_factory=lambda: {
            Purpose.SERVICE: QuietHours(time(22), time(8)),
            Purpose.MARKETING: QuietHours(time(21), time(9)),
        }
    )
    weekly_cap: int = 2
    daily_cap: int = 6
