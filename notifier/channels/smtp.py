"""E-mail through a mail server: aiosmtplib connects, encrypts and logs in; `smtp_dialogue` hands the messages over."""

from __future__ import annotations

import asyncio
import re
import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

import aiosmtplib
from pydantic import AfterValidator, Field, model_validator

from notifier.channels.mail_address import MailboxOption, parse_address
from notifier.channels.mime import Letterhead
from notifier.channels.smtp_dialogue import Dialogue, Patience, Stale
from notifier.channels.smtp_pool import Keeping, Pool
from notifier.channels.smtp_replies import not_allowed_in, said
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome, Refused, TryLater
from notifier.model.order import Customer
from notifier.options import ChannelOptions, Length, Secret

_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


def _host(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|[0-9A-Fa-f:]+", value):
        raise ValueError(f"{value!r} is not a host; write a name such as mail.example.com or an IP address")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class SmtpOptions(ChannelOptions):
    """How to reach a mail server.

    `tls` is "starttls" (port 587), "implicit" (port 465), or "none" (port 25), which only a server on this machine
    may have. `ca_file` replaces the system's list of certificate authorities. `helo` is the name we give ourselves,
    by default the machine's. `timeout` is for connecting and for the answer to each command, `data_timeout` for the
    answer to the final dot: after that it is in doubt whether the message left (RFC 5321 says ten minutes). A
    connection is kept open for `idle`, for at most `messages_per_connection`; there are at most `concurrency`.
    """

    host: Annotated[str, AfterValidator(_host)]
    port: int | None = Field(None, ge=1, le=65_535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    ca_file: Path | None = None
    username: str = ""
    password: Secret | None = None
    sender: MailboxOption
    reply_to: MailboxOption | None = None
    helo: Annotated[str, AfterValidator(_host)] | None = None
    timeout: Length = timedelta(seconds=60)
    data_timeout: Length = timedelta(seconds=600)
    idle: Length = timedelta(seconds=15)
    messages_per_connection: int = Field(100, ge=1)

    @model_validator(mode="after")
    def _protects_what_it_carries(self) -> Self:
        if self.tls == "none" and not _is_loopback(self.host):
            raise ValueError(
                'tls = "none" would send passwords and customers\' data in clear text over the network; it is for a '
                'mail server on this machine (localhost) only: write "starttls" or "implicit"'
            )
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password belong together; write both or none")
        return self


class Smtp:
    """Sends each message in a transaction of its own, one recipient each, over kept connections.

    Guarantee: a message leaves at most once per `deliver`. Unknown is answered only when the connection failed after
    the body had been started; everything before is TryLater or Refused.
    """

    Options = SmtpOptions
    kind = "email"

    def __init__(self, name: str, options: SmtpOptions, around: Surroundings) -> None:
        self.name = name
        self.concurrency = options.concurrency
        self._options = options
        self._letterhead = Letterhead(options.sender, options.reply_to)
        self._ca_file = around.folder / options.ca_file if options.ca_file else None
        self._tls: ssl.SSLContext | None = None
        self._helo = options.helo
        self._patience = Patience(options.timeout.total_seconds(), options.data_timeout.total_seconds())
        self._places = asyncio.Semaphore(options.concurrency)
        self._pool = Pool(self._connect, Keeping(options.idle.total_seconds(), options.messages_per_connection))

    def address_of(self, customer: Customer) -> str | None:
        """The customer's e-mail address, if it is one."""
        try:
            return parse_address(customer.email)
        except ValueError:
            return None

    def compose(self, message: Message) -> bytes:
        """The e-mail as it goes over the wire, but for the doubled dots. Raises RenderError."""
        return self._letterhead.write(message)

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Hand the content to the mail server once.

        1. Take a kept connection or open one: what fails here is surely not sent.
        2. Offer and hand over. A kept connection that the server had closed meanwhile is replaced by another: the
           server took nothing over it.
        """
        try:
            recipient = parse_address(attempt.address)
        except ValueError as error:
            return Refused(f"the recipient's address {error}")
        async with self._places:
            while True:
                try:
                    dialogue = await self._pool.take()
                except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                    return _not_connected(error)
                try:
                    return await dialogue.hand_over(self._letterhead.sender.address, recipient, attempt.content)
                except Stale:
                    continue
                except asyncio.CancelledError:
                    dialogue.abort()
                    raise
                finally:
                    self._pool.give_back(dialogue)

    async def close(self) -> None:
        """Say goodbye to the server on every connection that is open."""
        await self._pool.close()

    async def _connect(self) -> Dialogue:
        """Open a connection: greeting, EHLO, TLS, login. Then the bytes are ours.

        `set_protocol` is asyncio's way to hand a live connection to another protocol. aiosmtplib's own can neither
        pipeline nor tell an error before the body from one after the final dot.
        """
        options = self._options
        client = aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port or _PORTS[options.tls],
            username=options.username or None,
            password=options.password.get_secret_value() if options.password else None,
            local_hostname=self._helo,
            timeout=self._patience.command,
            use_tls=options.tls == "implicit",
            start_tls=options.tls == "starttls",
            tls_context=await self._tls_context(),
        )
        await client.connect()
        try:
            if client.is_ehlo_or_helo_needed:
                await _say_hello(client)
            self._helo = client.local_hostname  # asking the resolver for our own name can be slow: once is enough
            if not isinstance(client.transport, asyncio.Transport):
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            dialogue = Dialogue(frozenset(client.esmtp_extensions), self._patience)
            dialogue.connection_made(client.transport)
            client.transport.set_protocol(dialogue)
        except BaseException:
            client.close()
            raise
        return dialogue

    async def _tls_context(self) -> ssl.SSLContext | None:
        """Read the certificate authorities at first use; `ca_file` may come after the program was started."""
        if self._tls is None and self._options.tls != "none":
            try:
                self._tls = await asyncio.to_thread(ssl.create_default_context, cafile=self._ca_file)
            except OSError as error:
                raise ValueError(f"its ca_file cannot be read: {error.strerror or error.args[-1]}") from None
        return self._tls


async def _say_hello(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


def _not_connected(error: Exception) -> TryLater:
    """Why there is no connection. What only a person can mend – password, certificate, settings – is channel down."""
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            why = f"the mail server refuses our user name or password: {said(error.code, error.message)}"
            return TryLater(why, channel_down=error.code // 100 == 5)
        case aiosmtplib.SMTPResponseException():
            why = f"the mail server refuses our connection: {said(error.code, error.message)}"
            return TryLater(why, channel_down=not_allowed_in(error.code))
        case ssl.SSLCertVerificationError() | aiosmtplib.SMTPConnectError(__cause__=ssl.SSLCertVerificationError()):
            why = "the mail server's certificate cannot be trusted; check host and ca_file, or its expiry date"
            return TryLater(why, channel_down=True)
        case OSError():
            return TryLater(f"no connection to the mail server: {error}"[:200])
        case _:
            return TryLater(f"the mail server cannot be used: {error}"[:200], channel_down=True)
