"""Looks at everything the program stands on: what is well, what is worth knowing, what has to be mended."""

from __future__ import annotations

from notifier.doctor.examine import examine
from notifier.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]
