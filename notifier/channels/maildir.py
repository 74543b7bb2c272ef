"""Writes every e-mail into a folder that mail programs can open: what a fresh install sends with."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from notifier.channels.mail_address import Mailbox, MailboxOption, parse_address
from notifier.channels.mime import Letterhead
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome, Receipt, TryLater, Unknown
from notifier.model.order import Customer
from notifier.options import ChannelOptions

_FOLDERS = ("tmp", "new", "cur")
_NOT_IN_ADDRESS = re.compile(r"[^A-Za-z0-9+_-]+")


class MaildirOptions(ChannelOptions):
    """`folder` is the Maildir, made when it is missing; a relative one starts where the settings are.

    With `catch_all` customers without an e-mail address get one of the domain `.invalid`, which exists nowhere, made
    from their phone number or id: so that trying things out shows every message.
    """

    folder: Path = Path("mail")
    sender: MailboxOption | None = None
    catch_all: bool = False


class Maildir:
    """A Maildir (https://cr.yp.to/proto/maildir.html) whose files end in `.eml`, so that desktops open them too.

    Guarantee: a file is whole and on disk when it appears in `new/`. Its name comes from the attempt alone, so
    delivering the same attempt again adds no second file as long as the first is still in `new/` or `cur/`.
    """

    Options = MaildirOptions
    kind = "email"

    def __init__(self, name: str, options: MaildirOptions, around: Surroundings) -> None:
        self.name = name
        self.concurrency = options.concurrency
        self._folder = around.folder / options.folder
        self._catch_all = options.catch_all
        self._letterhead = Letterhead(options.sender or Mailbox(around.shop.name, "shop@shop.invalid"))

    def address_of(self, customer: Customer) -> str | None:
        """The customer's e-mail address; with `catch_all` one that stands for the customer."""
        try:
            return parse_address(customer.email)
        except ValueError:
            return _stand_in(customer) if self._catch_all else None

    def compose(self, message: Message) -> bytes:
        """The same bytes a mail server would get. Raises RenderError."""
        return self._letterhead.write(message)

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Write the content into the folder. A full or missing disk is the channel's fault, not the message's."""
        return await asyncio.to_thread(self._write, file_name(attempt), attempt.content)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _write(self, name: str, content: bytes) -> Outcome:
        """1. Look whether it is there already. 2. Write to `tmp/` and to disk. 3. Move to `new/`, and that to disk."""
        unfinished = self._folder / "tmp" / f"{name}.{secrets.token_hex(4)}"
        try:
            for folder in _FOLDERS:
                (self._folder / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._has(name):
                return Receipt(reference=name, detail="was already there")
            _write_to_disk(unfinished, content)
            unfinished.rename(self._folder / "new" / name)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            return TryLater(f"cannot write to {self._folder}: {error.strerror}", channel_down=True)
        try:
            _sync_folder(self._folder / "new")
        except OSError as error:
            return Unknown(f"{self._folder / 'new'} may not be on disk: {error.strerror}")
        return Receipt(reference=name)

    def _has(self, name: str) -> bool:
        # Mail programs move what was read to cur/ and append flags after a colon.
        return (self._folder / "new" / name).exists() or any((self._folder / "cur").glob(f"{name}*"))


def file_name(attempt: Attempt) -> str:
    """Sorts by time and is the attempt's own: `20260301T210005.000123Z.<id>.eml`, without any character of flags."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]{1,64}", attempt.id)
    own = attempt.id if plain else hashlib.sha256(attempt.id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{attempt.started.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}.{own}.eml"


def _stand_in(customer: Customer) -> str:
    for text, domain in ((customer.phone, "phone.invalid"), (customer.id, "customer.invalid")):
        local = _NOT_IN_ADDRESS.sub("-", text).strip("-")[:64]
        if local:
            return f"{local}@{domain}"
    return "unknown@customer.invalid"


def _write_to_disk(path: Path, content: bytes) -> None:
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
