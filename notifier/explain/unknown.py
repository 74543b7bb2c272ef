"""What can be said about an order that no source has shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from notifier.explain.account import Explanation
from notifier.interfaces import SourceMark, Store
from notifier.rules.phrases import Times, either

_FIRST = 500
_NEAR = 50
_SHOWN = 3


async def not_known(store: Store, name: str, times: Times) -> Explanation:
    """Was it not understood? Is there one with nearly the same number? When were the shops last read?"""
    title = f"Order {name} is not known"
    told = [
        f"{row.source} shows it, but it could not be understood: {row.reason}. It is read again with every poll."
        for row in await store.quarantined()
        if row.order == name
    ]
    marks = await store.marks()
    if told:
        return Explanation(title, tuple(told), known=False)
    if not marks:
        return Explanation(
            title, ("No shop has been read yet: the daemon has not run with this database.",), known=False
        )
    close = await _close(store, marks, name)
    meant = (f"Did you mean {either(close)}?",) if close else ()
    reads = tuple(_read(mark, times) for mark in marks)
    return Explanation(title, (*meant, *reads, f"Times are those of {times.zone}."), known=False)


def _read(mark: SourceMark, times: Times) -> str:
    if mark.read is None:
        return f"{mark.source} has never been read to its end{f': {mark.trouble}' if mark.trouble else ''}."
    failing = f"; since then it could not be read: {mark.trouble}" if mark.failures else ""
    return f"{mark.source} was last read {times.at(mark.read)}{failing}."


async def _close(store: Store, marks: Sequence[SourceMark], name: str) -> list[str]:
    """The most similar numbers among the first orders and those that begin alike: a shop may have millions."""
    known: dict[str, str] = {}
    wanted = name.lstrip("#").strip()
    for mark in marks:
        pages = [await store.orders_after(mark.source, "", _FIRST)]
        pages += [await store.orders_after(mark.source, prefix, _NEAR) for prefix in _beginnings(wanted)]
        known |= {row.order.id.casefold(): row.order.id for page in pages for row in page}
    matches = get_close_matches(wanted.casefold(), known, n=_SHOWN, cutoff=0.7)
    return [known[match] for match in matches]


def _beginnings(name: str) -> Iterator[str]:
    yield from (name[:end] for end in range(len(name), 1, -1))
