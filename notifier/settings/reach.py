"""Can those who ought to be told be told at all? `oncall.toml` together with channels, jobs and the calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from notifier.errors import Problem
from notifier.interfaces import Surroundings
from notifier.mistakes import did_you_mean
from notifier.model.job import Job
from notifier.model.oncall import Agent, Span
from notifier.registry import shipped_types
from notifier.rules.duty import Roster
from notifier.settings.adapters import STAFF_KINDS, ChannelSettings, channels_named
from notifier.settings.oncall import OnCallReading
from notifier.tomlfile import Overlay

LOOKED_AHEAD = timedelta(days=14)


def check_policies_named(
    reading: OnCallReading, jobs: Mapping[str, tuple[Job, Overlay]], problems: list[Problem]
) -> None:
    """Every job that is for the staff must name a policy; a digest may also name a group, a shift or an agent."""
    if reading.table.broken:
        return
    policies = _names(reading, "policies")
    anybody = {*policies, *_names(reading, "groups"), *_names(reading, "shifts"), *_names(reading, "agents")}
    for job, file in jobs.values():
        known, what = (anybody, "nobody called") if job.digest else (policies, "no policy")
        if job.enabled and job.for_staff and job.to not in known:
            problems.append(file.problem(("to",), f'oncall.toml has {what} "{job.to}"{did_you_mean(job.to, known)}'))


def _names(reading: OnCallReading, table: str) -> Collection[str]:
    """What the tables of one kind are called, right or wrong."""
    found = reading.table.data.get(table)
    return found.keys() if isinstance(found, dict) else ()


def check_channels_named(reading: OnCallReading, channels: Collection[str], problems: list[Problem]) -> None:
    """Every channel that the file names must be one of the settings; kinds may be named whether or not there are."""
    oncall, table = reading.oncall, reading.table
    for policy in oncall.policies.values():
        for number, step in enumerate(policy.steps):
            for place, name in enumerate(step.by):
                if name not in channels and name not in STAFF_KINDS:
                    meant = did_you_mean(name, {*channels, *STAFF_KINDS})
                    path = ("policies", policy.name, "steps", number, "by", place)
                    problems.append(table.problem(path, f'there is no channel "{name}"{meant}'))
    for agent in oncall.agents.values() if reading.own else ():
        for name in agent.chat:
            if name not in channels:
                message = f'there is no channel "{name}"{did_you_mean(name, channels)}'
                problems.append(table.problem(("agents", agent.name, "chat", name), message))


def check_reach(
    reading: OnCallReading, channels: Mapping[str, ChannelSettings], around: Surroundings, problems: list[Problem]
) -> None:
    """Every agent must have an address, and every step of every policy reach somebody.

    The shipped file is not looked at: it names nobody real, and which channels there are is the user's choice.
    """
    if not reading.own:
        return
    for agent in reading.oncall.agents.values():
        if not (agent.email or agent.phone or agent.chat):
            message = "has no address; give an email, a phone or a chat address"
            problems.append(reading.table.problem(("agents", agent.name), message))
    if reading.sound:
        reach = Reach(channels, around)
        roster = Roster(reading.oncall, around.shop.zone)
        problems += (reading.table.problem(path, message) for path, message in _unreached(roster, reach))


def _unreached(roster: Roster, reach: Reach) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for policy in roster.oncall.policies.values():
        path: tuple[str | int, ...] = ("policies", policy.name)
        deaf = [
            number
            for number, step in enumerate(policy.steps)
            if not any(reach.by(agent, step.by) for agent in roster.members(step.tell))
        ]
        if len(deaf) == len(policy.steps):
            yield path, "can reach nobody: no channel of the settings serves an address of those it tells"
            continue
        for number in deaf:
            ways = " or ".join(f'"{name}"' for name in policy.steps[number].by)
            yield (*path, "steps", number), f"reaches nobody: none of them has an address for a channel of {ways}"


class Reach:
    """Which channels reach whom, by the addresses alone."""

    def __init__(self, channels: Mapping[str, ChannelSettings], around: Surroundings) -> None:
        self._channels = channels
        self._made = {name: _made(channel, around) for name, channel in channels.items()}

    def by(self, agent: Agent, entries: Sequence[str]) -> tuple[str, ...]:
        """The channels, of these names and kinds, that have an address of this agent, in order."""
        return tuple(name for name in channels_named(entries, self._channels) if self._serves(name, agent))

    def _serves(self, name: str, agent: Agent) -> bool:
        if self._made[name] is not None:
            return bool(self._made[name].address_of(agent.person))
        kind = self._channels[name].kind
        return bool(agent.chat.get(name) if kind == "chat" else agent.email if kind == "email" else agent.phone)


def _made(channel: ChannelSettings, around: Surroundings) -> Any:
    """The channel itself, to be asked for addresses; None where only its kind can tell.

    The shipped ones open nothing before they deliver. One of the user's own might, so it is not made just to be asked.
    """
    if channel.options.type not in shipped_types("channel"):
        return None
    try:
        return channel.cls(channel.name, channel.options, around)
    except Exception:  # noqa: BLE001 – without its secrets, which are not needed here, it may fail in any way
        return None


def holes(reading: OnCallReading, zone: str, now: datetime) -> list[Problem]:
    """Shifts that fall to somebody who is not there, in the next 14 days.

    Time brings them about, not the file alone: they are told, and stop nothing.
    """
    if not reading.sound:
        return []
    roster = Roster(reading.oncall, zone)
    found = ((name, roster.holes(name, now, now + LOOKED_AHEAD)) for name in reading.oncall.shifts)
    return [
        reading.table.problem(("shifts", name), _hole(spans, reading.oncall.shifts[name].zone or zone))
        for name, spans in found
        if spans
    ]


def _hole(spans: Sequence[Span], zone: str) -> str:
    first, more = spans[0], len(spans) - 1
    start, end = (instant.astimezone(ZoneInfo(zone)) for instant in (first.start, first.end))
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    count = f", and {more} more times within 14 days" if more > 1 else ", and once more within 14 days" if more else ""
    return (
        f"from {start:%Y-%m-%d %H:%M} to {until} nobody has it{count}: it is {first.agent}'s turn, who is off duty "
        "then; say in overrides who stands in"
    )
