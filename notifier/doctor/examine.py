"""The examination from top to bottom; what cannot be looked at does not hide the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from notifier.doctor.adapters import channels, credentials, sources, texts
from notifier.doctor.database import database
from notifier.doctor.finding import Finding, bad, well
from notifier.doctor.machine import disk, program, service, sqlite, time_zones
from notifier.errors import NotifierError, Problem
from notifier.settings import Settings, read_settings

_SHOWN = 5


async def examine(config: Path | None, now: datetime, environment: Mapping[str, str]) -> list[Finding]:
    """Look at everything, as the user who asks. Nothing is changed, nothing is sent, no shop is read.

    1. The machine: versions, time zones, who started the program.
    2. The settings; with mistakes in them the examination ends here.
    3. What they name: credentials, database, disk, sources, channels, texts.
    """
    found = [program(), sqlite(), time_zones(), service(environment)]
    try:
        whole, reading = read_settings(config), read_settings(config, secrets=False)
    except NotifierError as error:
        return [*found, bad("settings", str(error))]
    if reading.settings is None:
        return [*found, *_mistakes(sorted(reading.problems))]
    settings = reading.settings
    found.append(well("settings", _what(settings)))
    found += credentials(set(whole.problems) - set(reading.problems))
    found += [*await database(settings, now), disk(settings)]
    found += [*sources(settings), *await channels(settings)]
    found.append(texts(settings))
    return found


def _what(settings: Settings) -> str:
    jobs = [job for job in settings.jobs.values() if job.enabled]
    return f"{settings.file}: {len(jobs)} jobs switched on, times on the clock of {settings.shop.zone}"


def _mistakes(problems: Sequence[Problem]) -> list[Finding]:
    found = [bad("settings", str(problem)) for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        found.append(bad("settings", f"{len(problems) - _SHOWN} more mistakes; notifier check shows them all"))
    return found
