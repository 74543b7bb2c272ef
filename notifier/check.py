"""Checks every file together: settings, jobs and their examples, templates; and what a change would do to the queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from notifier.errors import Problem
from notifier.examples import check_examples
from notifier.intake import Intake, take_again
from notifier.interfaces import Store
from notifier.jobfiles import load_jobs
from notifier.model.reminder import Key
from notifier.parts import build_planner
from notifier.render import BrokenText, Texts, check_texts
from notifier.render.digest_words import DigestWords
from notifier.settings import Settings, read_settings
from notifier.tomlfile import Overlay

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Checked:
    """All mistakes of all files, and what will go wrong soon; `settings` is None when the settings have mistakes."""

    problems: tuple[Problem, ...]
    settings: Settings | None


def check_files(path: Path | None) -> Checked:
    """Check everything, and go on after a mistake with what makes sense in itself.

    1. Settings, jobs, credentials, who is on call and whether shifts have holes.
    2. Every text of every job, filled with sample orders; the words of digests.
    3. Every example of every job, played as the file says, without the settings' changes to it.
    """
    reading = read_settings(path)
    problems = {*reading.problems, *reading.warnings}
    versions = [version for job in reading.jobs.values() for version in job.versions]
    try:
        problems.update(check_texts(Texts(reading.template_folders, reading.shop), versions, reading.kinds))
        problems.update(DigestWords(reading.template_folders).problems())
    except BrokenText as error:  # a folder that cannot be read
        problems.add(Problem(error.file, error.line, "", error.fault))
    plain = load_jobs(reading.job_folders, Overlay(), [])
    problems.update(check_examples(job for job, _ in plain.values()))
    return Checked(tuple(sorted(problems)), reading.settings)


@dataclass(frozen=True, slots=True)
class QueueChange:
    """One stored or coming reminder that other settings would change. `sign` is "+", "~" or "-"."""

    sign: str
    key: Key
    due: datetime | None
    reason: str


async def queue_changes(settings: Settings, store: Store, now: datetime) -> list[QueueChange]:
    """What these settings would change among the planned reminders. Nothing is written."""
    planner = build_planner(settings)
    changes: list[QueueChange] = []
    for mark in await store.marks():
        last = ""
        while rows := await store.orders_after(mark.source, last, _PAGE):
            last = rows[-1].order.id
            stored = await store.reminders(mark.source, [row.order.id for row in rows])
            keys = {reminder.id: reminder.key for own in stored.values() for reminder in own}
            changes += _named(await take_again(store, planner, rows, now), keys)
    return changes


def _named(intake: Intake, keys: dict[int, Key]) -> Iterator[QueueChange]:
    yield from (QueueChange("+", planned.key, planned.due, "") for planned, _ in intake.inserts)
    yield from (QueueChange("~", keys[move.id], move.due, move.reason) for move in intake.moves)
    yield from (QueueChange("-", keys[cancel.id], None, cancel.reason) for cancel in intake.cancels)
