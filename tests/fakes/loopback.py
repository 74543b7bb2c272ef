"""A pretend HTTP service on a loopback port that can be told to fail in every way a real one does."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Trouble:
    """How one request goes wrong. `kept` lets the service take it first, so that only the answer is lost.

    `reset` breaks the connection, `hang` never answers; otherwise the answer is `status`, `headers` and `body`.
    """

    status: int = 500
    body: bytes | Mapping[str, Any] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False
    reset: bool = False
    hang: bool = False


class Loopback:
    """Answers every request by `answer`, unless a trouble is waiting in `troubles`. `requests` counts them all,
    `peers` are the connections they came over.

    `async with` opens it on a free port and closes it again, with whatever is still hanging.
    """

    def __init__(self) -> None:
        self.troubles: deque[Trouble] = deque()
        self.requests = 0
        self.peers: set[object] = set()
        self.port = 0
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        """What the service does when all is well."""
        raise NotImplementedError

    async def next_trouble(self, request: web.Request) -> Trouble | None:
        """What goes wrong with this request: the next of the script, by default."""
        return self.troubles.popleft() if self.troubles else None

    async def open(self, port: int = 0) -> None:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _handle(self, request: web.Request) -> web.Response:
        self.requests += 1
        self.peers.add(request.transport and request.transport.get_extra_info("peername"))
        trouble = await self.next_trouble(request)
        if trouble is None:
            return await self.answer(request)
        if trouble.kept:
            await self.answer(request)
        return await self._go_wrong(trouble, request)

    async def _go_wrong(self, trouble: Trouble, request: web.Request) -> web.Response:
        if trouble.hang:
            await self._closing.wait()
        if (trouble.reset or trouble.hang) and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if isinstance(trouble.body, bytes):
            return web.Response(status=trouble.status, body=trouble.body, headers=trouble.headers)
        return web.json_response(dict(trouble.body), status=trouble.status, headers=trouble.headers)
