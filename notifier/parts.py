"""Builds the parts of the program from its settings – sources, channels and the desk – and closes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping

from notifier.alerting import oncall_desk
from notifier.calling import StaffDesk
from notifier.clock import Clock
from notifier.digesting import Digesting
from notifier.interfaces import Channel, Source, Surroundings
from notifier.links import Links
from notifier.model.job import Job
from notifier.outlet import Outlet
from notifier.pipeline import Desk
from notifier.render import Texts
from notifier.render.digests import DigestTexts
from notifier.rules.brake import Brake
from notifier.rules.limits import TokenBucket
from notifier.rules.plan import Planner
from notifier.settings import Settings


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


def build_desk(settings: Settings, outlets: dict[str, Outlet], links: Links | None = None) -> Desk:
    """Everything that a reload swaps. Without `links` there is no staff: nobody is called, no digest is sent."""
    texts = build_texts(settings)
    staff = None if links is None else _build_staff(settings, texts, links)
    return Desk(build_planner(settings), texts, settings.sending, outlets, staff)


def _build_staff(settings: Settings, texts: Texts, links: Links) -> StaffDesk:
    oncall = oncall_desk(settings.oncall, settings.jobs, settings.shop.zone)
    digests = DigestTexts(texts.library, settings.shop)
    return StaffDesk(oncall, texts, links, Digesting(settings.jobs, oncall.roster, settings.shop, digests))


def build_planner(settings: Settings) -> Planner:
    """The enabled jobs, ready to be asked."""
    jobs: list[Job] = list(settings.jobs.values())
    return Planner(jobs, settings.shop)


async def close_all(sources: Mapping[str, Source], outlets: Mapping[str, Outlet]) -> None:
    """Close what is connected to the outside."""
    closing: list[Awaitable[None]] = [source.close() for source in sources.values()]
    closing += [outlet.channel.close() for outlet in outlets.values()]
    await asyncio.gather(*closing)
