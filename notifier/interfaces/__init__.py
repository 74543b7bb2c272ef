"""What the pipeline needs from the outside world: a shop to read, ways to reach people, a place to keep rows.

Each protocol is a contract: `tests/contracts/` runs one suite against every implementation.
"""

from notifier.interfaces.alerts import AlertChange, AlertSelection, AlertStore
from notifier.interfaces.channel import Channel
from notifier.interfaces.reports import REVISIT_JOBS, ReportStore, RevisitResult, RevisitRow, SaidRow
from notifier.interfaces.rows import (
    AttemptRow,
    Cancel,
    Changes,
    CustomerFacts,
    Move,
    Quarantined,
    Recovered,
    Result,
    Ruling,
    Selection,
    SourceMark,
    StoredOrder,
)
from notifier.interfaces.shop import Page, Record, Source, Surroundings
from notifier.interfaces.store import Store

__all__ = [
    "REVISIT_JOBS",
    "AlertChange",
    "AlertSelection",
    "AlertStore",
    "AttemptRow",
    "Cancel",
    "Changes",
    "Channel",
    "CustomerFacts",
    "Move",
    "Page",
    "Quarantined",
    "Record",
    "Recovered",
    "ReportStore",
    "Result",
    "RevisitResult",
    "RevisitRow",
    "Ruling",
    "SaidRow",
    "Selection",
    "Source",
    "SourceMark",
    "Store",
    "StoredOrder",
    "Surroundings",
]
