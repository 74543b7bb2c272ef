"""How often the daemon looks for garbage that only the collector finds.

A batch of due reminders makes some hundred thousand objects and nearly no cycles. With Python's own thresholds they are
looked through some hundred times, and everything that was ever loaded with them, for a sixth of the daemon's time.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 20
"""So many more objects made than ended, and so many looks at the younger ones, before the next look."""


def look_seldom() -> None:
    """Leave alone what is loaded by now, and look through the rest only now and then. Costs some megabytes."""
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.enable()
