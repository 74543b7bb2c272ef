"""What the service may not read, although it is there: told with its place, and never taken for absent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notifier.cli.app import run

MAY_NOT_READ_ALL = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
"""Root without its right to read whatever there is: then a mode means to it what it means to others."""


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("jobs", "{}: cannot be read: Permission denied"),
        ("jobs/unpaid-nudge.toml", "{}: cannot be read: Permission denied"),
        ("templates", "{}: cannot be read: Permission denied"),
        ("templates/en/unpaid-nudge", "{}: cannot be read: Permission denied"),
        ("templates/en/unpaid-nudge/sms.txt", "{}: unpaid-nudge: cannot be read: Permission denied"),
    ],
)
def test_what_may_not_be_read_is_a_mistake_with_its_place(tmp_path: Path, place: str, told: str) -> None:
    assert run(["init", str(tmp_path / "shop")]) == 0
    closed = tmp_path / "shop" / place
    mode = closed.stat().st_mode
    closed.chmod(0)
    command = [*MAY_NOT_READ_ALL, sys.executable, "-m", "notifier", "--config", str(tmp_path / "shop/notifier.toml")]
    done = subprocess.run([*command, "check"], capture_output=True, text=True, check=False)
    closed.chmod(mode)
    assert done.returncode == 64
    assert told.format(closed) in done.stderr.splitlines()
