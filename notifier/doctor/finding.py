"""What was looked at, and how it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """`NOTE` is worth knowing and no fault; `BAD` has to be mended."""

    OK = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing, and a sentence about it. No personal data, no secret."""

    verdict: Verdict
    what: str
    said: str

    @property
    def good(self) -> bool:
        """Nothing has to be mended."""
        return self.verdict is not Verdict.BAD


def well(what: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.OK, what, said)


def note(what: str, said: str) -> Finding:
    """Worth knowing."""
    return Finding(Verdict.NOTE, what, said)


def bad(what: str, said: str) -> Finding:
    """Somebody has to do something."""
    return Finding(Verdict.BAD, what, said)
