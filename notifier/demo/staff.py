"""The staff of the pretend shop: three people, and one of them who opens his mail and presses the button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import aiohttp

TAKER = "ben@demo-shop.example"
ONCALL = f"""\
# Made by `notifier demo`: who is called when an order is late, until somebody takes it.
[agents.amy]
called = "Amy"
email = "amy@demo-shop.example"

[agents.ben]
called = "Ben"
email = "{TAKER}"

[agents.cleo]
called = "Cleo"
email = "cleo@demo-shop.example"

[policies.shipping]
steps = [
    {{ tell = ["amy"] }},
    {{ tell = ["ben"], after = "15m" }},
    {{ tell = ["cleo"], after = "15m" }},
]
again = "1h"
times = 2
"""
_LINK = re.compile(r"https?://\S+(/a/[\w.-]+)")


async def take_alert(outbox: Path, port: int) -> None:
    """Do what Ben does: open the newest mail to him, follow its link, and press the first button of the page.

    The page is the daemon's own; only the way there is shorter, because the pretend shop's domain leads nowhere.
    Raises RuntimeError when there is no such mail or the page does not take it.
    """
    path = next((found[1] for mail in _newest_first(outbox) if (found := _LINK.search(mail))), None)
    if path is None:
        raise RuntimeError(f"no mail to {TAKER} holds a link")
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as browser:
        async with browser.get(path) as page:
            page.raise_for_status()
        async with browser.post(path, data={"action": "acknowledge"}) as answer:
            answer.raise_for_status()


def _newest_first(outbox: Path) -> Iterator[str]:
    for file in sorted((outbox / "new").iterdir(), reverse=True):  # their names begin with the time
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))
        if TAKER in mail["To"] and body is not None:
            yield body.get_content()
