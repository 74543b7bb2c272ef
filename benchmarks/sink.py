"""A mail server that takes everything and keeps nothing, as a process of its own: `python -m benchmarks.sink`.

It offers PIPELINING, as Postfix and Exim do, and answers in as few steps as Python can. Where Postfix' `smtp-sink` is
installed, `mail` uses that instead.
"""

from __future__ import annotations

import asyncio

EHLO = b"250-sink.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n"
_ANSWERS = {
    b"EHLO": EHLO,
    b"HELO": b"250 sink.example.com\r\n",
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RCPT": b"250 2.1.5 Ok\r\n",
    b"RSET": b"250 2.0.0 Ok\r\n",
    b"NOOP": b"250 2.0.0 Ok\r\n",
    b"DATA": b"354 Go ahead\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}
_END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._buffer = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example.com ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = []
        while answer := self._next():
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))
        if answers and answers[-1] is _ANSWERS[b"QUIT"]:
            self._transport.close()

    def _next(self) -> bytes:
        """The answer to the next whole command or body; empty while there is none."""
        body, found, rest = self._buffer.partition(_END if self._in_body else b"\r\n")
        if not found:
            return b""
        self._buffer = rest
        if self._in_body:
            self._in_body = False
            return b"250 2.0.0 Ok: queued as 4TmZ7k1Q\r\n"
        verb = body[:4].upper()
        self._in_body = verb == b"DATA"
        return _ANSWERS.get(verb, b"502 5.5.2 unknown\r\n")


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
