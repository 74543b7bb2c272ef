"""The program is killed in the middle of its work, again and again: nothing is said twice and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
from collections import Counter
from datetime import timedelta
from itertools import pairwise

from notifier.interfaces import Selection
from notifier.model.reminder import State
from tests.stories.program import Program
from tests.stories.stage import Stage
from tests.stories.world import order

ORDERS = frozenset(range(1000, 1300))
DEATHS = 4
UNDER_WAY = 2 * (8 + 16)
"""So many e-mails and SMS are delivered at a time by default; as many again may wait for their outcome to be kept."""


async def test_killed_at_any_instant_it_says_nothing_twice_and_loses_nothing(stage: Stage) -> None:
    """Half the customers get an SMS, the others an e-mail, all due at once. The first death is at the first delivery.

    Each further one comes at a message that chance has chosen: who gets it has it, but the program hears no answer.
    """
    stage.show(*(order(number, **({"customer_phone": ""} if number % 2 else {})) for number in ORDERS))
    stage.settings["sources"]["shop"]["orders_url"] = f"{stage.shop.url}/orders?ids={{ids}}"
    stage.use("unpaid-nudge")
    stage.clock.jump(timedelta(hours=12))
    deaths = [1, *sorted(random.Random(20260302).sample(range(2, 200), DEATHS - 1))]
    for before, death in pairwise([0, *deaths]):
        async with stage.program("run", doomed=True) as program:
            await killed_at(stage, program, death - before)

    await stage.open()
    await stage.fast_forward(minutes=1)
    said = numbers_said(stage)
    assert not [number for number, times in said.items() if times > 1]

    found = await stage.ask(lambda store: store.list_reminders(Selection(limit=1000)))
    states = {int(reminder.key.order): reminder.state for reminder in found}
    assert states.keys() == ORDERS
    assert {number for number, state in states.items() if state is State.ACCEPTED} <= said.keys()
    held = {number for number, state in states.items() if state is not State.ACCEPTED}
    listed = json.loads(await stage.command("messages", "--state", "held", "--limit", "1000", "--format", "json"))
    assert {int(row["order"]) for row in listed} == held
    assert DEATHS <= len(held) <= DEATHS * UNDER_WAY


async def killed_at(stage: Stage, program: Program, message: int) -> None:
    """Kill it while somebody gets the so-manieth message from now on."""
    heard, died = 0, asyncio.Event()

    def hear() -> None:
        nonlocal heard
        heard += 1
        if heard == message:
            program.signal(signal.SIGKILL)
            died.set()

    stage.mail.heard = stage.twilio.heard = hear
    async with asyncio.timeout(30):
        await died.wait()
    assert await program.ended() == -signal.SIGKILL
    stage.mail.heard = stage.twilio.heard = lambda: None


def numbers_said(stage: Stage) -> Counter[int]:
    """How often somebody was written to about each order, by SMS or e-mail."""
    texts, mails = stage.all_messages()
    found = [re.search(r"order (\d{4})\b", text["body"]) for text in texts]
    found += [re.search(r"^Subject: .*order (\d{4})\b", mail.content.decode(), re.MULTILINE) for mail in mails]
    return Counter(int(match[1]) for match in found if match)
