"""The jobs that have nothing to say about an order: one sentence for each reason."""

from __future__ import annotations

from datetime import datetime

from notifier.explain.account import Item, Mark
from notifier.explain.speaker import Speaker
from notifier.model.reminder import Key

_LATE = "their time had passed when the order was first seen"


class Silence:
    """Collects jobs by the reason they share, in the order in which the reasons come up."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._jobs: dict[str, list[str]] = {}

    def add(self, reason: str, key: Key) -> None:
        """This job, about this part, says nothing for this reason."""
        names = self._jobs.setdefault(reason, [])
        name = self._speaker.name(key, steps=False)
        if name not in names:
            names.append(name)

    def add_late(self, key: Key, due: datetime) -> None:
        """It would have been due before anybody watched the order."""
        self._jobs.setdefault(_LATE, []).append(f"{self._speaker.name(key)} (due {self._speaker.times.at(due)})")

    def items(self) -> list[Item]:
        """`Because the order is not paid: order-confirmation, review-request.`"""
        return [Item(Mark.NO, f"Because {reason}: {', '.join(names)}.") for reason, names in self._jobs.items()]
