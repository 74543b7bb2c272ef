"""The demonstration keeps what it promises: it ends, it shows the five jobs, who paid in time is left alone, and an
alert climbs until somebody takes it."""

from __future__ import annotations

import asyncio
import io
import signal
import sys
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path

import pytest
from rich.console import Console

from notifier.demo import run_demo
from notifier.demo.journey import SHOWN
from notifier.model.reminder import State

ALERT = [
    "order 1013: ALERT 1 opened by ship-deadline on 06 Mar 18:00",
    "alert 1: CALLED amy by outbox on 06 Mar 18:00",
    "alert 1: CALLED ben by outbox on 06 Mar 18:15",
    "alert 1: TAKEN by ben on 06 Mar 18:25 (link)",
    "alert 1: 7 further calls called off: ben has taken the alert",
    "alert 1: OVER on 07 Mar 11:00: the order has been shipped",
]
TO_THE_STAFF = [
    "Amy: Over: alert 1: LATE since Fri, Mar 6, 6:00 PM: order 1013, CN¥245.00, at risk: CN¥12.25",
    "Amy: Urgent alert 1: LATE since Fri, Mar 6, 6:00 PM: order 1013, CN¥245.00, at risk: CN¥12.25",
    "Ben: Over: alert 1: LATE since Fri, Mar 6, 6:00 PM: order 1013, CN¥245.00, at risk: CN¥12.25",
    "Ben: Urgent alert 1: LATE since Fri, Mar 6, 6:00 PM: order 1013, CN¥245.00, at risk: CN¥12.25",
]


def of_the_staff(mail: Message) -> bool:
    return "@demo-shop.example" in mail["To"]


async def test_the_whole_journey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = await run_demo(tmp_path, pace=0)
    assert all(view.counts[job, State.ACCEPTED] for job in SHOWN)
    files = sorted((tmp_path / "outbox" / "new").iterdir())
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    assert len(mails) == sum(count for (_, state), count in view.counts.items() if state is State.ACCEPTED)
    assert len(mails) > 10 * sum(map(of_the_staff, mails))
    assert not any("SENT" in line for line in view.events if line.startswith("order 1004: unpaid-nudge"))
    assert any("unpaid-nudge called off: the order is paid" in line for line in view.events)
    assert any("review-request called off: an after-sales case is open" in line for line in view.events)

    assert [line for line in view.events if "ALERT" in line or line.startswith("alert")] == ALERT
    told = [f"{str(mail['To']).split()[0]}: {mail['Subject']}" for mail in mails if of_the_staff(mail)]
    assert sorted(told) == TO_THE_STAFF
    out = capsys.readouterr().out
    assert "Alert 1 (ship-deadline, order 1013) called amy, then ben; ben took it, and cleo heard nothing.\n" in out
    screen = io.StringIO()
    Console(file=screen, width=100).print(view.render())
    lines = screen.getvalue().splitlines()
    assert len(lines) < 24
    assert all(any(line.startswith(f" {job} ") for line in lines) for job in SHOWN)
    assert next(line for line in lines if "ship-deadline" in line).split() == ["ship-deadline", "·", "7", "4", "1"]
    assert next(line for line in lines if " other jobs " in line).split()[-1] == "·"


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_it_can_be_ended_in_the_middle(tmp_path: Path, name: signal.Signals) -> None:
    command = (sys.executable, "-m", "notifier", "demo")
    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert await process.stdout.readline()
        process.send_signal(name)
        async with asyncio.timeout(20):
            rest, _ = await process.communicate()
        assert process.returncode == 0
        assert b"mails are in" not in rest
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
