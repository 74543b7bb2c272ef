"""Servers that take everything, each in a process of its own, so that they cost the measured program nothing."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

_EHLO = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
_EHLO_PLAIN = b"250-sink\r\n250 8BITMIME\r\n"
_ANSWERS = {b"MAIL": b"250 Ok\r\n", b"RCPT": b"250 Ok\r\n", b"RSET": b"250 Ok\r\n", b"DATA": b"354 go on\r\n"}


class _MailSink(asyncio.Protocol):
    """Understands just enough SMTP: commands, also several in one piece, and bodies up to their dot."""

    def __init__(self, ehlo: bytes) -> None:
        self._answers = _ANSWERS | {b"EHLO": ehlo}
        self._rest = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        data, answers = self._rest + data, b""
        while True:
            if self._in_body:
                _body, dot, rest = data.partition(b"\r\n.\r\n")
                if not dot:
                    break
                answers, data, self._in_body = answers + b"250 2.0.0 Ok: queued as 4TmZ7k1Q\r\n", rest, False
                continue
            line, end, rest = data.partition(b"\r\n")
            if not end:
                break
            step, data = line[:4].upper(), rest
            answers += self._answers.get(step, b"221 Bye\r\n")
            self._in_body = step == b"DATA"
        self._rest = data
        self._transport.write(answers)


def _serve(port: Connection, ehlo: bytes) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _MailSink(ehlo), "127.0.0.1", 0, backlog=256)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def mail_sink(*, pipelining: bool = True) -> Iterator[tuple[str, int]]:
    """The name and port of an SMTP server that throws every message away: Postfix's smtp-sink, or else ours."""
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin")
    if program:
        yield from _smtp_sink(program, pipelining)
        return
    ours, theirs = multiprocessing.get_context("spawn").Pipe(duplex=False)
    sink = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, _EHLO if pipelining else _EHLO_PLAIN), daemon=True
    )
    sink.start()
    try:
        yield "our sink", int(ours.recv())
    finally:
        sink.terminate()
        sink.join()


def _smtp_sink(program: str, pipelining: bool) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    given = [*([] if pipelining else ["-p"]), *(["-u", "nobody"] if os.geteuid() == 0 else [])]
    with subprocess.Popen([program, *given, f"127.0.0.1:{port}", "256"]) as process:
        try:
            _wait_for(port)
            yield "smtp-sink", port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("smtp-sink does not listen")
