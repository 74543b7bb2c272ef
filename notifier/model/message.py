"""What is said, to whom, and what a channel answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a message: its name in ASCII, and its text."""

    name: str
    text: str
    type: str = "text/csv"


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message before a channel turns it into bytes.

    `id` is the same for every try of one reminder (it becomes the e-mail's Message-ID); `address` is what
    `Channel.address_of` gave. `until` is when it becomes pointless. `headers` are extra e-mail headers such as
    List-Unsubscribe. `link` is where the reader of an alert acknowledges it, empty where nothing can be. `attachments`
    go with e-mails; other channels leave them out, so the text must make sense without.
    """

    id: str
    address: str
    text: str
    written: datetime
    until: datetime
    name: str = ""
    subject: str = ""
    html: str = ""
    language: str = "en"
    headers: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """The intent to send, committed before a byte leaves: `content` are the final bytes.

    `id` is unique to this try and is what its outcome is written under; `reminders` are the rows it speaks for
    (several when they were merged), each with the fence of the claim that may still send it.
    """

    id: str
    reminders: tuple[tuple[int, int], ...]
    channel: str
    address: str
    content: bytes
    message_id: str
    purpose: str
    customer: str
    started: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took it; `reference` is the provider's own name for it."""

    reference: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TryLater:
    """Surely not sent; trying again may help. `after` is what the provider asked for.

    `channel_down` means that it is the channel's fault, not the message's (wrong password, suspended account): the
    channel's breaker opens at once and the try is not counted.
    """

    reason: str
    after: timedelta | None = None
    channel_down: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Surely not sent, and never will be this way: the next channel is tried.

    `suppress` means that this address must not be tried again on this channel (opted out, no such number).
    """

    reason: str
    suppress: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can know whether it left: in doubt."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The intent was committed, and then nothing was tried: surely not sent. `after` is how long to wait."""

    reason: str
    after: timedelta = timedelta()


Outcome = Receipt | TryLater | Refused | Unknown
