"""Reads it all, in the order in which one thing depends on another, and reports every mistake at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from notifier.clock import SystemClock
from notifier.errors import BadFiles, Problem
from notifier.interfaces import Surroundings
from notifier.jobfiles import job_names, load_jobs
from notifier.mistakes import validate
from notifier.model.job import Job
from notifier.model.oncall import OnCall
from notifier.model.shop import SendingRules, Shop
from notifier.settings.adapters import (
    ChannelSettings,
    SourceSettings,
    check_channels,
    load_channels,
    load_sources,
)
from notifier.settings.oncall import OnCallReading, load_oncall
from notifier.settings.places import Places, find_settings
from notifier.settings.promotions import Promotion, load_promotions, with_special_hours, with_variants
from notifier.settings.reach import check_channels_named, check_policies_named, check_reach, holes
from notifier.settings.shop import planning_digest, sending_from, shop_from
from notifier.settings.tables import ClockTable, FoldersTable, LogTable, SendTable, SettingsFile, ShopTable, WebTable
from notifier.shipped import shipped
from notifier.tomlfile import GivenSetting, Overlay, read_toml

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. Nothing in here changes; a reload makes another one.

    `folder` is where relative paths of data start (`Surroundings.folder`). Sources and channels that are switched off
    are left out; jobs that are switched off are there. `template_folders` are searched in this order. `digest` is equal
    for settings under which the same orders give the same plans. `warnings` are those of `Reading`.
    """

    file: Path
    folder: Path
    store_url: str = field(repr=False)
    shop: Shop
    sending: SendingRules
    send: SendTable
    sources: Mapping[str, SourceSettings]
    channels: Mapping[str, ChannelSettings]
    jobs: Mapping[str, Job]
    clock: ClockTable
    log: LogTable
    web: WebTable
    job_folders: tuple[Path, ...]
    template_folders: tuple[Path, ...]
    digest: str
    oncall: OnCall = field(default_factory=OnCall)
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read, mistakes or not: `settings` is None when there are `problems`.

    `warnings` come with time and stop nothing, such as a shift whose agent has the day off: a daemon that restarts at
    night has to start. The rest is what makes sense in itself, so that a check can go on with it: `kinds` are those of
    the channels.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    settings: Settings | None
    shop: Shop
    jobs: Mapping[str, Job]
    kinds: Mapping[str, str]
    job_folders: tuple[Path, ...]
    template_folders: tuple[Path, ...]
    oncall: OnCall


def load_settings(
    path: Path | None = None, sets: Sequence[str] = (), *, secrets: bool = True, now: datetime | None = None
) -> Settings:
    """Read the settings as `read_settings` does. Raises BadFiles with every mistake of every file."""
    reading = read_settings(path, sets, secrets=secrets, now=now)
    if reading.settings is None:
        raise BadFiles(reading.problems)
    return reading.settings


def read_settings(
    path: Path | None = None, sets: Sequence[str] = (), *, secrets: bool = True, now: datetime | None = None
) -> Reading:
    """Read the settings file, the job files, `oncall.toml` and the options of every adapter.

    `path` None looks for the file as `find_settings` says. `sets` are changes such as
    `jobs.unpaid-nudge.after=6h`, which win over the file. With `secrets` False those that cannot be read are empty:
    for commands that send nothing, run where the daemon's credentials are not. `now` says for which years holidays
    and for which days shifts are looked up. Raises BadFiles when a named file is not there, UsageError for a `sets`
    that is no setting.

    1. Find and read the settings file, and lay `sets` over it.
    2. Check its tables, then each source and channel against its adapter's own options, then every job and what
       promotions make of it.
    3. Check what they say together: do the jobs' channels exist, are the holidays known?
    4. Read who is on call, and check that whoever jobs tell can be reached.
    """
    places = find_settings(path, os.environ)
    file = read_toml(places.file)
    table = Overlay((file, ()), *((GivenSetting(text), ()) for text in sets))
    problems = list(file.problems)

    context = {"folder": places.home, "secrets": secrets}
    tables = validate(SettingsFile, table, problems, context)
    sources = load_sources(table, context, problems)
    channels = load_channels(table, context, problems)
    job_folders, template_folders = _folders(table, places, problems)
    jobs = load_jobs(job_folders, table.under(("jobs",)), problems)

    shop_table = validate(ShopTable, table.under(("shop",)), []) or ShopTable()
    promotions = load_promotions(table, jobs, job_names(job_folders), shop_table.time_zone, problems)
    loaded = {name: with_variants(job, promotions) for name, (job, _) in jobs.items()}
    clock = validate(ClockTable, table.under(("clock",)), []) or ClockTable()
    now = now or clock.start or SystemClock().now()
    shop = shop_from(shop_table, range(now.year - 1, now.year + 4), loaded.values(), table, problems)
    oncall = _oncall(places, table, shop, promotions, problems)
    for named in (jobs, *(promotion.jobs for promotion in promotions)):
        if not table.broken:
            check_channels(table, channels, named, problems)
        check_policies_named(oncall, named, problems)
    if not table.broken and None not in channels.values():
        usable = {name: channel for name, channel in channels.items() if channel and channel.options.enabled}
        check_channels_named(oncall, channels, problems)
        check_reach(oncall, usable, Surroundings(shop, SystemClock(), places.data), problems)
    reading = Reading(
        problems=tuple(problems),
        warnings=tuple(holes(oncall, shop.zone, now)),
        settings=None,
        shop=shop,
        jobs=loaded,
        kinds={name: channel.kind for name, channel in channels.items() if channel},
        job_folders=job_folders,
        template_folders=tuple(reversed(template_folders)),
        oncall=oncall.oncall,
    )
    if tables is None or problems:
        return reading
    return replace(reading, settings=_settings(places, tables, reading, sources, channels))


def _settings(
    places: Places,
    tables: SettingsFile,
    reading: Reading,
    sources: Mapping[str, SourceSettings | None],
    channels: Mapping[str, ChannelSettings | None],
) -> Settings:
    """Everything that was read, put together; there are no mistakes in it."""
    return Settings(
        file=places.file,
        folder=places.data,
        store_url=_store_url(tables.store.url.get_secret_value(), places.data),
        shop=reading.shop,
        sending=sending_from(tables.send),
        send=tables.send,
        sources={name: source for name, source in sources.items() if source and source.options.enabled},
        channels={name: channel for name, channel in channels.items() if channel and channel.options.enabled},
        jobs=reading.jobs,
        clock=tables.clock,
        log=tables.log,
        web=tables.web,
        job_folders=reading.job_folders,
        template_folders=reading.template_folders,
        digest=planning_digest(reading.shop, reading.jobs),
        oncall=reading.oncall,
        warnings=reading.warnings,
    )


def _folders(table: Overlay, places: Places, problems: list[Problem]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The folders of jobs and of templates: the shipped one, then the user's own where there is one."""
    wanted = validate(FoldersTable, table.under(("folders",)), [])
    if wanted is None:
        return (shipped("jobs"),), (shipped("templates"),)
    jobs = _folder("jobs", wanted.jobs, table, places, problems)
    return jobs, _folder("templates", wanted.templates, table, places, problems)


def _folder(name: str, wanted: str, table: Overlay, places: Places, problems: list[Problem]) -> tuple[Path, ...]:
    own, ours = (places.home / wanted).resolve(), shipped(name)
    if own.is_dir():
        return (ours,) if own == ours.resolve() else (ours, own)
    if wanted != name:
        problems.append(table.problem(("folders", name), f"there is no folder {own}"))
    return (ours,)


def _oncall(
    places: Places, table: Overlay, shop: Shop, promotions: Sequence[Promotion], problems: list[Problem]
) -> OnCallReading:
    """Who is on call, in promotions too."""
    folders = validate(FoldersTable, table.under(("folders",)), []) or FoldersTable()
    reading = load_oncall(places.beside, folders.oncall, table, shop.zone, problems)
    return replace(reading, oncall=with_special_hours(reading, promotions, shop.zone, table, problems))


def _store_url(url: str, folder: Path) -> str:
    """The store's URL with an absolute path."""
    path = url.removeprefix(_SQLITE)
    return url if path.startswith("/") or path == ":memory:" else f"{_SQLITE}{quote(str(folder))}/{path}"
