"""Which changes of alerts are applied. Both stores ask here, so that they cannot disagree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from notifier.interfaces import AlertChange
from notifier.model.alert import AlertKey


def winners(
    changes: Sequence[AlertChange],
    fences: Mapping[int, int | None],
    versions: Mapping[int, int],
    taken: Collection[AlertKey],
) -> list[int]:
    """The positions of those changes that are applied: nobody was faster, in the store or earlier in this batch.

    `fences` are those of planned reminders, `versions` those of stored alerts, `taken` keys that have an alert.
    """
    ours, left, gone = dict(fences), dict(versions), set(taken)
    found: list[int] = []
    for position, change in enumerate(changes):
        alert, ruling = change.alert, change.ruling
        if ruling is not None and ours.get(ruling.id) != ruling.fence:
            continue
        if (alert.id == 0 and alert.key in gone) or (alert.id != 0 and left.get(alert.id) != alert.version):
            continue
        if ruling is not None:
            del ours[ruling.id]
        left.pop(alert.id, None)
        gone.add(alert.key)
        found.append(position)
    return found
