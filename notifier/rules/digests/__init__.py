"""Digests: one message with tables instead of many about single orders. Each is a fold over all orders."""

from __future__ import annotations

from collections.abc import Mapping

from notifier.rules.digests.fold import Fold
from notifier.rules.digests.handover import Handover
from notifier.rules.digests.month import MonthlyPlan
from notifier.rules.digests.morning import MorningList
from notifier.rules.digests.refunds import RefundRate
from notifier.rules.digests.report import DailyReport
from notifier.rules.digests.reviews import ReviewsToAnswer

DIGESTS: Mapping[str, type[Fold]] = {
    "morning-list": MorningList,
    "handover": Handover,
    "daily-report": DailyReport,
    "monthly-plan": MonthlyPlan,
    "reviews-to-answer": ReviewsToAnswer,
    "refund-rate": RefundRate,
}
"""Every digest, by the name that job files call it."""

__all__ = ["DIGESTS"]
