"""Where a round of reading stands in the rows of a database, and where the next page begins."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from notifier.errors import SourceError
from notifier.sources.sql_database import Rows
from notifier.sources.sql_times import keep, kept

_MOST_OF_ONE_INSTANT = 1_000_000


@dataclass(frozen=True, slots=True)
class Position:
    """What the next page is asked with. `until` is our own now when the round began, `last` the same as it is bound."""

    until: datetime
    since: Any
    last: Any
    after: Any
    limit: int

    def binds(self, names: Collection[str]) -> dict[str, Any]:
        """Those of the binds that the query uses."""
        values = {"since": self.since, "until": self.last, "after_id": self.after, "limit": self.limit}
        return {name: values[name] for name in names}


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is saved with a page: `read`, up to when everything was read, or the position of a round under way."""

    read: datetime | None
    position: Position | None = None

    def dump(self, query: str) -> str:
        """The cursor as text; `query` is what it belongs to."""
        if self.position is None:
            return json.dumps({"read": self.read.isoformat() if self.read else None})
        at = self.position
        return json.dumps(
            {
                "query": query,
                "until": at.until.isoformat(),
                "since": keep(at.since),
                "last": keep(at.last),
                "after": keep(at.after),
                "limit": at.limit,
            }
        )

    @classmethod
    def load(cls, text: str | None, query: str) -> Cursor:
        """The cursor of `text`. For None, another query's position and another source's cursor: the beginning."""
        try:
            saved = json.loads(text) if text else {}
            if "until" not in saved:
                return cls(datetime.fromisoformat(saved["read"]) if saved.get("read") else None)
            since, last, after = (kept(saved[name]) for name in ("since", "last", "after"))
            position = Position(datetime.fromisoformat(saved["until"]), since, last, after, int(saved["limit"]))
            return cls(None, position if saved["query"] == query else None)
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
            return cls(None)


class Keyset:
    """Goes through rows in the order of (updated, id), or of id alone when the query knows no `:since`."""

    def __init__(self, source: str, id_: str, updated: str, uses_after: bool, page_size: int) -> None:
        self.source = source
        self.id = id_
        self.updated = updated
        self.uses_after = uses_after
        self.page_size = page_size

    def begin(self) -> Round:
        """A round from its first page on."""
        return Round(self)


class Round:
    """One round. It remembers which rows of the instant at a page's border were given already, and where it was."""

    def __init__(self, keyset: Keyset) -> None:
        self._keyset = keyset
        self._given: set[Any] = set()
        self._visited: set[str] = set()

    def advance(self, position: Position, rows: Rows) -> tuple[Sequence[tuple[Any, ...]], Position | None]:
        """The rows of a page that were not given before, and the position of the next page, None after the last.

        A query without `:after_id` is asked again from the last row's instant on, that instant included. When a whole
        page is of one instant, it is asked for twice as many. So nothing is left out, however many rows share a time.
        Raises SourceError when the rows are not in order: the round would have no end.
        """
        keyset = self._keyset
        if keyset.uses_after:
            return rows.rows, self._after_last(position, rows)
        id_, updated = rows.columns.index(keyset.id), rows.columns.index(keyset.updated)
        times = [_instant(row[updated]) for row in rows.rows]
        self._check_order(times)
        timed = list(zip(times, rows.rows, strict=True))
        fresh = [row for time, row in timed if not (time == position.since and row[id_] in self._given)]
        if len(rows.rows) < position.limit:
            return fresh, None
        border = times[-1]
        here = {row[id_] for time, row in timed if time == border}
        if border == position.since:
            self._given |= here
            return fresh, self._wider(position)
        self._given = here
        return fresh, self._go_to(replace(position, since=border, limit=keyset.page_size))

    def _after_last(self, position: Position, rows: Rows) -> Position | None:
        if len(rows.rows) < position.limit:
            return None
        last = dict(zip(rows.columns, rows.rows[-1], strict=True))
        since = _instant(last[self._keyset.updated]) if self._keyset.updated else position.since
        return self._go_to(replace(position, since=since, after=last[self._keyset.id]))

    def _wider(self, position: Position) -> Position:
        if position.limit >= _MOST_OF_ONE_INSTANT:
            raise self._error(
                f"more than {position.limit} orders have the same time in {self._keyset.updated}; "
                "let the query `orders` use :after_id"
            )
        return replace(position, limit=2 * position.limit)

    def _check_order(self, times: Sequence[Any]) -> None:
        try:
            ordered = all(one <= other for one, other in pairwise(times))
        except TypeError:
            raise self._error("the column for updated must hold texts, numbers or times, and never NULL") from None
        if not ordered:
            raise self._not_ordered()

    def _go_to(self, position: Position) -> Position:
        try:
            place = json.dumps([keep(position.since), keep(position.after)])
        except TypeError:
            raise self._error("the columns for id and updated must hold texts, numbers or times") from None
        if place in self._visited:
            raise self._not_ordered()
        self._visited.add(place)
        return position

    def _not_ordered(self) -> SourceError:
        order = "updated, id" if self._keyset.updated else "id"
        return self._error(f"the query `orders` must end in ORDER BY {order} LIMIT :limit")

    def _error(self, sentence: str) -> SourceError:
        return SourceError(f"source {self._keyset.source}: {sentence}")


def _instant(value: Any) -> Any:
    """A time with an offset in UTC: on the clocks of one zone Python compares by the hands alone, and an hour that
    comes twice would stand still or go backwards. Everything else as it is.
    """
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else value
