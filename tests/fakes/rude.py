"""A TCP server that behaves as badly as the network sometimes does, whatever protocol it is spoken to in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal, Self

Manner = Literal["hangs up", "talks nonsense", "says nothing", "stops halfway"]
MANNERS: tuple[Manner, ...] = ("hangs up", "talks nonsense", "says nothing", "stops halfway")

_SAYS = {
    "hangs up": b"",
    "talks nonsense": b"\x00\xff" * 200 + b"\r\n",
    "says nothing": b"",
    "stops halfway": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{",
}


class RudeServer:
    """Accepts every connection on `port` and treats it in one manner."""

    def __init__(self, manner: Manner) -> None:
        self.port = 0
        self.connected = asyncio.Event()
        self._manner = manner
        self._closing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._receive, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await asyncio.gather(*self._visits)

    async def greet(self) -> None:
        """Wait until somebody is connected, and knows it: whoever comes after them has been let in."""
        await self.connected.wait()
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.close()
        await writer.wait_closed()

    def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._visits.add(asyncio.get_running_loop().create_task(self._treat(reader, writer)))

    async def _treat(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected.set()
        with suppress(OSError):
            if self._manner == "stops halfway":
                await reader.read(1024)
            writer.write(_SAYS[self._manner])
            await writer.drain()
            if self._manner == "says nothing":
                await self._closing.wait()
            writer.close()
            await writer.wait_closed()
