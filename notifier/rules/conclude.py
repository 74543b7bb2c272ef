"""What a channel's answer means for the reminder behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from notifier.interfaces import Result
from notifier.model.message import Attempt, NotBegun, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.reminder import Reminder, State
from notifier.rules.retry import next_try

IN_DOUBT = "in doubt"


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt with the reminder it speaks for and the kind of channel it took."""

    attempt: Attempt
    reminder: Reminder
    kind: str


def conclude(sent: Sent, outcome: Outcome | NotBegun, now: datetime, jitter: float) -> Result:
    """Turn an outcome into what is recorded. `jitter` (0 to 1) spreads the retries.

    Accepted: said once, never again. Try later: a retry with a time, or the end when that would be too late. Refused:
    at once by the next channel. Unknown: held, because for a customer silence is better than saying it twice; a call of
    an alert and a digest are made again as after a failure, because for staff it is the other way round.
    """
    attempt = sent.attempt
    match outcome:
        case Receipt(reference, detail):
            return Result(attempt.id, State.ACCEPTED, detail, "accepted", reference)
        case NotBegun(reason, after):
            return Result(attempt.id, State.PLANNED, reason, "not begun", wake=now + after, counts=False)
        case TryLater():
            return _later(sent, outcome, now, jitter)
        case Refused(reason, suppress):
            refused = (*sent.reminder.refused, attempt.channel)
            address = (sent.kind, attempt.address) if suppress else None
            return Result(
                attempt.id, State.PLANNED, f"{attempt.channel}: {reason}", "refused", "", now, refused, address
            )
        case Unknown(reason) if sent.reminder.for_staff:
            again = _later(sent, TryLater(f"{IN_DOUBT}: {reason}"), now, jitter)
            return replace(again, outcome="unknown")
        case Unknown(reason):
            return Result(attempt.id, State.HELD, f"{IN_DOUBT}: {reason}", "unknown")


def _later(sent: Sent, outcome: TryLater, now: datetime, jitter: float) -> Result:
    """A try that was the channel's fault or never begun does not use up the reminder's own patience."""
    reason = f"{sent.attempt.channel}: {outcome.reason}"
    attempts = 0 if outcome.channel_down else sent.reminder.attempts + 1
    wake = next_try(attempts, now, sent.attempt.until, outcome.after, jitter)
    if wake is None:
        return Result(sent.attempt.id, State.EXPIRED, f"could not be sent in time ({reason})", "later")
    return Result(sent.attempt.id, State.PLANNED, reason, "later", "", wake, None, None, not outcome.channel_down)
