"""What the settings name: credentials, sources, channels, texts."""

from __future__ import annotations

from collections.abc import Collection

from notifier.clock import SystemClock
from notifier.doctor.finding import Finding, bad, note, well
from notifier.errors import Problem
from notifier.interfaces import Surroundings
from notifier.parts import build_texts
from notifier.render import check_texts
from notifier.settings import Settings

_ONLY_THERE = "is only there under systemd"


def credentials(problems: Collection[Problem]) -> list[Finding]:
    """Which secrets this user cannot read. Those that systemd passes are seen by the service alone."""
    return [
        note("credential", f"{problem}; the service sees it, this terminal does not")
        if _ONLY_THERE in problem.message
        else bad("credential", str(problem))
        for problem in sorted(problems)
    ] or [well("credentials", "all can be read")]


def sources(settings: Settings) -> list[Finding]:
    """Is there a shop to read?"""
    if not settings.sources:
        return [note("sources", "none is configured, so there is nothing to remind of; add [sources.NAME]")]
    named = ", ".join(
        f"{name} ({source.options.type}, every {source.options.every})" for name, source in settings.sources.items()
    )
    return [well("sources", named)]


async def channels(settings: Settings) -> list[Finding]:
    """Can every channel be made, and is its line encrypted?"""
    if not settings.channels:
        return [bad("channels", "none is switched on: nobody can be reached")]
    around = Surroundings(settings.shop, SystemClock(), settings.folder)
    found = []
    for name, channel in settings.channels.items():
        try:
            made = channel.cls(name, channel.options, around)
            await made.close()
        except Exception as error:  # noqa: BLE001 – a channel of one's own may fail in any way
            found.append(bad(f"channel {name}", f"cannot be made: {type(error).__name__}: {error}"))
            continue
        tls = str(getattr(channel.options, "tls", ""))
        line = f", TLS: {tls}" if tls else ""
        found.append(well(f"channel {name}", f"{channel.options.type} for {channel.kind}{line}"))
    return found


def texts(settings: Settings) -> Finding:
    """Can every text of every job be made, and in which languages?"""
    library = build_texts(settings)
    kinds = {name: channel.kind for name, channel in settings.channels.items()}
    problems = check_texts(library, [version for job in settings.jobs.values() for version in job.versions], kinds)
    if problems:
        return bad("texts", f"{len(problems)} mistakes, such as {problems[0]}; notifier check shows them all")
    return well("texts", f"well, in {', '.join(library.languages)}")
