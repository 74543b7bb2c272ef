"""Finds the class of a source or channel by its `type`, importing nothing before it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

from notifier.mistakes import did_you_mean
from notifier.options import ChannelOptions, Options, SourceOptions

Role = Literal["source", "channel"]
OPTIONS: dict[Role, type[Options]] = {"source": SourceOptions, "channel": ChannelOptions}
"""What the Options of an adapter must at least be."""


def shipped_types(role: Role) -> dict[str, str]:
    """The types that come with the program, and the classes they stand for as `module:Class`."""
    types: dict[str, str] = import_module(f"notifier.{role}s").SHIPPED
    return types


def adapter(role: Role, type_: str) -> type[Any]:
    """The class behind `type`: one that comes with the program, or `package.module:Class` of an installed package.

    It has an `Options` class. Raises ValueError with a sentence that says what would be right.
    """
    known = shipped_types(role)
    module, colon, name = known.get(type_, type_).partition(":")
    if not (module and colon and name):
        own = 'one of your own is written as "package.module:Class"'
        raise ValueError(f'there is no {role} type "{type_}" ({own}){did_you_mean(type_, known)}')
    try:
        found = getattr(import_module(module), name)
    except Exception as error:  # noqa: BLE001 – foreign code may fail in any way while it is imported
        raise ValueError(f'"{type_}" cannot be loaded: {type(error).__name__}: {error}') from None
    options = getattr(found, "Options", None)
    if not (isinstance(options, type) and issubclass(options, OPTIONS[role])):
        raise ValueError(f'"{type_}" has no class Options that inherits from notifier.options.{OPTIONS[role].__name__}')
    return found  # type: ignore[no-any-return]
