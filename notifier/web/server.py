"""uvicorn inside the daemon's loop. Signals stay the daemon's; requests are not logged: addresses hold tokens."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from notifier.errors import ListenError

_GRACE = 10
_AT_A_TIME = 200


class WebServer:
    """Serves one application at one address, from `start` to `stop`.

    `port` 0 takes a free one; after `start` it is the real one.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self.app, self.host, self.port = app, host, port
        config = uvicorn.Config(
            app,
            loop="none",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_AT_A_TIME,
            timeout_graceful_shutdown=_GRACE,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> asyncio.Task[None]:
        """Listen. Raises ListenError if the address is taken. The task ends after `stop`, or by failing."""
        taken = _listen(self.host, self.port)
        self.port = taken.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve([taken]), name="web")
        return self._serving

    async def stop(self) -> None:
        """Take no new requests, answer those under way (for ten seconds at most), close."""
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.wait([self._serving])


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would take SIGTERM and SIGINT for itself."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        trouble = f"The web application cannot listen at {host} port {port}: {error.strerror or error}."
        raise ListenError(f"{trouble} Choose another host or port in [web], or end what has this one.") from None
