"""Commands for setting up: init, check, schema, doctor."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.common import config_of, local, reading, run_async
from notifier.cli.show import paragraph
from notifier.errors import BadFiles, UsageError

if TYPE_CHECKING:
    from notifier.model.job import Job
    from notifier.settings import Settings

_SHOWN = 20
_NOBODY = ("@example.com", "@example.org", "@example.net")
_ABOUT = "Setting up"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(rich_help_panel=_ABOUT)(init)
    app.command(rich_help_panel=_ABOUT)(check)
    app.command(rich_help_panel=_ABOUT)(schema)
    app.command(rich_help_panel=_ABOUT)(doctor)


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")] = Path("notifier"),
) -> None:
    """Copy settings, jobs, templates and units into a folder, to be edited there."""
    from notifier.shipped import shipped

    wanted = {"config": ".", "jobs": "jobs", "templates": "templates", "systemd": "systemd"}
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name a new folder, so that nothing of yours is overwritten")
    for name, place in wanted.items():
        shutil.copytree(shipped(name), folder / place, dirs_exist_ok=True)
    print(f"Wrote {folder}/notifier.toml, oncall.toml, jobs, templates and systemd units.")
    print(f"Edit them, then run: notifier --config {folder}/notifier.toml check")


def check(
    context: typer.Context,
    diff: Annotated[bool, typer.Option("--diff", help="Show what these settings would change in the queue.")] = False,
) -> None:
    """Check settings, jobs and their examples, templates and credentials: every mistake at once."""
    from notifier.check import check_files

    result = check_files(config_of(context))
    if result.problems or result.settings is None:
        raise BadFiles(result.problems)
    jobs = [job for job in result.settings.jobs.values() if job.enabled]
    examples = sum(len(job.examples) for job in jobs)
    print(f"{result.settings.file}: fine. {len(jobs)} jobs and their {examples} examples hold, all texts are well.")
    print("\n".join(paragraph(sentence) for sentence in _summary(result.settings, jobs)))
    if diff:
        _show_changes(result.settings)


def _summary(settings: Settings, jobs: Sequence[Job]) -> Iterator[str]:
    """What these settings come to, and what keeps them from being of use."""
    from notifier.rules.phrases import count

    digests = sum(bool(job.digest) for job in jobs)
    alerts = sum(job.for_staff for job in jobs) - digests
    yield (
        f"To customers: {count(len(jobs) - alerts - digests, 'job')}. "
        f"To the staff ({count(len(settings.oncall.agents), 'agent')}): alerts of {count(alerts, 'job')}, "
        f"{count(digests, 'digest')}."
    )
    yield f"Reads: {', '.join(settings.sources) or 'no shop yet; add [sources.NAME]'}."
    yield f"Sends by: {', '.join(settings.channels) or 'nothing yet; add [channels.NAME]'}."
    if nobody := sorted(agent.email for agent in settings.oncall.agents.values() if agent.email.endswith(_NOBODY)):
        yield f"Put real people into oncall.toml before you send in earnest: nobody reads {', '.join(nobody)}."


def _show_changes(settings: Settings) -> None:
    from notifier.check import QueueChange, queue_changes
    from notifier.daemon import clock_for
    from notifier.rules.phrases import count

    async def work() -> list[QueueChange]:
        async with reading(settings) as store:
            return await queue_changes(settings, store, clock_for(settings.clock).now())

    changes, zone = run_async(work()), settings.shop.zone
    counts = Counter(change.sign for change in changes)
    for change in changes[:_SHOWN]:
        due = f" due {local(change.due, zone)}" if change.due else ""
        why = f" ({change.reason})" if change.reason else ""
        print(f"{change.sign} {change.key.job} for order {change.key.order}{due}{why}")
    if len(changes) > _SHOWN:
        print(f"… and {len(changes) - _SHOWN} more.")
    planned = count(counts["+"], "reminder")
    print(f"A reload would plan {planned}, move {counts['~']} and call off {counts['-']}.")


def schema(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="settings, oncall or job.")] = "settings",
) -> None:
    """Print the JSON Schema of the settings, of oncall.toml or of a job file, for editors."""
    from notifier.schema import job_schema, oncall_schema, settings_schema

    kinds = {"settings": settings_schema, "oncall": oncall_schema, "job": job_schema}
    if kind not in kinds:
        raise UsageError(f"there is no schema {kind!r}; there are settings, oncall and job")
    print(json.dumps(kinds[kind](), indent=2, ensure_ascii=False))


def doctor(context: typer.Context) -> None:
    """Look at everything the program stands on: versions, settings, database, credentials, channels, clock.

    Ends with 1 when something is BAD. Orders that could not be understood are listed with the reason.
    """
    from notifier.clock import SystemClock
    from notifier.doctor import examine

    findings = run_async(examine(config_of(context), SystemClock().now(), os.environ))
    for finding in findings:
        print(paragraph(f"{finding.what}: {finding.said}", f"{finding.verdict:<4}  "))
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)
