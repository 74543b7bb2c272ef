"""What the robots of chat groups have in common: one group behind one secret address, and people to point at in it.

WeCom, DingTalk and Feishu answer HTTP 200 to nearly everything; the number in the body says whether it was taken.
None of them knows an idempotency key: what is not a clean answer leaves the message in doubt.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from notifier.channels.http_door import Answer, HttpDoor, NoAnswer, WebAddress, unclean, whole_number
from notifier.channels.verdicts import ErrorTable, Meaning, Verdict
from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from notifier.options import ChannelOptions, Rate, RateLimit
from notifier.rules.text import clean_text

_MENTION = re.compile(r"@all|@none|\+?[\w.@\-]{1,64}", re.ASCII)
_MOBILE = re.compile(r"\+?\d{8,15}")


class RobotOptions(ChannelOptions):
    """What every robot takes: a rate below the provider's limit, and `errors`, which changes what a number means."""

    base_url: WebAddress
    rate: RateLimit | None = Rate(count=20, seconds=60)
    concurrency: int = Field(default=1, ge=1, le=1000)
    errors: dict[int, Verdict] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mention:
    """Whom a message points at; nobody when all is empty."""

    everybody: bool = False
    mobile: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """One request, ready to go: the secret parts of the address are in it, so it is never logged."""

    url: str
    body: Mapping[str, Any]
    params: Mapping[str, str] | None = None


class GroupRobot(ABC):
    """A robot in one chat group.

    A provider's file says how a text is written (`content`), signed and addressed (`posting`), how many bytes fit
    (`most_bytes`), and what its error numbers mean (`provider`, `meanings`, `number_of`).
    """

    kind = "chat"
    provider: str
    meanings: Mapping[int, Meaning]
    most_bytes: int

    def __init__(self, name: str, options: RobotOptions, around: Surroundings) -> None:
        self.name = name
        self.concurrency = options.concurrency
        self._clock = around.clock
        self._base_url = options.base_url.rstrip("/")
        self._door = HttpDoor(options.timeout, options.concurrency)
        self._errors = ErrorTable(self.provider, self.meanings, options.errors)

    @abstractmethod
    def content(self, text: str, mention: Mention) -> Mapping[str, Any]:
        """The message as the provider wants it, without signature."""

    @abstractmethod
    def posting(self, content: Mapping[str, Any], now: datetime) -> Posting:
        """The request that says `content`, signed at `now`."""

    def number_of(self, fields: Mapping[str, Any]) -> int | None:
        """The provider's number in an answer: 0 is success, None means that the answer makes no sense."""
        return whole_number(fields.get("errcode"))

    def refusal(self, number: int, fields: Mapping[str, Any], wait: timedelta | None) -> Outcome:
        """What an error number means for the message. `fields` is the whole answer, for ambiguous numbers."""
        return self._errors.outcome(number, wait)

    def address_of(self, customer: Customer) -> str | None:
        """Whom to point at: "@all", "@none" for a message to the group as such, a mobile number or a user id."""
        return customer.chat.get(self.name) or None

    def compose(self, message: Message) -> bytes:
        """The message as JSON. Raises RenderError when it is empty, too long, or its address is none."""
        text = clean_text(message.text).strip()
        if not text:
            raise RenderError("The chat text is empty.")
        content = json.dumps(self.content(text, _mention(message.address)), ensure_ascii=False).encode()
        if len(content) > self.most_bytes:
            raise RenderError(f"The chat text is longer than the {self.most_bytes} bytes {self.provider} takes.")
        return content

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Sign the attempt's content, post it once, and read the number in the answer."""
        now = self._clock.now()
        posting = self.posting(json.loads(attempt.content), now)
        body = json.dumps(posting.body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = await self._door.request("POST", posting.url, params=posting.params, data=body, headers=headers)
        except NoAnswer as failure:
            return failure.outcome
        return self._judge(answer, now)

    async def close(self) -> None:
        """Close the kept connections."""
        await self._door.close()

    def _judge(self, answer: Answer, now: datetime) -> Outcome:
        if (outcome := unclean(answer, now)) is not None:
            return outcome
        fields = answer.fields()
        number = self.number_of(fields)
        if number == 0 and answer.status < 300:
            return Receipt()
        if number:
            return self.refusal(number, fields, answer.retry_after(now))
        if answer.status in (401, 403, 404):
            return TryLater(f"HTTP {answer.status}: {self.provider} does not know this robot", channel_down=True)
        if answer.status == 413:
            return Refused(f"HTTP 413: the text is too long for {self.provider}")
        return Unknown(f"HTTP {answer.status} without a number of {self.provider}'s; it may have been taken")


def _mention(address: str) -> Mention:
    if not _MENTION.fullmatch(address):
        raise RenderError('A chat address is "@all", "@none", a mobile number or a user id.')
    if address in ("@all", "@none"):
        return Mention(everybody=address == "@all")
    return Mention(mobile=address) if _MOBILE.fullmatch(address) else Mention(user=address)
