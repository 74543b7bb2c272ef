"""What a provider's error numbers mean to us: a table per provider, one way to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from notifier import logs
from notifier.model.message import Outcome, Refused, TryLater, Unknown

Verdict = Literal["later", "down", "never", "suppress", "unknown"]
"""later: not sent, try again · down: not sent, the whole channel is at fault · never: refused for good ·
suppress: refused for good, whatever the text · unknown: it may have left."""

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one error number says about a message, in words of our own: providers quote numbers and names in theirs."""

    verdict: Verdict
    words: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """A provider's error numbers. `changed` are verdicts from the settings; they win over the table."""

    provider: str
    meanings: Mapping[int, Meaning]
    changed: Mapping[int, Verdict]

    def outcome(self, code: int, after: timedelta | None = None, default: Verdict = "never") -> Outcome:
        """The outcome of a delivery that was answered with this number; `after` is what the provider asked for.

        A number that nobody has told us of gets `default` and a line in the log, so that it can be put into the table.
        """
        meaning = self.meanings.get(code)
        if meaning is None and code not in self.changed:
            _log.warning("error number is not in our table", provider=self.provider, code=code, taken_as=default)
        meaning = meaning or Meaning(default, "an error that is not in the table")
        verdict = self.changed.get(code, meaning.verdict)
        return _outcome(verdict, f"{self.provider} error {code}: {meaning.words}", after or meaning.after)


def _outcome(verdict: Verdict, reason: str, after: timedelta | None) -> Outcome:
    match verdict:
        case "later":
            return TryLater(reason, after)
        case "down":
            return TryLater(reason, after, channel_down=True)
        case "unknown":
            return Unknown(reason)
        case _:
            return Refused(reason, suppress=verdict == "suppress")
