"""Builds the parts of the program from its settings – sources, channels and the desk – and closes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace

from notifier.clock import Clock
from notifier.errors import BadFiles
from notifier.interfaces import Channel, Source, Surroundings
from notifier.model.job import Job
from notifier.outlet import Outlet
from notifier.pipeline import Desk
from notifier.render import Texts, check_texts
from notifier.rules.brake import Brake
from notifier.rules.limits import TokenBucket
from notifier.rules.plan import Planner
from notifier.settings import Settings, channels_for


def build_sources(settings: Settings, clock: Clock) -> dict[str, Source]:
    """The sources that are switched on, by name."""
    around = Surroundings(settings.shop, clock, settings.folder)
    return {
        name: part.cls(name, part.options, around) for name, part in settings.sources.items() if part.options.enabled
    }


def build_brakes(settings: Settings) -> dict[str, Brake]:
    """What each source may change in one poll."""
    return {name: Brake(part.options.pause_share, part.options.pause_count) for name, part in settings.sources.items()}


def build_channels(settings: Settings, clock: Clock) -> dict[str, Channel]:
    """The channels that are switched on, by name, in the order of the settings."""
    around = Surroundings(settings.shop, clock, settings.folder)
    return {
        name: part.cls(name, part.options, around) for name, part in settings.channels.items() if part.options.enabled
    }


def build_outlets(settings: Settings, clock: Clock) -> dict[str, Outlet]:
    """The channels with their limits."""
    outlets = {}
    for name, channel in build_channels(settings, clock).items():
        rate = settings.channels[name].options.rate
        outlets[name] = Outlet(channel, clock, TokenBucket(rate.count, rate.seconds) if rate else None)
    return outlets


def build_texts(settings: Settings) -> Texts:
    """The templates, the shop's own before the shipped ones."""
    return Texts(settings.template_folders, settings.shop)


def build_desk(settings: Settings, outlets: dict[str, Outlet]) -> Desk:
    """Everything that a reload swaps."""
    return Desk(build_planner(settings), build_texts(settings), settings.sending, outlets)


def build_planner(settings: Settings) -> Planner:
    """The enabled jobs, ready to be asked."""
    jobs: list[Job] = list(settings.jobs.values())
    return Planner(jobs, settings.shop)


def check_sendable(settings: Settings) -> None:
    """Render every text that may be sent once. Raises BadFiles before anything is started or swapped.

    Texts for kinds of channel that the settings do not have are left to `notifier check`.
    """
    kinds = {name: channel.kind for name, channel in settings.channels.items()}
    jobs = [replace(job, channels=channels_for(job, settings.channels)) for job in settings.jobs.values()]
    if problems := check_texts(build_texts(settings), jobs, kinds):
        raise BadFiles(problems)


async def close_all(sources: Mapping[str, Source], outlets: Mapping[str, Outlet]) -> None:
    """Close what is connected to the outside."""
    closing: list[Awaitable[None]] = [source.close() for source in sources.values()]
    closing += [outlet.channel.close() for outlet in outlets.values()]
    await asyncio.gather(*closing)
