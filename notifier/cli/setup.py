"""Commands for setting up: init, check, schema, doctor."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.common import config_of, run_async
from notifier.errors import BadFiles, UsageError


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(init)
    app.command()(check)
    app.command()(schema)
    app.command()(doctor)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")] = Path("notifier"),
) -> None:
    """Copy settings, jobs, templates and units into a folder, to be edited there."""
    from notifier.shipped import shipped

    wanted = {"config": ".", "jobs": "jobs", "templates": "templates", "systemd": "systemd"}
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name a new folder, so that nothing of yours is overwritten")
    for name, place in wanted.items():
        shutil.copytree(shipped(name), folder / place, dirs_exist_ok=True)
    print(f"Wrote {folder}/notifier.toml, jobs, templates and systemd units.")
    print(f"Edit them, then run: notifier --config {folder}/notifier.toml check")


def check(
    context: typer.Context,
    diff: Annotated[bool, typer.Option("--diff", help="Show what these settings would change in the queue.")] = False,
) -> None:
    """Check settings, jobs and their examples, templates and credentials: every mistake at once."""
    from notifier.check import check_files, queue_changes

    result = check_files(config_of(context))
    if result.problems or result.settings is None:
        raise BadFiles(result.problems)
    jobs = [job for job in result.settings.jobs.values() if job.enabled]
    examples = sum(len(job.examples) for job in jobs)
    print(f"{result.settings.file}: fine. {len(jobs)} jobs with {examples} examples, {result.texts} texts.")
    if diff:
        for line in run_async(queue_changes(result.settings)):
            print(line)


def schema(
    kind: Annotated[str, typer.Argument(help="settings or job.")] = "settings",
) -> None:
    """Print the JSON Schema of the settings or of a job file, for editors."""
    from notifier.schema import job_schema, settings_schema

    if kind not in {"settings", "job"}:
        raise UsageError(f"there is no schema {kind!r}; there are settings and job")
    print(json.dumps(settings_schema() if kind == "settings" else job_schema(), indent=2, ensure_ascii=False))


def doctor(context: typer.Context) -> None:
    """Look at the environment: versions, files, database, what could not be understood."""
    from notifier.doctor import examine

    findings = run_async(examine(config_of(context)))
    for finding in findings:
        print(f"{'ok ' if finding.good else 'BAD'}  {finding.what}: {finding.said}")
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)
