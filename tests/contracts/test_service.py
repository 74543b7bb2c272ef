"""What the daemon tells systemd, over real datagram sockets."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from notifier.service import ServiceManager
from tests.fakes.notify_socket import NotifySocket


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "notify" if request.param == "path" else None


async def test_a_life_from_start_to_stop(address: Path | None) -> None:
    async with NotifySocket(address, watchdog_usec=60_000_000) as systemd:
        manager = ServiceManager(systemd.environment)
        manager.ready()
        manager.status("ready, 3 due")
        manager.watchdog()
        manager.reloading(1_234_567)
        manager.ready()
        manager.stopping()
        await systemd.wait_for("STOPPING=1")
        assert systemd.lines == [
            "READY=1",
            "STATUS=ready, 3 due",
            "WATCHDOG=1",
            "RELOADING=1",
            "MONOTONIC_USEC=1234567",
            "READY=1",
            "STOPPING=1",
        ]


async def test_status_stays_one_line_whatever_is_in_it() -> None:
    async with NotifySocket() as systemd:
        ServiceManager(systemd.environment).status("a\nREADY=1\x00\ud800 退货" + "x" * 9000)
        await systemd.wait_for("STATUS=a READY=1   退货" + "x" * (400 - 14))
        assert len(systemd.lines) == 1


def test_what_finds_no_room_goes_out_with_the_next_message(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        flood(path)
        manager = ServiceManager({"NOTIFY_SOCKET": str(path)})
        manager.reloading(5)
        manager.ready()
        drain(systemd)
        manager.status("late")
        assert drain(systemd) == ["MONOTONIC_USEC=5\nREADY=1\nSTATUS=late"]


def test_a_stop_leaves_nothing_older_to_say(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        flood(path)
        manager = ServiceManager({"NOTIFY_SOCKET": str(path)})
        manager.ready()
        drain(systemd)
        manager.stopping()
        assert drain(systemd) == ["STOPPING=1"]


def test_a_reload_after_an_unheard_ready_says_only_the_reload(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    manager = ServiceManager({"NOTIFY_SOCKET": str(path)})
    manager.ready()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        manager.reloading(7)
        assert drain(systemd) == ["RELOADING=1\nMONOTONIC_USEC=7"]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": f"@notifier-nobody-{uuid4()}"},
        {"NOTIFY_SOCKET": "/nonexistent/notify"},
        {"NOTIFY_SOCKET": "/" + "long/" * 60},
    ],
)
def test_nobody_listens(environment: dict[str, str]) -> None:
    manager = ServiceManager({**environment, "WATCHDOG_USEC": "1000000"})
    manager.ready()
    manager.status("still here")
    manager.reloading(0)
    manager.watchdog()
    manager.stopping()


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, timedelta(seconds=20)),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(seconds=20)),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_the_watchdog_wants_to_hear_of_us(environment: dict[str, str], interval: timedelta | None) -> None:
    assert ServiceManager(environment).watchdog_interval == interval


async def test_an_unwatched_daemon_does_not_bark() -> None:
    async with NotifySocket() as systemd:
        manager = ServiceManager(systemd.environment)
        manager.watchdog()
        manager.ready()
        await systemd.wait_for("READY=1")
        assert systemd.lines == ["READY=1"]


def flood(path: Path) -> None:
    """Fill the queue of a socket until it takes no more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                sender.sendto(b"flood", str(path))


def drain(receiver: socket.socket) -> list[str]:
    """Everything that waits in the socket but the flood."""
    receiver.setblocking(False)
    got = []
    with suppress(BlockingIOError):
        while True:
            got.append(receiver.recv(4096).decode())
    return [message for message in got if message != "flood"]
