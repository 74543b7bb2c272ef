"""SMS through Twilio. Its API has no idempotency key: whatever is not a clean answer leaves the message in doubt."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

from pydantic import Field, model_validator

from notifier import logs
from notifier.channels.http_door import Answer, HttpDoor, NoAnswer, NotTaken, WebAddress, unclean, whole_number
from notifier.channels.phone import Country, parse_phone
from notifier.channels.twilio_errors import TWILIO_ERRORS
from notifier.channels.verdicts import ErrorTable, Verdict
from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.model.message import Attempt, Message, Outcome, Receipt, TryLater, Unknown
from notifier.model.order import Customer
from notifier.options import ChannelOptions, Secret
from notifier.rules.sms import measure
from notifier.rules.text import clean_text

MOST_CHARACTERS = 1600
LONGEST_VALIDITY = 36_000

_log = logs.get(__name__)


class TwilioOptions(ChannelOptions):
    """`[channels.NAME] type = "twilio"`.

    `sender` is a number in E.164, a short code or an alphanumeric name; `messaging_service` may stand instead of it.
    `country` completes customers' numbers that have no country code; `countries` are those that may be written to
    (all when empty: set it, strangers' numbers cost money). `status_callback` is where Twilio reports what became of
    a message; the attempt's id is appended to it. `errors` changes what an error number means.
    """

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    token: Secret
    sender: str = Field(default="", pattern=r"^(\+[1-9]\d{6,14}|[A-Za-z0-9 ]{3,11})?$")
    messaging_service: str = Field(default="", pattern=r"^(MG[0-9a-fA-F]{32})?$")
    base_url: WebAddress = "https://api.twilio.com"
    country: Country | None = None
    countries: tuple[Country, ...] = ()
    status_callback: WebAddress | None = None
    max_parts: int = Field(default=6, ge=1, le=11)
    errors: dict[int, Verdict] = Field(default_factory=dict)
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
        self._errors = ErrorTable("Twilio", TWILIO_ERRORS, options.errors)
        self._door = HttpDoor(options.timeout, options.concurrency)
        self._opening = asyncio.Lock()
        self._messages: Any = None

    def address_of(self, customer: Customer) -> str | None:
        """The customer's number in E.164; None when there is none that may be written to."""
        try:
            return self._number(customer.phone)
        except ValueError:
            return None

    def compose(self, message: Message) -> bytes:
        """The parameters that will be posted, as JSON. Raises RenderError for numbers and texts that cannot be sent."""
        try:
            number = self._number(message.address)
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
        try:
            messages = self._messages or await self._open()
            created = await messages.create_async(**self._arguments(attempt))
        except NoAnswer as failure:
            return failure.outcome
        except NotTaken as failure:
            return self._judge(failure.answer)
        except Exception as error:  # noqa: BLE001 - from the first byte on every surprise is doubt, and none may escape
            _log.warning("answer cannot be read", channel=self.name, error=type(error).__name__)
            return Unknown("Twilio's answer cannot be read; it may have been taken")
        if not created.sid:
            return Unknown("Twilio's answer names no message; it may have been taken")
        return Receipt(str(created.sid), str(created.status or ""))

    async def close(self) -> None:
        """Close the kept connections."""
        await self._door.close()

    def _number(self, text: str) -> str:
        return parse_phone(text, self._options.country or "", self._options.countries)

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

    async def _open(self) -> Any:
        """The SDK takes a second to import; it does so beside the loop, once."""
        async with self._opening:
            if self._messages is None:
                try:
                    self._messages = await asyncio.to_thread(self._load)
                except Exception as error:  # noqa: BLE001 - a broken installation, whatever it raises; nothing was sent
                    trouble = f"the Twilio library cannot be loaded ({type(error).__name__})"
                    raise NoAnswer(TryLater(trouble, channel_down=True)) from None
            return self._messages

    def _load(self) -> Any:
        from notifier.channels.twilio_http import open_messages

        options = self._options
        return open_messages(options.account_sid, options.token.get_secret_value(), self._door, options.base_url)

    def _judge(self, answer: Answer) -> Outcome:
        """An answer that is not 2xx: first what its status says alone, then Twilio's error number in it."""
        now = self._clock.now()
        if (outcome := unclean(answer, now)) is not None:
            return outcome
        forbidden = answer.status in (401, 403)
        if (code := whole_number(answer.fields().get("code"))) is not None:
            return self._errors.outcome(code, answer.retry_after(now), default="down" if forbidden else "never")
        if forbidden:
            return TryLater(f"HTTP {answer.status}: account_sid and token are not accepted", channel_down=True)
        return Unknown(f"HTTP {answer.status} without an error number of Twilio's; something stands in between")
