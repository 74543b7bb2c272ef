"""The other ends of the wire, each in a process of its own: a mail server, a pretend Twilio."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def mail_server() -> AsyncIterator[int]:
    """The port of Postfix' `smtp-sink` where it is installed, otherwise of `benchmarks.sink`."""
    found = shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        async with _started(sys.executable, "-m", "benchmarks.sink") as said:
            yield int(said)
        return
    port = _free_port()
    process = await asyncio.create_subprocess_exec(found, "-u", "nobody", f"127.0.0.1:{port}", "1000")
    try:
        await _answers(port)
        yield port
    finally:
        await _end(process)


@asynccontextmanager
async def pretend_twilio() -> AsyncIterator[str]:
    """Its address."""
    async with _started(sys.executable, "-m", "tests.fakes.twilio") as said:
        yield said


@asynccontextmanager
async def _started(*command: str) -> AsyncIterator[str]:
    """Run a program; the first line it prints says that it is ready."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def _answers(port: int) -> None:
    async with asyncio.timeout(5):
        while True:
            with suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)
