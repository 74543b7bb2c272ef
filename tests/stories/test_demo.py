"""The demonstration keeps what it promises: it ends, it shows the five jobs, and who paid in time is left alone."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path

from notifier.demo import run_demo
from notifier.demo.journey import SHOWN
from notifier.model.reminder import State


async def test_the_whole_journey(tmp_path: Path) -> None:
    view = await run_demo(tmp_path, pace=0)
    assert all(view.counts[job, State.ACCEPTED] for job in SHOWN)
    mails = [message_from_bytes(file.read_bytes()) for file in (tmp_path / "outbox" / "new").iterdir()]
    assert len(mails) == sum(count for (_, state), count in view.counts.items() if state is State.ACCEPTED)
    assert not any("SENT" in line for line in view.events if line.startswith("order 1004: unpaid-nudge"))
    assert any("unpaid-nudge called off: the order is paid" in line for line in view.events)
    assert any("review-request called off: an after-sales case is open" in line for line in view.events)
