"""Posts messages to a program of the shop's own: signed JSON, with an idempotency key the receiver can rely on.

The receiver checks that `X-Notifier-Signature` is `v1=` and the hex HMAC-SHA256 of `timestamp.body` under the shared
secret, that `X-Notifier-Timestamp` is recent, and that it has not seen `Idempotency-Key` before: the key stays the
same for every try of one message, so a receiver that remembers it can be told twice and act once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from notifier.channels.http_door import Answer, HttpDoor, NoAnswer, WebAddress, unclean
from notifier.channels.mail_address import parse_address
from notifier.channels.phone import Country, parse_phone
from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome, Receipt, Refused, TryLater
from notifier.model.order import Customer
from notifier.options import ChannelOptions, Secret
from notifier.rules.text import clean_text


class WebhookOptions(ChannelOptions):
    """`[channels.NAME] type = "webhook"`.

    `kind` says which text is posted and which of a customer's addresses; `country` completes phone numbers when it is
    "sms". A content of more than `most_bytes` is not sent.
    """

    url: WebAddress
    secret: Secret
    kind: Literal["email", "sms", "chat"] = "chat"
    country: Country | None = None
    most_bytes: int = Field(default=65_536, ge=1024)


class Webhook:
    """Posts each message once; whether an answer that never came meant yes is left in doubt like everywhere else."""

    Options = WebhookOptions

    def __init__(self, name: str, options: WebhookOptions, around: Surroundings) -> None:
        self.name = name
        self.kind: str = options.kind
        self.concurrency = options.concurrency
        self._options = options
        self._clock = around.clock
        self._door = HttpDoor(options.timeout, options.concurrency)

    def address_of(self, customer: Customer) -> str | None:
        """The customer's mail address, number (E.164) or chat address under this channel's name, by `kind`."""
        if self.kind == "chat":
            return customer.chat.get(self.name) or None
        try:
            if self.kind == "email":
                return parse_address(customer.email)
            return parse_phone(customer.phone, self._options.country or "")
        except ValueError:
            return None

    def compose(self, message: Message) -> bytes:
        """The JSON that will be posted and signed. Raises RenderError when it is empty or too large."""
        fields = {
            "id": message.id,
            "address": clean_text(message.address),
            "name": clean_text(message.name),
            "language": message.language,
            "subject": clean_text(message.subject),
            "text": clean_text(message.text),
            "html": clean_text(message.html),
            "written": message.written.astimezone(UTC).isoformat(),
            "until": message.until.astimezone(UTC).isoformat(),
        }
        if not fields["text"].strip():
            raise RenderError("The text is empty.")
        content = json.dumps(fields, ensure_ascii=False).encode()
        if len(content) > self._options.most_bytes:
            raise RenderError(f"The message is larger than {self._options.most_bytes} bytes (option most_bytes).")
        return content

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Post the attempt's content once, signed with the time it leaves."""
        now = self._clock.now()
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": attempt.message_id,
            "X-Notifier-Timestamp": timestamp,
            "X-Notifier-Signature": signature(self._options.secret.get_secret_value(), timestamp, attempt.content),
        }
        try:
            answer = await self._door.request("POST", self._options.url, data=attempt.content, headers=headers)
        except NoAnswer as failure:
            return failure.outcome
        return _judge(answer, now)

    async def close(self) -> None:
        """Close the kept connections."""
        await self._door.close()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of X-Notifier-Signature."""
    return "v1=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hex()


def _judge(answer: Answer, now: datetime) -> Outcome:
    wait = answer.retry_after(now)
    if answer.status == 503 and wait is not None:
        return TryLater("HTTP 503: not now", wait)
    if (outcome := unclean(answer, now)) is not None:
        return outcome
    if answer.status < 300:
        reference = answer.fields().get("id", "")
        return Receipt(str(reference)[:200] if isinstance(reference, str | int) else "")
    if answer.status in (401, 403):
        return TryLater(f"HTTP {answer.status}: the receiver does not accept our signature", channel_down=True)
    return Refused(f"HTTP {answer.status}: the receiver refused it")
