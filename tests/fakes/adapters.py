"""Adapters of somebody else's package, as settings may name them: `type = "tests.fakes.adapters:Paper"`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from notifier.options import ChannelOptions, Secret, SecretUrl, SourceOptions


class PaperOptions(ChannelOptions):
    """Options of every sort that settings can hold."""

    tray: int = Field(ge=1, le=9, description="The tray that the paper is in, 1 to 9.")
    ink: Secret | None = None
    url: SecretUrl | None = None
    kind: Literal["email", "sms", "chat"] = "sms"


class Paper:
    """A channel whose options say what kind it is."""

    Options = PaperOptions


class Pigeon:
    """A channel that is of one kind."""

    kind = "chat"

    class Options(ChannelOptions):
        """Nothing but what every channel takes."""


class Mute:
    """A channel that does not say what it is."""

    class Options(ChannelOptions):
        """Nothing but what every channel takes."""


class Ledger:
    """A source."""

    class Options(SourceOptions):
        """A source with a shelf."""

        shelf: str


class Nothing:
    """No adapter at all: it has no options."""
