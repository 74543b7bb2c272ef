"""Mail servers for tests: one that follows a script, to the letter or not, and aiosmtpd's, which is a real one."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Self

import trustme
from aiosmtpd import smtp as aiosmtpd


class Act(Enum):
    """What a server can do instead of answering."""

    CUT = auto()
    CLOSE = auto()
    SILENCE = auto()
    CUT_ON_NEXT_BYTE = auto()
    LATE = auto()


Answer = str | Act
PIPELINING: tuple[str, ...] = ("PIPELINING", "SIZE 10240000", "ENHANCEDSTATUSCODES", "8BITMIME")
PLAIN: tuple[str, ...] = ("8BITMIME",)
_USUAL = {
    "greeting": "220 mail.example.com ESMTP",
    "HELO": "250 mail.example.com",
    "AUTH": "235 2.7.0 welcome",
    "STARTTLS": "220 2.0.0 go ahead",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "dot": "250 2.0.0 Ok: queued as 4TmZ7k1Q",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A message the server has: what it was told about it, and the bytes between DATA and the dot as they came."""

    mail: str
    rcpt: str
    wire: bytes

    @property
    def content(self) -> bytes:
        return b"\r\n".join(line.removeprefix(b".") for line in self.wire.split(b"\r\n"))


class Authority:
    """Issues certificates nobody else trusts."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def server(self, *names: str) -> ssl.SSLContext:
        """A context for a server of these names, by default this machine's."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        return context

    def write(self, path: str) -> None:
        """The authority's own certificate, for clients that shall trust it."""
        self._authority.cert_pem.write_to_path(path)


@dataclass
class ScriptedSmtp:
    """Answers every step as `script` says – the next of the step's list – and the rest as good servers do.

    What a client must not do – not wait for answers without PIPELINING, begin a message inside another – goes to
    `violations`.
    `segments` are the pieces of bytes as they came, `taken` the messages it answered with a 250.
    """

    extensions: Collection[str] = PLAIN
    script: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    taken: list[Taken] = field(default_factory=list)
    ended: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    segments: list[bytes] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    connections: int = 0
    live: set[_Conversation] = field(default_factory=set)
    most_at_once: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self._left = defaultdict(list, {step: list(answers) for step, answers in self.script.items()})
        self.changed = asyncio.Event()

    def answer(self, step: str) -> Answer:
        if self._left[step]:
            return self._left[step].pop(0)
        if step == "EHLO":
            lines = ["mail.example.com", *self.extensions]
            return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
        return _USUAL.get(step, "502 5.5.2 unknown")

    async def seen(self, step: str, count: int = 1) -> None:
        """Wait until this command came so often."""
        async with asyncio.timeout(5):
            while sum(command.split()[0] == step for command in self.commands) < count:
                self.changed.clear()
                await self.changed.wait()

    async def empty(self) -> None:
        """Wait until nobody is connected."""
        async with asyncio.timeout(5):
            while self.live:
                self.changed.clear()
                await self.changed.wait()

    def drop_everybody(self, last_words: str = "") -> None:
        """Close every connection, as servers do with idle ones."""
        for conversation in self.live:
            conversation.say(last_words or Act.CLOSE)
            conversation.say(Act.CLOSE)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        context = self.tls if self.implicit else None
        self._server = await loop.create_server(lambda: _Conversation(self), "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for conversation in list(self.live):
            conversation.say(Act.CUT)
        await self.empty()
        await self._server.wait_closed()


class _Conversation(asyncio.Protocol):
    """One connection to a `ScriptedSmtp`."""

    def __init__(self, server: ScriptedSmtp) -> None:
        self._server = server
        self._buffer = b""
        self._step = "command"
        self._mail = self._rcpt = ""
        self._open = False
        self._cut_next = False
        self._upgrade: asyncio.Task[None] | None = None
        self._upgrading = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._upgrade is None:
            self._server.connections += 1
            self._server.live.add(self)
            self._server.most_at_once = max(self._server.most_at_once, len(self._server.live))
            self.say(self._server.answer("greeting"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.live.discard(self)
        self._server.changed.set()

    def say(self, answer: Answer) -> None:
        match answer:
            case Act.CUT:
                self._transport.abort()
            case Act.CLOSE:
                self._transport.close()
            case Act.CUT_ON_NEXT_BYTE:
                self._cut_next = True
                self._transport.write(b"354 go on\r\n")
            case Act.LATE:
                asyncio.get_running_loop().call_later(0.1, self.say, "250 2.0.0 Ok at last")
            case str():
                self._transport.write(answer.encode("utf-8", "surrogateescape") + b"\r\n")

    def data_received(self, data: bytes) -> None:
        self._server.segments.append(data)
        if self._cut_next:
            self._transport.abort()
            return
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while not (self._upgrading or self._transport.is_closing()) and self._take_one():
            pass

    def _take_one(self) -> bool:
        if self._step == "data":
            return self._take_body()
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        self._buffer = rest
        self._command(line.decode("utf-8", "surrogateescape"))
        return True

    def _take_body(self) -> bool:
        end = 0 if self._buffer.startswith(b".\r\n") else self._buffer.find(b"\r\n.\r\n") + 2
        if end == 1:
            return False
        body, self._buffer = self._buffer[:end], self._buffer[end + 3 :]
        self._step, self._open = "command", False
        ended = Taken(self._mail, self._rcpt, body)
        self._server.ended.append(ended)
        self._server.commands.append(".")
        self._server.changed.set()
        answer = self._server.answer("dot")
        if isinstance(answer, str) and answer.startswith("250"):
            self._server.taken.append(ended)
        self.say(answer)
        return True

    def _command(self, line: str) -> None:
        step = line.split(" ")[0].split(":")[0].upper()
        self._server.commands.append(line)
        self._server.changed.set()
        answer = self._server.answer(step)
        if self._buffer and "PIPELINING" not in self._server.extensions:
            self._server.violations.append(f"did not wait for the answer to {step}")
        if step == "MAIL" and self._open:
            self._server.violations.append("began a message inside another")
        self._open = (self._open or step == "MAIL") and step != "RSET"
        self._mail = line if step == "MAIL" else self._mail
        self._rcpt = line if step == "RCPT" else self._rcpt
        if answer is Act.CUT_ON_NEXT_BYTE or (isinstance(answer, str) and answer.startswith("354")):
            self._step = "data"
        self.say(answer)
        if step == "STARTTLS" and self._server.tls is not None:
            self._upgrading = True
            self._upgrade = asyncio.get_running_loop().create_task(self._start_tls(self._server.tls))
        if step == "QUIT" and answer is not Act.SILENCE:
            self._transport.close()

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            transport = await loop.start_tls(self._transport, self, context, server_side=True)
            if transport is not None:
                self._transport = transport
                self._upgrading = False
                self._go_on()


class Mailroom:
    """What aiosmtpd calls for each message it takes."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 Message accepted for delivery"


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    return aiosmtpd.AuthResult(success=(data.login, data.password) == (b"shop", b"secret"), handled=False)


@dataclass
class RealMailServer:
    """aiosmtpd in this event loop, with STARTTLS and the one account `shop` / `secret`, both of them required."""

    tls: ssl.SSLContext
    mailroom: Mailroom = field(default_factory=Mailroom)
    port: int = 0

    def _conversation(self) -> Any:
        return aiosmtpd.SMTP(
            self.mailroom,
            hostname="mail.example.com",
            tls_context=self.tls,
            require_starttls=True,
            auth_required=True,
            enable_SMTPUTF8=True,
            authenticator=_authenticate,
        )

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()
