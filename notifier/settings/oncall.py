"""`oncall.toml`: who there is to be told, when they work, and who is told next when nobody answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from notifier.errors import Problem
from notifier.jobtable import NAME
from notifier.mistakes import did_you_mean, validate
from notifier.model.job import Urgency
from notifier.model.oncall import Agent, OnCall, Override, Policy, PolicyStep, Shift
from notifier.options import Options
from notifier.settings.dates import end_of, start_of
from notifier.settings.oncalltables import (
    AgentTable,
    AlertQuietTable,
    OnCallFile,
    OverrideTable,
    PolicyTable,
    ShiftTable,
)
from notifier.shipped import shipped
from notifier.tomlfile import KeyPath, Overlay, read_toml

Table = TypeVar("Table", bound=Options)
_WHO = ("agents", "groups", "shifts")


@dataclass(frozen=True, slots=True)
class OnCallReading:
    """What could be read of `oncall.toml`. `own` is False for the one that came with the program.

    `sound` says that it has no mistakes of its own; otherwise `oncall` is what makes sense of it.
    """

    oncall: OnCall
    table: Overlay
    own: bool
    sound: bool


def load_oncall(folder: Path, wanted: str, table: Overlay, zone: str, problems: list[Problem]) -> OnCallReading:
    """Read the file `wanted` in `folder`, where the settings are, or the shipped one; its mistakes go to `problems`.

    1. Find and read it; one that the settings name must be there.
    2. Check its tables key by key, and what their names mean to each other.
    3. Make of it what makes sense, so that other files can be checked against it.
    """
    path, ours = folder / wanted, shipped("config") / "oncall.toml"
    given = path.is_file()
    own = given and path.resolve() != ours.resolve()
    if not given and wanted != "oncall.toml":
        problems.append(table.problem(("folders", "oncall"), f"there is no file {path}"))
    file = read_toml(path if given else ours)
    found = Overlay((file, ()))
    before = len(problems)
    problems += file.problems
    validate(OnCallFile, found, problems)
    problems += (found.problem(place, message) for place, message in _disagreements(found.data, zone))
    return OnCallReading(_oncall(found, zone), found, own, len(problems) == before)


def _disagreements(data: Mapping[str, Any], zone: str) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong with names and with keys together, whether or not each of them is right."""
    agents = _names(data, "agents")
    yield from _wrong_names(data)
    for group, members in _entries(data, "groups"):
        yield from _unknown(("groups", group), members, agents, "agent")
    for shift, given in _tables(data, "shifts"):
        yield from _unknown(("shifts", shift, "agents"), given.get("agents"), agents, "agent")
        for number, override in enumerate(_list(given.get("overrides"))):
            path = ("shifts", shift, "overrides", number)
            yield from _wrong_override(path, override, str(given.get("time_zone", zone)), agents)
    everybody = {name for key in _WHO for name in _names(data, key)}
    for policy, given in _tables(data, "policies"):
        for number, step in enumerate(_list(given.get("steps"))):
            if isinstance(step, dict):
                yield from _wrong_step(("policies", policy, "steps", number), step, everybody)


def _wrong_names(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Names nobody can write in a policy, and those that would mean two things."""
    seen: dict[str, str] = {}
    for key in (*_WHO, "policies"):
        for name in _names(data, key):
            if not NAME.fullmatch(name):
                yield (key, name), "a name is small letters, digits and hyphens"
            if key in _WHO and seen.setdefault(name, key) != key:
                yield (key, name), f"there is something in [{seen[name]}] of this name already"


def _wrong_override(path: KeyPath, given: Any, zone: str, agents: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    if not isinstance(given, dict):
        return
    if isinstance(given.get("agent"), str):
        yield from _unknown((*path, "agent"), [given["agent"]], agents, "agent", whole=True)
    try:
        override = OverrideTable.model_validate(given)
        backwards = end_of(override.end, zone) <= start_of(override.start, zone)
    except ValueError:
        return  # which its own table or the shift's zone reports
    if backwards:
        yield (*path, "until"), "is not after from"


def _wrong_step(path: KeyPath, step: Mapping[str, Any], everybody: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    yield from _unknown((*path, "tell"), step.get("tell"), everybody, "agent, group or shift")
    if path[-1] != 0 and "after" not in step:
        yield (*path, "after"), 'is missing: how long nobody may have answered before this step, such as "15m"'


def _unknown(
    path: KeyPath, names: Any, known: Collection[str], what: str, *, whole: bool = False
) -> Iterator[tuple[KeyPath, str]]:
    for number, name in enumerate(_list(names)):
        if isinstance(name, str) and name not in known:
            yield path if whole else (*path, number), f'there is no {what} "{name}"{did_you_mean(name, known)}'


def _entries(data: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    table = data.get(key)
    yield from table.items() if isinstance(table, dict) else ()


def _tables(data: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((name, table) for name, table in _entries(data, key) if isinstance(table, dict))


def _names(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(name for name, _ in _entries(data, key))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _oncall(table: Overlay, zone: str) -> OnCall:
    """What every table without mistakes says."""
    agents, shifts = _valid(AgentTable, "agents", table), _valid(ShiftTable, "shifts", table)
    policies = _valid(PolicyTable, "policies", table)
    quiet = validate(AlertQuietTable, table.under(("quiet",)), []) or AlertQuietTable()
    return OnCall(
        agents={name: _agent(name, given) for name, given in agents.items()},
        groups={name: tuple(map(str, _list(members))) for name, members in _entries(table.data, "groups")},
        shifts={name: _shift(name, given, given.time_zone or zone) for name, given in shifts.items()},
        policies={name: _policy(name, given) for name, given in policies.items()},
        quiet={Urgency.LOW: quiet.low, Urgency.NORMAL: quiet.normal, Urgency.URGENT: quiet.urgent},
    )


def _valid(model: type[Table], key: str, table: Overlay) -> dict[str, Table]:
    found = ((name, validate(model, table.under((key, name)), [])) for name, _ in _tables(table.data, key))
    return {name: given for name, given in found if given is not None}


def _agent(name: str, given: AgentTable) -> Agent:
    return Agent(
        name=name,
        called=given.called,
        role=given.role,
        email=given.email,
        phone=given.phone,
        chat=given.chat,
        language=given.language or "",
        zone=given.time_zone or "",
        periods=given.hours,
        days_off=frozenset(given.days_off),
    )


def _shift(name: str, given: ShiftTable, zone: str) -> Shift:
    overrides = (Override(start_of(o.start, zone), end_of(o.end, zone), o.agent) for o in given.overrides)
    return Shift(
        name=name,
        agents=given.agents,
        since=given.since,
        turn=given.turn.days,
        periods=given.hours,
        overrides=tuple(overrides),
        zone=given.time_zone or "",
    )


def _policy(name: str, given: PolicyTable) -> Policy:
    steps = tuple(PolicyStep(step.tell, step.by, step.after) for step in given.steps)
    return Policy(name, steps, given.again, given.times)
