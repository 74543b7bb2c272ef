"""The long tail of chat services through Apprise: Telegram, Slack, Discord, Teams, Matrix, ntfy and their like.

Only for services whose refusals Apprise notices. Its WeCom, DingTalk and Feishu take HTTP 200 with an error in the
body for success, so these have channels of their own. Apprise says what went wrong in words, never in numbers: the
outcome is read from the lines it logs about one delivery, and whatever those leave open is doubt.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterable
from typing import Any

from pydantic import Field

from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from notifier.options import ChannelOptions, Secret
from notifier.rules.text import clean_text

_SCHEMAS = (
    "discord",
    "gotify",
    "gotifys",
    "matrix",
    "matrixs",
    "mmost",
    "mmosts",
    "msteams",
    "ntfy",
    "ntfys",
    "pover",
    "rocket",
    "rockets",
    "slack",
    "tgram",
    "workflows",
    "zulip",
)
_STATUS = re.compile(r"error=(\d{3})\b")
_NEVER_CONNECTED = re.compile(r"Socket Exception: .*(NewConnectionError|NameResolutionError|ConnectTimeoutError)")


class AppriseOptions(ChannelOptions):
    """`[channels.NAME] type = "apprise"`.

    `url` is Apprise's address of one service, wholly a secret because most hold a token. `schemas` are the services
    that may be used: Apprise knows some that run programs on this machine or call any address.
    """

    url: Secret
    schemas: tuple[str, ...] = _SCHEMAS
    concurrency: int = Field(default=2, ge=1, le=6)
    most_characters: int = Field(default=4000, ge=1)


class Apprise:
    """Says a text through one service of Apprise's. Each delivery takes a thread while it lasts."""

    Options = AppriseOptions
    kind = "chat"

    def __init__(self, name: str, options: AppriseOptions, around: Surroundings) -> None:
        self.name = name
        self.concurrency = options.concurrency
        self._options = options
        self._turn = asyncio.Semaphore(options.concurrency)
        self._opening = asyncio.Lock()
        self._service: Any = None

    def address_of(self, customer: Customer) -> str | None:
        """Any address under this channel's name means that the message goes to the channel's one fixed URL."""
        return customer.chat.get(self.name) or None

    def compose(self, message: Message) -> bytes:
        """Title and body as JSON. Raises RenderError when it is empty or too long."""
        text = clean_text(message.text).strip()
        if not text:
            raise RenderError("The chat text is empty.")
        if len(text) > self._options.most_characters:
            most = self._options.most_characters
            raise RenderError(f"The chat text is longer than {most} characters (option most_characters).")
        title = " ".join(clean_text(message.subject).split())
        return json.dumps({"title": title, "body": text}, ensure_ascii=False).encode()

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Let Apprise send it once. Its thread cannot be stopped: what is not over in time is in doubt."""
        async with self._turn:
            try:
                service = await self._open()
            except Exception as error:  # noqa: BLE001 - plugins of strangers raise what they like
                return TryLater(f"Apprise does not take the url ({type(error).__name__})", channel_down=True)
            if service is None:
                return TryLater("the url is not one of a service in schemas; check both", channel_down=True)
            said = json.loads(attempt.content)
            try:
                result = await service.async_notify(
                    body=said["body"],
                    title=said["title"],
                    timeout=self._options.timeout.total_seconds(),
                    log_level=logging.DEBUG,
                )
            except Exception as error:  # noqa: BLE001 - as above, but by now it may be on its way
                return Unknown(f"Apprise failed ({type(error).__name__}); it may have arrived")
        if result:
            return Receipt()
        return _judge(result.logs())

    async def close(self) -> None:
        """Forget the service; Apprise keeps no connections."""
        self._service = None

    async def _open(self) -> Any:
        """Apprise takes a second to import; it does so beside the loop, once."""
        async with self._opening:
            if self._service is None:
                self._service = await asyncio.to_thread(self._load)
            return self._service

    def _load(self) -> Any:
        import apprise

        _hush()
        url = self._options.url.get_secret_value()
        if url.partition("://")[0].lower() not in self._options.schemas:
            return None
        asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY, http_redirects=False)
        service = apprise.Apprise.instantiate(url, asset=asset)
        if service is None:
            return None
        # the URL may ask for retries and redirects, which would say it twice or say it elsewhere
        service.retry = 0
        service.redirects = False
        return apprise.Apprise(service, asset=asset)


def _hush() -> None:
    """Apprise tells the cause of a failure only at DEBUG, among bodies and addresses: we listen, and pass nothing on.

    urllib3 writes whole paths at DEBUG, and many services' tokens stand in the path.
    """
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logging.getLogger("urllib3").setLevel(logging.INFO)


def _judge(entries: Iterable[Any]) -> Outcome:
    """What Apprise's own lines about a failed delivery say: which HTTP errors, or that no connection was made.

    Only lines whose wording is Apprise's: others quote the message, which must not decide about itself.
    """
    said = [(entry.level, entry.message) for entry in entries]
    statuses = {int(status) for level, line in said if level == "WARNING" for status in _STATUS.findall(line)}
    if any(level == "INFO" and line.startswith("Sent ") for level, line in said):
        return Unknown("Apprise sent a part of it")
    if statuses:
        return _judge_statuses(statuses)
    if any(_NEVER_CONNECTED.match(line) for _, line in said):
        return TryLater("no connection")
    return Unknown("the connection broke, or nothing came back in time; it may have arrived")


def _judge_statuses(statuses: set[int]) -> Outcome:
    shown = "HTTP " + ", ".join(str(status) for status in sorted(statuses))
    if not all(400 <= status < 500 and status != 408 for status in statuses):
        return Unknown(f"{shown}; it may have been taken")
    if 429 in statuses:
        return TryLater(f"{shown}: too many requests")
    if statuses & {401, 403, 404}:
        return TryLater(f"{shown}: the service does not accept the url's token", channel_down=True)
    return Refused(f"{shown}: the service refused it")
