"""What a story plays in: a shop's orders, its settings, and the people who get messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.fakes.smtp_server import Answer, ScriptedSmtp
from tests.fakes.twilio import ACCOUNT, SENDER, TOKEN, TwilioFake

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning: when every story begins."""
SHIPPED_JOBS = tuple(sorted(path.stem for path in (Path(__file__).parents[2] / "jobs").glob("*.toml")))
_NAMES = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Mary Somerville", "Emmy Noether")
PERSONAL = ("customer_name", "customer_email", "customer_phone", "address")
"""The fields of an order that a log must not hold."""
Fields = dict[str, Any]


def at(text: str) -> str:
    """`09:00` on the day a story begins, or a whole time, as a shop writes it."""
    return f"2026-03-02T{text}:00Z" if len(text) == len("09:00") else text


def order(number: int, **fields: Any) -> Fields:
    """An unpaid order, placed as the story begins, of a customer whom SMS and e-mail reach."""
    name = _NAMES[number % len(_NAMES)]
    return {
        "id": str(number),
        "state": "unpaid",
        "placed": at("09:00"),
        "total": "128.50",
        "currency": "EUR",
        "address": f"{number} Orchard Lane, Springfield",
        "customer_id": f"c{number}",
        "customer_name": name,
        "customer_email": mail_of(number),
        "customer_phone": phone_of(number),
        **fields,
    }


def parcel(number: int, shipped: str) -> Fields:
    """A parcel that left today at `shipped`."""
    return {"id": f"p{number}", "carrier": "SF Express", "number": f"SF100{number}", "shipped": at(shipped)}


def mail_of(number: int) -> str:
    """Where the customer of an order gets e-mail."""
    return f"buyer{number}@example.com"


def phone_of(number: int) -> str:
    """Where the customer of an order gets SMS: one of the numbers kept for films."""
    return f"+12025550{100 + number % 100}"


class PhoneNetwork(TwilioFake):
    """A Twilio that calls `heard` whenever it is given a message, before it answers."""

    heard: Callable[[], None] = staticmethod(lambda: None)

    async def answer(self, request: web.Request) -> web.Response:
        answer = await super().answer(request)
        if request.method == "POST":
            self.heard()
        return answer


class MailServer(ScriptedSmtp):
    """A mail server that a story tells, while it runs, what goes wrong next; `heard` as for the phone network."""

    heard: Callable[[], None] = staticmethod(lambda: None)

    def will(self, step: str, *answers: Answer) -> None:
        """Give these answers to the next commands `step` ("dot" is the end of a message), then the usual ones."""
        self._left[step].extend(answers)

    def answer(self, step: str) -> Answer:
        self.changed.set()
        if step == "dot":
            self.heard()
        return super().answer(step)

    async def ends(self, count: int, seconds: float = 30) -> None:
        """Wait until it has heard the end of so many messages, answered or not."""
        async with asyncio.timeout(seconds):
            while len(self.ended) < count:
                self.changed.clear()
                await self.changed.wait()

    def take_it_at_last(self) -> None:
        """Answer the end of every message that waits for it, after a long silence."""
        self.taken += self.ended[len(self.taken) :]
        for conversation in self.live:
            conversation.say("250 2.0.0 Ok: queued as late")


def mail_in(content: bytes) -> EmailMessage:
    """An e-mail, of the bytes that came."""
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def words_of(content: bytes) -> str:
    """Subject and text of an e-mail."""
    mail = mail_in(content)
    plain = mail.get_body(("plain",))
    return f"{mail['Subject']}\n{plain.get_content() if plain else ''}"


def settings_for(shop: Fields, twilio_url: str, mail_port: int) -> dict[str, Any]:
    """Settings for these servers; each source, channel and job a table."""
    return {
        "shop": {
            "name": "Example Shop",
            "time_zone": "UTC",
            "language": "en",
            "public_url": "https://shop.example.com",
        },
        "store": {"url": "sqlite:///notifier.db"},
        "log": {"format": "json", "level": "debug"},
        "send": {},
        "sources": {"shop": {**shop, "every": "1h"}},
        "channels": {
            "text": {
                "type": "twilio",
                "account_sid": ACCOUNT,
                "token": {"file": "twilio-token"},
                "sender": SENDER,
                "base_url": twilio_url,
            },
            "mail": {
                "type": "smtp",
                "host": "127.0.0.1",
                "port": mail_port,
                "tls": "none",
                "sender": "Example Shop <shop@example.com>",
            },
        },
        "jobs": {name: {"enabled": False} for name in SHIPPED_JOBS},
    }


def write_settings(folder: Path, settings: Mapping[str, Any]) -> Path:
    """Write the settings file and the secret that it names."""
    (folder / "twilio-token").write_text(TOKEN, encoding="ascii")
    file = folder / "notifier.toml"
    file.write_text(tables(settings), encoding="utf-8")
    return file


def tables(settings: Mapping[str, Any]) -> str:
    """The same as TOML."""
    lines: list[str] = []
    for name, table in settings.items():
        nested = name in {"sources", "channels", "jobs", "agents", "shifts", "policies"}
        for head, content in ((f"{name}.{key}", value) for key, value in table.items()) if nested else ((name, table),):
            lines += [f"[{head}]", *(f"{key} = {_toml(value)}" for key, value in content.items()), ""]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value)
