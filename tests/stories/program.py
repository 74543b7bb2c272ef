"""The real command in a process of its own, as a service manager would run it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from pathlib import Path


class Program:
    """`notifier …` with its errors in a file; `async with` ends it, whatever happens.

    `environment` is added to this process's own; the secrets of a developer's shell mean nothing to it. One that is
    `doomed` will be killed and could not write down which of its lines were run: it is spared to note them.
    """

    def __init__(
        self, settings: Path, *arguments: str, environment: Mapping[str, str] | None = None, doomed: bool = False
    ) -> None:
        self._command = [sys.executable, "-m", "notifier", "--config", str(settings), *arguments]
        self._environment = {**os.environ, **(environment or {})}
        if doomed:
            self._environment.pop("COVERAGE_PROCESS_CONFIG", None)
        self.log = settings.with_name("program.log")

    @property
    def process(self) -> Process:
        return self._process

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def ended(self, seconds: float = 30) -> int:
        """Its exit code, once it has one; AssertionError when it goes on for longer."""
        try:
            async with asyncio.timeout(seconds):
                return await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"the program did not end within {seconds} s") from None

    async def __aenter__(self) -> Program:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=DEVNULL, stdout=DEVNULL, stderr=log, env=self._environment
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
