"""Hands one message at a time over a connection that is open and logged in: MAIL, RCPT, DATA, the body, the dot.

A message has surely not left before the first byte of its body is written, and is in doubt from then on until the
server answers the final dot. Libraries raise the same error for both; here they are two lines of code.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from notifier.channels.smtp_replies import Reply, Step, refusal, verdict
from notifier.model.message import Outcome, Refused, TryLater, Unknown

_LINE = re.compile(rb"[1-5]\d\d(?:[ \r-]|\Z)")
_LONGEST_REPLY = 32_768
_GOODBYE = 2.0  # seconds a server has to answer QUIT and to close
_STEPS: tuple[Step, ...] = ("sender", "recipient", "message")


class Lost(Exception):
    """The connection cannot be used any more; the text says why, to follow "the mail server"."""


class Stale(Exception):
    """A kept connection had been closed by the server before it took anything of this message. A new one will do."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, in seconds: to a command, and to the final dot (RFC 5321 section 4.5.3.2)."""

    command: float
    dot: float


class Dialogue(asyncio.Protocol):
    """The client's side of SMTP after EHLO. One caller at a time; `usable` says whether there can be a next one."""

    def __init__(self, extensions: Collection[str], patience: Patience) -> None:
        self.messages = 0
        self._extensions = extensions
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._awaited = 0
        self._waiter: asyncio.Future[None] | None = None
        self._seconds = self._until = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._lost = ""
        self._closed_by_server = False

    @property
    def usable(self) -> bool:
        """True if the next message may go this way: connected, and nothing was said that nobody asked for."""
        return not (self._lost or self._rest or self._lines)

    async def hand_over(self, sender: str, recipient: str, content: bytes) -> Outcome:
        """Offer the message to one recipient, and hand it over if the server wants it.

        1. MAIL, RCPT and DATA, in one write where the server offers PIPELINING (RFC 2920). Whatever goes wrong: not
           sent. Only the server's 354 to DATA lets the body follow.
        2. The body and the dot. Whatever goes wrong from here but a clear refusal: unknown.
        Raises Stale if this kept connection turned out to be closed; the message has surely not left then.
        """
        if trouble := self._cannot_carry(recipient, content):
            return Refused(trouble)
        first, self.messages = self.messages == 0, self.messages + 1
        try:
            replies = await self._offer(self._commands(sender, recipient, content))
        except Lost as lost:
            if self._closed_by_server and not first:
                raise Stale from lost
            return TryLater(f"the mail server {lost}, before it had the message")
        if not first and replies[0].code == 421:
            self.abort()
            raise Stale
        for step, reply in zip(_STEPS, replies, strict=False):
            if reply.code != 354 if step == "message" else reply.kind != 2:
                await self._withdraw(replies)
                return refusal(step, reply)
        return await self._send(content)

    async def quit(self) -> None:
        """Say goodbye and close. A server that does not answer changes nothing about what it took before."""
        seconds = min(_GOODBYE, self._patience.command)
        try:
            self._write(b"QUIT\r\n")
            await self._reply(seconds)
        except Lost:
            pass
        if self._transport is not None:
            self._transport.close()
        await asyncio.wait([self._gone], timeout=seconds)
        self.abort()

    def abort(self) -> None:
        """Close at once, in the middle of whatever is going on: a message without its dot is thrown away."""
        self._lose("was left")

    def _cannot_carry(self, recipient: str, content: bytes) -> str:
        if not content or content != b"\r\n".join([*content.splitlines(), b""]):
            # A lone CR or LF is where one server sees the end of a message and the next does not (SMTP smuggling).
            return "the message has line ends that are not CRLF"
        if not recipient.isascii() and "smtputf8" not in self._extensions:
            return "the mail server does not take addresses beyond ASCII (SMTPUTF8)"
        if not content.isascii() and "8bitmime" not in self._extensions:
            return "the mail server does not take messages beyond ASCII (8BITMIME)"
        return ""

    def _commands(self, sender: str, recipient: str, content: bytes) -> list[bytes]:
        size = f" SIZE={len(content)}" if "size" in self._extensions else ""
        body = "" if content.isascii() else " BODY=8BITMIME"
        utf8 = "" if recipient.isascii() else " SMTPUTF8"
        mail = f"MAIL FROM:<{sender}>{size}{body}{utf8}\r\n"
        return [mail.encode(), f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"]

    async def _offer(self, commands: list[bytes]) -> list[Reply]:
        """The answers, up to the first refusal or, pipelined, all of them. Raises Lost when none of them refuses."""
        pipelined = "pipelining" in self._extensions
        if pipelined:
            self._write(b"".join(commands), len(commands))
        replies: list[Reply] = []
        for command in commands:
            if not pipelined:
                self._write(command)
            try:
                replies.append(await self._reply(self._patience.command))
            except Lost:
                if all(reply.kind == 2 for reply in replies):
                    raise
                break
            if replies[-1].code == 421 or (replies[-1].kind != 2 and not pipelined):
                break
        return replies

    async def _withdraw(self, replies: list[Reply]) -> None:
        """Take back what was refused, so that the connection can be used again; otherwise leave it.

        A server that answers 354 although it refused the recipient waits for a message now. The lone dot ends it
        (RFC 2920 section 3.1) and goes to nobody; but if it did take the recipient, even an empty message is one too
        many, and the connection is cut without a dot.
        """
        *envelope, last = replies
        waits = len(envelope) == 2 and last.code == 354
        out_of_step = any(reply.kind not in {2, 4, 5} for reply in envelope) or (last.kind not in {4, 5} and not waits)
        if out_of_step or last.code == 421 or (waits and envelope[1].kind == 2):
            self.abort()
            return
        try:
            if waits:
                await self._expect(5, b".\r\n")
            await self._expect(2, b"RSET\r\n")
        except Lost:
            self.abort()

    async def _expect(self, kind: int, line: bytes) -> None:
        self._write(line)
        if (await self._reply(self._patience.command)).kind != kind:
            raise Lost("answered out of step")

    async def _send(self, content: bytes) -> Outcome:
        """The body, its dots doubled (RFC 5321 section 4.5.2), the dot, and what the server says to it."""
        wire = b"%b.\r\n" % (content.replace(b"\r\n.", b"\r\n..") if b"\r\n." in content else content)
        if wire.startswith(b"."):
            wire = b"." + wire
        try:
            self._write(wire)
        except Lost as lost:
            return TryLater(f"the mail server {lost}, before it had the message")
        try:
            reply = await self._reply(self._patience.dot)
        except Lost as lost:
            return Unknown(f"the mail server {lost}, after it had the message")
        if reply.code == 421:
            self.abort()
        return verdict(reply)

    def _write(self, data: bytes, answers: int = 1) -> None:
        if self._transport is not None and self._transport.is_closing():
            self.connection_lost(None)
        if self._transport is None:
            raise Lost(self._lost)
        self._awaited += answers
        self._transport.write(data)

    async def _reply(self, seconds: float) -> Reply:
        """The next answer. Raises Lost after `seconds`, and when there will never be one."""
        if not self._replies:
            if self._lost:
                raise Lost(self._lost)
            self._waiter = self._loop.create_future()
            self._limit_to(seconds)
            try:
                await self._waiter
            finally:
                self._waiter = None
            if not self._replies:
                raise Lost(self._lost)
        return self._replies.popleft()

    def _limit_to(self, seconds: float) -> None:
        """Lose the connection unless the answer comes in time.

        One alarm goes off now and then and looks how long there is still to wait: setting one for each answer, and
        taking it back, would cost more than the answer.
        """
        self._seconds, self._until = seconds, self._loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._until:
            self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._until, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._alarm = None
        if self._waiter is None:
            return
        if self._loop.time() < self._until:
            self._set_alarm()
        else:
            self._lose(f"did not answer within {self._seconds:g} s")

    def _lose(self, why: str) -> None:
        self._lost = self._lost or why
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed_by_server = self._closed_by_server or not self._lost
        self._lose("cut the connection" if exc else "closed the connection")
        self._transport = None
        if self._alarm is not None:
            self._alarm.cancel()
        if not self._gone.done():
            self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not _LINE.match(line):
                self._lose("answered what is not SMTP")
                return
            self._lines.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] != b"-" and not self._answered(int(line[:3])):
                return
        if len(self._rest) + sum(map(len, self._lines)) + len(self._lines) > _LONGEST_REPLY:
            self._lose("answered without an end")
        if self._replies:
            self._wake()

    def _answered(self, code: int) -> bool:
        """Keep an answer that is complete; believe a server no more that answers what it was not asked."""
        if self._awaited == 0:
            self._lose("answered what it was not asked")
            return False
        self._awaited -= 1
        self._replies.append(Reply(code, " ".join(self._lines)))
        self._lines = []
        return True
