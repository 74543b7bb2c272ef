"""What becomes of an alert when something happens to it: its new values, and the line that tells of it in its history.

          raised                raised with a later step
(nothing) ───────→ open ←──────────────────────────────── acknowledged
                    │  ↖ snoozed: open, and calls nobody until then
                    ├──→ acknowledged ──→ resolved ──→ open, when it is raised again
                    └───────────────────→
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.job import Urgency
from notifier.model.order import Money

Changed = tuple[Alert, AlertEntry]
_WORST = (Urgency.URGENT, Urgency.NORMAL, Urgency.LOW)
_STATES = tuple(AlertState)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an alert is raised: by which step of a job, for whom, how urgent it is and what is at stake.

    `anew` is True for what happens once (a reminder of a job came due), False for what is only seen again as long as it
    lasts (a source is still silent): that must not begin the ladder again and again, for it would never climb.
    """

    policy: str
    urgency: Urgency
    step: int = 0
    what: str = ""
    risk: Money | None = None
    anew: bool = True


def opened(key: AlertKey, occasion: Occasion, at: datetime) -> Changed:
    """A new alert, which has no number yet; its ladder begins at once."""
    alert = Alert(
        id=0,
        key=key,
        state=AlertState.OPEN,
        policy=occasion.policy,
        urgency=occasion.urgency,
        opened=at,
        started=at,
        changed=at,
        step=occasion.step,
        what=occasion.what,
        risk=occasion.risk,
    )
    return alert, AlertEntry(0, at, "opened", text=_step(occasion))


def raised_again(alert: Alert, occasion: Occasion, at: datetime) -> Changed:
    """The same alert once more. It is counted, and learns what is at stake, for whom and how urgent it is now.

    1. Resolved: it opens again, in a new round that begins now.
    2. Open: a new round begins now, so that everybody hears of the new step at once. What is only seen again, or finds
       the alert snoozed, begins one only with a later step of the job.
    3. Acknowledged: a later step opens it again in a new round, because the deadline has come nearer than it was when
       somebody took it. Anything else is in good hands.
    """
    later = occasion.step > alert.step
    over = alert.state is AlertState.RESOLVED
    awake = alert.state is AlertState.OPEN and alert.started <= at
    again = replace(
        alert,
        policy=occasion.policy,
        urgency=occasion.urgency,
        changed=at,
        step=occasion.step if over else max(alert.step, occasion.step),
        times=1 if over else alert.times + 1,
        what=occasion.what or alert.what,
        risk=occasion.risk or alert.risk,
    )
    if over or later or (awake and occasion.anew):
        again = replace(again, state=AlertState.OPEN, started=at, round=alert.round + 1, by="", reason="")
    if over:
        again = replace(again, opened=at)
    return again, AlertEntry(alert.id, at, "opened" if over else "raised", text=_step(occasion))


def acknowledged(alert: Alert, by: str, at: datetime, how: str = "") -> Changed:
    """Somebody has taken it: nobody is called any more. `how` is by which way they said so."""
    taken = replace(alert, state=AlertState.ACKNOWLEDGED, by=by, changed=at)
    return taken, AlertEntry(alert.id, at, "acknowledged", by, how)


def snoozed(alert: Alert, until: datetime, by: str, at: datetime) -> Changed:
    """It is put off, taken or not: open, and its ladder begins in a new round at `until`."""
    later = replace(alert, state=AlertState.OPEN, started=until, changed=at, round=alert.round + 1, by="")
    return later, AlertEntry(alert.id, at, "snoozed", by, f"until {until:%Y-%m-%d %H:%M} UTC")


def resolved(alert: Alert, by: str, reason: str, at: datetime) -> Changed:
    """It is over: closed by somebody, or by itself when `by` is empty."""
    over = replace(alert, state=AlertState.RESOLVED, by=by, reason=reason, changed=at)
    return over, AlertEntry(alert.id, at, "resolved", by, reason)


def worst_first(alert: Alert) -> tuple[int, int, Decimal, datetime, int]:
    """Sorts alerts: urgent ones first, then those that nobody has, then the most money at risk, then the oldest."""
    risk = alert.risk.amount if alert.risk else Decimal()
    return _WORST.index(alert.urgency), _STATES.index(alert.state), -risk, alert.opened, alert.id


def _step(occasion: Occasion) -> str:
    return f"step {occasion.step + 1}" if occasion.step else ""
