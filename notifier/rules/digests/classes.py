"""The eight classes of cases that are carried over from day to day, as Chinese customer service keeps them.

查件 trace, 延长收货 extend, 破损 damage, 少件 missing, 换货 exchange, 退货 return, 退款 refund, 纠纷 dispute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from notifier.model.order import AftersalesCase, CaseKind, Order, Parcel
from notifier.rules.digests.fold import holds, open_cases

CLASSES = ("dispute", "damage", "missing", "refund", "return", "exchange", "extend", "trace")
"""The most pressing first."""
_DAMAGE = ("damage", "broken", "defect", "破损", "损坏", "破裂", "质量")
_MISSING = ("missing", "incomplete", "lost", "少件", "漏发", "缺件", "丢件", "空包")


def carried_over(
    order: Order, at: datetime, unscanned: timedelta, stalled: timedelta
) -> Iterator[tuple[str, datetime | None, AftersalesCase | Parcel]]:
    """What is carried over about an order: the class, since when, and the case or parcel. Each case is in one class.

    A parcel has to be traced that no carrier has scanned for `unscanned`, or not again for `stalled`. The buyer's time
    to confirm has to be extended while goods travel: a return or exchange was agreed, and a deadline runs.
    """
    for case in open_cases(order, at):
        yield _class(case), case.requested or case.agreed, case
        if _to_extend(order, case, at):
            yield "extend", case.agreed, case
    for parcel in order.parcels if holds("active", order, at) else ():
        if (since := _lost_sight(order, parcel)) and at - since > (stalled if parcel.last_scan else unscanned):
            yield "trace", since, parcel


def _class(case: AftersalesCase) -> str:
    """A dispute is one whatever it is about; then what is wrong counts more than what the buyer asks for."""
    reason = case.reason.casefold()
    if case.kind is CaseKind.DISPUTE:
        return "dispute"
    if any(word in reason for word in _DAMAGE):
        return "damage"
    return "missing" if any(word in reason for word in _MISSING) else str(case.kind)


def _to_extend(order: Order, case: AftersalesCase, at: datetime) -> bool:
    travels = case.agreed is not None and case.kind in {CaseKind.RETURN, CaseKind.EXCHANGE}
    return travels and order.confirm_by is not None and order.confirm_by > at and holds("uncompleted", order, at)


def _lost_sight(order: Order, parcel: Parcel) -> datetime | None:
    """When a parcel that is on its way was seen last; None when it is not, or nobody knows."""
    arrived = parcel.delivered or parcel.returned or parcel.voided or order.delivered or order.completed
    return None if arrived else parcel.last_scan or parcel.first_scan or parcel.shipped
