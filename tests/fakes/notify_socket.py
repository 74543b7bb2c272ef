"""Pretends to be systemd at the other end of $NOTIFY_SOCKET."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from types import TracebackType
from uuid import uuid4


class NotifySocket:
    """Collects what a daemon tells its service manager: `async with NotifySocket() as manager: …`.

    `environment` is what the daemon must find in its own. Without a path the socket is an abstract one, which has no
    limit on its folder's length. `lines` are all assignments ("READY=1") in the order they came.
    """

    def __init__(self, path: Path | None = None, watchdog_usec: int = 0) -> None:
        self.address = str(path) if path else f"@notifier-{uuid4()}"
        self.lines: list[str] = []
        self._watchdog_usec = watchdog_usec
        self._seen = 0
        self._arrived = asyncio.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    @property
    def environment(self) -> dict[str, str]:
        watchdog = {"WATCHDOG_USEC": str(self._watchdog_usec)} if self._watchdog_usec else {}
        return {"NOTIFY_SOCKET": self.address, **watchdog}

    async def wait_for(self, line: str, seconds: float = 15) -> None:
        """Return once the daemon has said this, after what was waited for last. AssertionError when it does not."""
        try:
            async with asyncio.timeout(seconds):
                while line not in self.lines[self._seen :]:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"no {line} within {seconds} s; it said {self.lines}") from None
        self._seen = self.lines.index(line, self._seen) + 1

    async def __aenter__(self) -> NotifySocket:
        self._socket.setblocking(False)
        self._socket.bind("\0" + self.address[1:] if self.address.startswith("@") else self.address)
        asyncio.get_running_loop().add_reader(self._socket, self._receive)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _receive(self) -> None:
        self.lines += self._socket.recv(4096).decode().splitlines()
        self._arrived.set()
