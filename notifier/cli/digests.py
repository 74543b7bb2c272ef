"""Commands that print digests: digest, and the report of simulate."""

from __future__ import annotations

import json
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.common import reading, run_async, settings_of
from notifier.cli.show import heading, printable
from notifier.errors import UsageError

if TYPE_CHECKING:
    from notifier.interfaces import Store
    from notifier.model.digest import Digest
    from notifier.model.job import Job
    from notifier.settings import Settings

_ABOUT = "Looking at what it does"
REPORT = "daily-report"


class DigestFormat(StrEnum):
    """How a digest is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(rich_help_panel=_ABOUT)(digest)


def digest(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The digest's job, such as morning-list.")],
    day: Annotated[str, typer.Option("--date", help="The digest of this day, as 2026-03-01; otherwise of now.")] = "",
    language: Annotated[str, typer.Option(help="Such as en or zh-CN; otherwise the shop's.")] = "",
    format: Annotated[DigestFormat, typer.Option(help="How to print it.")] = DigestFormat.TABLE,  # noqa: A002
) -> None:
    """Print what a digest says: the morning list, the daily report, and the others.

    Orders are shown as they stood when that day's digest was due; alerts as they stand now. Nothing is sent.
    """
    from notifier.daemon import clock_for

    settings = settings_of(context)
    job = digest_job(settings, name)
    at = instant_of_day(settings, job, day) if day else clock_for(settings.clock).now()

    async def work() -> Digest:
        async with reading(settings) as store:
            return await made(settings, store, job, at)

    print_digest(settings, run_async(work()), format, language)


def digest_job(settings: Settings, name: str) -> Job:
    """The digest job of that name. Raises UsageError when there is none."""
    from notifier.mistakes import did_you_mean

    digests = {job.name: job for job in settings.jobs.values() if job.digest}
    if name not in digests:
        raise UsageError(f"there is no digest {name!r}{did_you_mean(name, digests)}")
    return digests[name]


def report_job(settings: Settings) -> Job:
    """The job that sends the daily report, under whatever name. Raises UsageError when there is none."""
    found = (job for job in settings.jobs.values() if job.digest == REPORT)
    job = next(found, None)
    if job is None:
        raise UsageError(f'no job has digest = "{REPORT}"')
    return job


def instant_of_day(settings: Settings, job: Job, day: str) -> datetime:
    """When that day's digest is due. Raises UsageError for what is no date."""
    from notifier.rules.digests.planning import instant_on
    from notifier.rules.duty import Roster

    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"{day!r} is not a date; write it as 2026-03-01") from None
    return instant_on(found, job, Roster(settings.oncall, settings.shop.zone), settings.shop)


async def made(settings: Settings, store: Store, job: Job, at: datetime) -> Digest:
    """The digest of a job, from a store."""
    from notifier.digesting import build

    return await build(store, job, at, settings.shop, settings.jobs)


def print_digest(settings: Settings, digest: Digest, format: DigestFormat, language: str = "") -> None:  # noqa: A002
    """Print a digest: tables for people, or whole for programs and browsers."""
    from notifier.render.digest_file import as_data
    from notifier.render.digest_style import Reader
    from notifier.render.digests import DigestTexts, as_text
    from notifier.render.library import Library

    texts, reader = DigestTexts(Library(settings.template_folders), settings.shop), Reader(language)
    if format is DigestFormat.JSON:
        print(json.dumps(as_data(digest, settings.shop.zone), ensure_ascii=False, indent=1))
    elif format is DigestFormat.CSV:
        print(texts.csv(digest, reader).lstrip("\ufeff"), end="")
    elif format is DigestFormat.HTML:
        print(texts.render(digest, "email", reader).html)
    else:
        title, introduction, tables = texts.tables(digest, reader)
        print(f"{heading(printable(title))}\n{printable(introduction)}")
        for table in tables:
            if table.rows:
                print("\n" + "\n".join(map(printable, as_text(table).splitlines())))
