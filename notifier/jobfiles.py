"""Job files: what to remind of, and when, read into `model.job.Job` with every mistake and its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from notifier.errors import Problem
from notifier.jobtable import EVENTS, FORESEEN, NAME, PARTS, SHIFTS, SILENCE, ExampleTable, JobFile, moments
from notifier.mistakes import did_you_mean, validate
from notifier.model.duration import parse_duration
from notifier.model.job import CUSTOMER, Example, Job, Step, Subject
from notifier.model.order import MOMENTS
from notifier.rules.conditions import CONDITIONS
from notifier.rules.digests import DIGESTS
from notifier.tomlfile import KeyPath, Overlay, TomlFile, read_toml

AT_ONCE = parse_duration("0s")
OVERRIDES = frozenset(
    {
        *("enabled", "every", "after", "before", "at", "only_if", "within", "channels", "purpose", "any_hour", "merge"),
        *("to", "urgency", "on", "silent", "limits"),
    }
)
"""What `[jobs.NAME]` in the settings may change."""
PROMOTED = OVERRIDES - {"every", "to", "urgency", "on", "silent", "limits"}
"""What a promotion may change, for moments in its window."""


def load_jobs(folders: Sequence[Path], changes: Overlay, problems: list[Problem]) -> dict[str, tuple[Job, Overlay]]:
    """Every job of the folders, by name, with the tables it was made of; their mistakes go to `problems`.

    A file in a later folder replaces the one of the same name in an earlier one. `changes` is the settings' `[jobs]`
    table; mistakes in it point into the settings.
    """
    files = _files(folders, problems)
    unknown = changes.data.keys() - files.keys()
    problems += (
        changes.problem((name,), f"there is no such job{did_you_mean(name, files.keys())}") for name in unknown
    )
    jobs: dict[str, tuple[Job, Overlay]] = {}
    for name, path in sorted(files.items()):
        file = read_toml(path)
        if name in changes.data:
            table = changes.under((name,), (file, ()))
            job = _load(name, file, table, changes, problems)
        else:
            table, job, found = _unchanged(name, file)
            problems += found
        if job is not None:
            jobs[name] = (job, table)
    return jobs


def job_names(folders: Sequence[Path]) -> frozenset[str]:
    """The names of all job files, also of those with mistakes."""
    return frozenset(_files(folders, []))


def _files(folders: Sequence[Path], problems: list[Problem]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for folder in folders:
        try:
            files |= {path.stem: path for path in folder.iterdir() if path.suffix == ".toml"}
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(Problem(folder, 0, "", f"cannot be read: {error.strerror}"))
    return files


def load_variant(job: Job, table: Overlay, changes: Overlay, problems: list[Problem]) -> tuple[Job, Overlay] | None:
    """What a promotion makes of a job, and the tables it was made of; None, with `problems`, if that is wrong.

    `table` is what the job was made of under what `changes`, the promotion's `jobs` table, says of it.
    """
    before = len(problems)
    if job.digest or job.subject is Subject.SYSTEM:
        problems.append(changes.problem((job.name,), "is about no order, so it has no moment in a promotion"))
    change = changes.data.get(job.name)
    wrong = change.keys() - PROMOTED if isinstance(change, dict) else ()
    problems += (changes.problem((job.name, key), _no_promotion(key)) for key in wrong)
    checked = _checked(table, problems) if len(problems) == before else None
    return (_job(job.name, checked, table), table) if checked is not None else None


def _no_promotion(key: str) -> str:
    if key in OVERRIDES:
        return "a promotion cannot change this of a job"
    return f"unknown key{did_you_mean(key, PROMOTED)}"


def _checked(table: Overlay, problems: list[Problem]) -> JobFile | None:
    """A job's keys, each and together; None, with `problems`, when they are wrong."""
    before = len(problems)
    problems += (table.problem(path, message) for path, message in _disagreements(table))
    checked = validate(JobFile, table, problems)
    return checked if len(problems) == before else None


@lru_cache(1024)
def _unchanged(name: str, file: TomlFile) -> tuple[Overlay, Job | None, tuple[Problem, ...]]:
    """A job of which the settings say nothing: a reload finds most as they were. Nobody changes what is kept here."""
    table, problems = Overlay((file, ())), list[Problem]()
    return table, _load(name, file, table, Overlay(), problems), tuple(problems)


def _load(name: str, file: TomlFile, table: Overlay, changes: Overlay, problems: list[Problem]) -> Job | None:
    before = len(problems)
    problems += file.problems
    if not NAME.fullmatch(name):
        problems.append(Problem(file.path, 0, "", "a job's file name is small letters, digits and hyphens"))
    if file.problems and not file.data:
        return None
    change = changes.data.get(name)
    for key in change.keys() - OVERRIDES if isinstance(change, dict) else ():
        problems.append(changes.problem((name, key), _no_change(key)))
        table.data.pop(key)
        table.data |= {key: file.data[key]} if key in file.data else {}
    checked = _checked(table, problems)
    return _job(name, checked, table) if checked is not None and len(problems) == before else None


def _no_change(key: str) -> str:
    if key in JobFile.model_fields:
        return "the settings cannot change this of a job; put a file of the same name into your own jobs folder"
    return f"unknown key{did_you_mean(key, OVERRIDES)}"


def _disagreements(table: Overlay) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong with a job's keys together, whether or not each of them is right."""
    raw = table.data
    event, every = raw.get("event"), raw.get("every")
    if event and every:
        yield ("every",), "stands beside event; a job has one of them"
    if not event and not every and not table.broken:
        yield ("event",), 'is missing: the moment the clock starts, such as "order.placed" (or every = "cron line")'
    for key in ("after", "before"):
        if every and raw.get(key):
            yield (key,), "counts from an event; a job with every has none"
    if raw.get("before") and not every and event in EVENTS and event not in FORESEEN:
        yield ("before",), f'"{event}" is known only once it has come; before needs a deadline'
    if (raw.get("to", CUSTOMER) == CUSTOMER or raw.get("digest")) and "channels" not in raw and not table.broken:
        yield ("channels",), 'is missing. "sms", "email", "chat" or channels of the settings: how people are reached'
    yield from _of_the_program(raw)
    yield from _digest(raw)
    yield from _misplaced(raw)
    yield from _goal(raw)


def _of_the_program(raw: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """A job about the program's own trouble tells the staff, and at once: there is no order to ask or to wait for.

    A source that is silent may be so for a while before it is worth an alert.
    """
    event = raw.get("event")
    if event not in EVENTS or not str(event).startswith(f"{Subject.SYSTEM}."):
        return
    if raw.get("to", CUSTOMER) == CUSTOMER:
        yield ("to",), f'must name a policy of oncall.toml: "{event}" is nothing for customers'
    for key in ("after", "before", "at", "only_if", "merge", "goal", "example"):
        if raw.get(key) and (key, event) != ("after", SILENCE):
            yield (key,), f'does not go with "{event}": it is raised at once, and about no order'


def _digest(raw: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """A digest is about no single order; it goes to the staff, by the clock or by their hours."""
    event = raw.get("event")
    if not raw.get("digest"):
        if event in SHIFTS:
            yield ("event",), f'"{event}" is a moment of the staff: only a digest can be sent then'
        yield from (((key,), "is for digests; this job has none") for key in ("on", "silent", "limits") if key in raw)
        return
    if raw.get("to", CUSTOMER) == CUSTOMER:
        yield ("to",), "must name who gets it: a policy, group, shift or agent of oncall.toml"
    if event in EVENTS and event not in SHIFTS:
        yield ("event",), f"a digest is sent at {' or '.join(SHIFTS)}, or by a cron line: every"
    alone = ("at", "only_if", "merge", "goal", "urgency", "example")
    yield from (((key,), "does not go with a digest: it is about no single order") for key in alone if raw.get(key))
    yield from _limits(raw)


def _limits(raw: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    digest, limits = str(raw.get("digest")), raw.get("limits")
    if digest in DIGESTS and isinstance(limits, dict):
        known = DIGESTS[digest].limits
        for name in limits.keys() - known.keys():
            yield ("limits", name), f"the {digest} has no such limit{did_you_mean(name, known)}"


def _goal(raw: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    goal, part = raw.get("goal"), _part(raw)
    known = (*MOMENTS, *(moments(part) if part else ()))
    if goal and isinstance(goal, str) and goal not in known:
        yield ("goal",), f'there is no moment "{goal}"{did_you_mean(goal, known)}'


def _part(raw: Mapping[str, Any]) -> type | None:
    """The part of an order that the job is about, None for the order itself."""
    subject = str(raw.get("event", "")).partition(".")[0]
    return PARTS.get(Subject(subject)) if subject in set(Subject) else None


def _misplaced(raw: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Conditions that ask about a part of the order which the job is not about."""
    part, conditions = _part(raw), raw.get("only_if")
    if not isinstance(conditions, list) or raw.get("event", EVENTS[0]) not in EVENTS:
        return
    for number, condition in enumerate(conditions):
        name = next(iter(condition), None) if isinstance(condition, dict) else condition
        rule = CONDITIONS.get(name) if isinstance(name, str) else None
        if rule is not None and rule.about not in {None, part}:
            about = next(subject for subject, type_ in PARTS.items() if type_ is rule.about)
            yield ("only_if", number), f"{name} asks about a {about}; this job is about something else"


def _job(name: str, checked: JobFile, table: Overlay) -> Job:
    file, _ = table.layers[0]
    steps = (*(Step(offset, before=True) for offset in checked.before), *(Step(offset) for offset in checked.after))
    return Job(
        name=name,
        event=checked.event,
        steps=steps or (Step(AT_ONCE),),
        within=checked.within,
        channels=checked.channels,
        about=checked.about or _about(file.comment),
        cron=checked.every,
        only_if=checked.only_if,
        to=checked.to,
        urgency=checked.urgency,
        purpose=checked.purpose,
        goal=checked.goal,
        at=checked.at,
        merge=checked.merge,
        any_hour=checked.any_hour,
        enabled=checked.enabled,
        examples=tuple(_example(e, table.line(("example", n))) for n, e in enumerate(checked.example)),
        file=file.path,
        digest=checked.digest,
        on=checked.on,
        silent=checked.silent,
        limits=checked.limits,
    )


def _about(comment: str) -> str:
    """A file's first comment without the file's own name in front."""
    return re.sub(r"^\S+\.toml\s*[–—:-]*\s*", "", comment)


def _example(example: ExampleTable, line: int) -> Example:
    zone = ZoneInfo(example.zone)
    sends = tuple(_aware(instant, zone) for instant in example.sends)
    others = tuple(_aware(other, zone) for other in example.others)
    return Example(_aware(example.order, zone), sends, example.zone, line, others)


def _aware(value: Any, zone: ZoneInfo) -> Any:
    """The same value, with `zone` given to every time inside that has none."""
    if isinstance(value, dict):
        return {key: _aware(item, zone) for key, item in value.items()}
    if isinstance(value, list):
        return [_aware(item, zone) for item in value]
    return value.replace(tzinfo=zone) if isinstance(value, datetime) and value.tzinfo is None else value
