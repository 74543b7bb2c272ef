"""How the daemon talks to the service manager that started it: systemd's notification protocol, sd_notify(3)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

_LONGEST_STATUS = 400


class ServiceManager:
    """The service manager of this process, found by its environment (`os.environ`).

    Without one every method does nothing, so callers need not ask. Nothing here waits or raises: a daemon must not
    stand still or fall because its manager is busy. What could not be delivered goes out with the next message, so
    READY is late at worst, never lost.
    """

    def __init__(self, environment: Mapping[str, str], pid: int | None = None) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog = _watchdog_limit(environment, os.getpid() if pid is None else pid)
        self._unsent: dict[str, str] = {}

    @property
    def watchdog_interval(self) -> timedelta | None:
        """How often `watchdog` should be called: a third of the manager's patience. None: it does not watch us."""
        return self._watchdog and self._watchdog / 3

    def ready(self) -> None:
        """The start, or a reload, is finished."""
        self._unsent.pop("RELOADING", None)
        self._send(READY="1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; the manager shows it to everybody, so no personal data."""
        self._send(STATUS="".join(c if c.isprintable() else " " for c in text)[:_LONGEST_STATUS])

    def reloading(self, monotonic_usec: int) -> None:
        """A reload began at this many microseconds of CLOCK_MONOTONIC; `ready` ends it."""
        self._unsent.pop("READY", None)
        self._send(RELOADING="1", MONOTONIC_USEC=str(monotonic_usec))

    def stopping(self) -> None:
        """The daemon takes nothing new and finishes what is under way."""
        self._unsent.clear()
        self._send(STOPPING="1")

    def watchdog(self) -> None:
        """The daemon makes progress. To be called by what sees that progress, never by a timer of its own."""
        if self._watchdog:
            self._send(WATCHDOG="1")

    def _send(self, **fields: str) -> None:
        if not self._address:
            return
        self._unsent |= fields
        message = "\n".join(f"{name}={value}" for name, value in self._unsent.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            try:
                out.sendto(message.encode(errors="replace"), self._address)
            except OSError:
                return
        self._unsent.clear()


def _watchdog_limit(environment: Mapping[str, str], pid: int) -> timedelta | None:
    """The manager's patience; None when it has no watchdog, or watches another process than this."""
    limit = environment.get("WATCHDOG_USEC", "")
    if not limit.isdecimal() or int(limit) == 0 or environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    return timedelta(microseconds=int(limit))
