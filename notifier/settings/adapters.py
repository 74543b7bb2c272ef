"""The settings of sources and channels: each table checked against the options that its adapter declares itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from notifier.errors import Problem
from notifier.jobtable import NAME
from notifier.mistakes import did_you_mean, validate
from notifier.model.job import Job
from notifier.options import ChannelOptions, Options, SourceOptions
from notifier.registry import Role, adapter, shipped_types
from notifier.tomlfile import Overlay

KINDS = ("email", "sms", "chat")
"""How customers are reached."""
STAFF_KINDS = (*KINDS, "voice")
"""How agents are: nobody but them is ever called."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """A source of the settings: its class, and the options to make it with."""

    name: str
    cls: type[Any]
    options: SourceOptions


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """A channel of the settings: its class, and the options to make it with."""

    name: str
    cls: type[Any]
    options: ChannelOptions

    @property
    def kind(self) -> str:
        """Which text it takes: what its options say, for channels that can be of several kinds, or its class."""
        return str(getattr(self.options, "kind", None) or getattr(self.cls, "kind", ""))


def load_sources(table: Overlay, context: dict[str, Any], problems: list[Problem]) -> dict[str, SourceSettings | None]:
    """Every `[sources.NAME]`, None where it has mistakes; these go to `problems`."""
    loaded: dict[str, SourceSettings | None] = {}
    for name, cls, options in _load("source", table, context, problems):
        loaded[name] = SourceSettings(name, cls, options) if isinstance(options, SourceOptions) else None
    return loaded


def load_channels(
    table: Overlay, context: dict[str, Any], problems: list[Problem]
) -> dict[str, ChannelSettings | None]:
    """Every `[channels.NAME]`, None where it has mistakes; these go to `problems`."""
    loaded: dict[str, ChannelSettings | None] = {}
    for name, cls, options in _load("channel", table, context, problems):
        channel = ChannelSettings(name, cls, options) if isinstance(options, ChannelOptions) else None
        loaded[name] = channel
        if channel and (message := _wrong_kind(channel)):
            problems.append(table.problem(("channels", name), message))
    return loaded


def _wrong_kind(channel: ChannelSettings) -> str:
    """What is wrong with a channel's kind; empty when nothing is."""
    if channel.kind not in STAFF_KINDS:
        return f"its class must have kind = {', '.join(STAFF_KINDS[:-1])} or {STAFF_KINDS[-1]}, or such an option"
    if channel.name in STAFF_KINDS and channel.kind != channel.name:
        return f"is a channel for {channel.kind}; with this name it would take what jobs have for {channel.name}"
    return ""


def _load(
    role: Role, table: Overlay, context: dict[str, Any], problems: list[Problem]
) -> Iterator[tuple[str, type[Any], Options | None]]:
    tables = table.data.get(f"{role}s")
    for name, data in tables.items() if isinstance(tables, dict) else ():
        if not isinstance(data, dict):
            continue  # which SettingsFile reports
        path = (f"{role}s", name)
        if not NAME.fullmatch(name):
            problems.append(table.problem(path, "a name is small letters, digits and hyphens"))
        cls: type[Any] | None = None
        try:
            cls = adapter(role, _type(role, data))
        except ValueError as error:
            problems.append(table.problem((*path, "type"), str(error)))
        if cls is None:
            yield name, object, None
            continue
        # What is switched off must be right too, but its secrets may be gone already.
        context = context | {"secrets": context["secrets"] and data.get("enabled") is not False}
        yield name, cls, validate(cls.Options, table.under(path), problems, context)


def _type(role: Role, data: dict[str, Any]) -> str:
    type_ = data.get("type")
    if not isinstance(type_, str):
        raise ValueError(f"is missing: what this {role} is, one of {', '.join(sorted(shipped_types(role)))}")
    return type_


class OfKind(Protocol):
    """A channel, as far as its name and kind go."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...


def channels_for(job: Job, channels: Mapping[str, OfKind]) -> tuple[str, ...]:
    """The names of the channels a job may use, in its order."""
    return channels_named(job.channels, channels)


def channels_named(entries: Sequence[str], channels: Mapping[str, OfKind]) -> tuple[str, ...]:
    """The names of the channels that jobs and policies mean, in their order.

    An entry is the name of one, or a kind ("sms"), which means all of that kind in the order of the settings. Entries
    of which there is none are left out.
    """
    named = ([e] if e in channels else [c.name for c in channels.values() if c.kind == e] for e in entries)
    return tuple(dict.fromkeys(name for names in named for name in names))


def check_channels(
    table: Overlay,
    channels: Mapping[str, ChannelSettings | None],
    jobs: Mapping[str, tuple[Job, Overlay]],
    problems: list[Problem],
) -> None:
    """Every job must have a channel to speak through, and name none that does not exist or that calls people.

    A kind of which there is no channel is fine as long as the job has another one.
    """
    if not channels:
        problems.append(
            table.problem(("channels",), 'there is none; a first one is [channels.outbox] with type = "maildir"')
        )
        return
    usable = {name: channel for name, channel in channels.items() if channel and channel.options.enabled}
    for job, file in jobs.values():
        wrong = [(n, message) for n, entry in enumerate(job.channels) if (message := _wrong_entry(entry, channels))]
        problems.extend(file.problem(("channels", number), message) for number, message in wrong)
        sound = not wrong and None not in channels.values()
        if job.enabled and not job.for_staff and sound and not channels_for(job, usable):
            problems.append(file.problem(("channels",), _unreachable(job)))


def _wrong_entry(entry: str, channels: Mapping[str, ChannelSettings | None]) -> str:
    """What is wrong with one entry of a job's channels; empty when nothing is."""
    channel = channels.get(entry)
    if entry not in channels and entry not in STAFF_KINDS:
        return f'there is no channel "{entry}"{did_you_mean(entry, {*channels, *KINDS})}'
    if (channel.kind if channel else entry) == "voice":
        return "customers are never called; calls are for agents, by a policy of oncall.toml"
    return ""


def _unreachable(job: Job) -> str:
    wanted = " or ".join(f'"{entry}"' for entry in job.channels)
    return f"no channel is configured for {wanted}; add one, or switch the job off: [jobs.{job.name}] enabled = false"
