"""A stage for each story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.stories.stage import Stage


@pytest.fixture
async def stage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Stage]:
    """The program between pretend servers. What nobody expected fails the story when it is over."""
    async with Stage(tmp_path, lambda: capsys.readouterr().err) as stage:
        yield stage
