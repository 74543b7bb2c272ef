"""SMS through Twilio."""

from __future__ import annotations

import json
from typing import Any, Self

from pydantic import Field, model_validator

from notifier.channels.http_door import WebAddress
from notifier.channels.twilio_account import TwilioAccount, TwilioAccountOptions
from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome
from notifier.model.order import Customer
from notifier.rules.sms import measure
from notifier.rules.text import clean_text

MOST_CHARACTERS = 1600
LONGEST_VALIDITY = 36_000


class TwilioOptions(TwilioAccountOptions):
    """`[channels.NAME] type = "twilio"`.

    `sender` is a number in E.164, a short code or an alphanumeric name; `messaging_service` may stand instead of it.
    `status_callback` is where Twilio reports what became of a message; the attempt's id is appended to it.
    """

    sender: str = Field(default="", pattern=r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{3,11})?$")
    messaging_service: str = Field(default="", pattern=r"^(MG[0-9a-fA-F]{32})?$")
    status_callback: WebAddress | None = None
    max_parts: int = Field(default=6, ge=1, le=11)
    concurrency: int = Field(default=16, ge=1, le=1000)

    @model_validator(mode="after")
    def _has_sender(self) -> Self:
        if not self.sender and not self.messaging_service:
            raise ValueError("needs a sender or a messaging_service")
        return self


class Twilio:
    """Sends SMS: at most one request for each attempt, never a second one."""

    Options = TwilioOptions
    kind = "sms"

    def __init__(self, name: str, options: TwilioOptions, around: Surroundings) -> None:
        self.name = name
        self.concurrency = options.concurrency
        self._options = options
        self._clock = around.clock
        self._account = TwilioAccount(name, options, around.clock, "messages")

    def address_of(self, customer: Customer) -> str | None:
        """The customer's number in E.164; None when there is none that may be written to."""
        try:
            return self._account.number(customer.phone)
        except ValueError:
            return None

    def compose(self, message: Message) -> bytes:
        """The parameters that will be posted, as JSON. Raises RenderError for numbers and texts that cannot be sent."""
        try:
            number = self._account.number(message.address)
        except ValueError as error:
            raise RenderError(f"This address cannot get an SMS: {error}.") from None
        parameters = {
            "To": number,
            "Body": self._body(message.text),
            "From": self._options.sender,
            "MessagingServiceSid": self._options.messaging_service,
        }
        return json.dumps({key: value for key, value in parameters.items() if value}, ensure_ascii=False).encode()

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Post the attempt's parameters once.

        ValidityPeriod ends with `attempt.until`: Twilio's queue may hold a message for ten hours, and what is
        pointless by then must not arrive in the night.
        """
        return await self._account.create(**self._arguments(attempt))

    async def close(self) -> None:
        """Close the kept connections."""
        await self._account.close()

    def _body(self, text: str) -> str:
        body = clean_text(text).strip()
        size = measure(body)
        if not body:
            raise RenderError("The SMS text is empty.")
        if len(body.encode("utf-16-le")) // 2 > MOST_CHARACTERS:
            raise RenderError(f"The SMS text is longer than the {MOST_CHARACTERS} characters Twilio takes; shorten it.")
        if size.parts > self._options.max_parts:
            limit = self._options.max_parts
            raise RenderError(
                f"The SMS text needs {size.parts} parts ({size.encoding}) of at most {limit}; shorten it."
            )
        return body

    def _arguments(self, attempt: Attempt) -> dict[str, Any]:
        posted = json.loads(attempt.content)
        left = int((attempt.until - self._clock.now()).total_seconds())
        arguments: dict[str, Any] = {
            "to": posted["To"],
            "body": posted["Body"],
            "validity_period": max(1, min(LONGEST_VALIDITY, left)),
        }
        if "From" in posted:
            arguments["from_"] = posted["From"]
        if "MessagingServiceSid" in posted:
            arguments["messaging_service_sid"] = posted["MessagingServiceSid"]
        if self._options.status_callback:
            arguments["status_callback"] = f"{self._options.status_callback.rstrip('/')}/{attempt.id}"
        return arguments
