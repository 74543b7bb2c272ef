"""Stretches of time that belong to somebody: what is left of them, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from notifier.model.oncall import Span


def common(span: Span, start: datetime, end: datetime) -> Span | None:
    """The part of `span` between `start` and `end`, None when there is none."""
    begins, ends = max(span.start, start), min(span.end, end)
    return replace(span, start=begins, end=ends) if begins < ends else None


def without(span: Span, taken: Iterable[Span]) -> list[Span]:
    """What is left of `span` outside of `taken`, in order."""
    left: list[Span] = []
    start = span.start
    for other in sorted(taken, key=attrgetter("start")):
        if piece := common(span, start, other.start):
            left.append(piece)
        start = max(start, other.end)
    last = common(span, start, span.end)
    return [*left, last] if last else left


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in as few spans as possible, by start; those of different agents stay apart."""
    found: list[Span] = []
    for span in sorted(spans, key=attrgetter("agent", "start")):
        if found and found[-1].agent == span.agent and span.start <= found[-1].end:
            found[-1] = replace(found[-1], end=max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(sorted(found, key=attrgetter("start", "end", "agent")))
