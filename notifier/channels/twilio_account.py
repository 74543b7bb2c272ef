"""What SMS and calls through Twilio share: the account, the one request each, and what every answer means."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import Field

from notifier import logs
from notifier.channels.http_door import Answer, HttpDoor, NoAnswer, NotTaken, WebAddress, unclean, whole_number
from notifier.channels.phone import Country, parse_phone
from notifier.channels.twilio_errors import TWILIO_ERRORS
from notifier.channels.verdicts import ErrorTable, Verdict
from notifier.clock import Clock
from notifier.model.message import Outcome, Receipt, TryLater, Unknown
from notifier.options import ChannelOptions, Secret

_log = logs.get(__name__)


class TwilioAccountOptions(ChannelOptions):
    """What every channel through Twilio takes.

    `country` completes numbers that have no country code; `countries` are those that may be reached (all when empty:
    set it, strangers' numbers cost money). `errors` changes what an error number means.
    """

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    token: Secret
    base_url: WebAddress = "https://api.twilio.com"
    country: Country | None = None
    countries: tuple[Country, ...] = ()
    errors: dict[int, Verdict] = Field(default_factory=dict)


class TwilioAccount:
    """Asks Twilio for one sort of thing: at most one request for each attempt, never a second one."""

    def __init__(self, channel: str, options: TwilioAccountOptions, clock: Clock, sort: Literal["messages", "calls"]):
        self._channel = channel
        self._options = options
        self._clock = clock
        self._sort = sort
        self._errors = ErrorTable("Twilio", TWILIO_ERRORS, options.errors)
        self._door = HttpDoor(options.timeout, options.concurrency)
        self._opening = asyncio.Lock()
        self._list: Any = None

    def number(self, text: str) -> str:
        """The phone number in E.164. Raises ValueError for one that may not be reached."""
        return parse_phone(text, self._options.country or "", self._options.countries)

    async def create(self, **arguments: Any) -> Outcome:
        """Post once. Whatever is not a clean answer leaves it in doubt: Twilio's API has no idempotency key."""
        try:
            created = await (self._list or await self._open()).create_async(**arguments)
        except NoAnswer as failure:
            return failure.outcome
        except NotTaken as failure:
            return self._judge(failure.answer)
        except Exception as error:  # noqa: BLE001 - from the first byte on every surprise is doubt, and none may escape
            _log.warning("answer cannot be read", channel=self._channel, error=type(error).__name__)
            return Unknown("Twilio's answer cannot be read; it may have been taken")
        if not created.sid:
            return Unknown("Twilio's answer has no name for it; it may have been taken")
        return Receipt(str(created.sid), str(created.status or ""))

    async def close(self) -> None:
        """Close the kept connections."""
        await self._door.close()

    async def _open(self) -> Any:
        """The SDK takes a second to import; it does so beside the loop, once."""
        async with self._opening:
            if self._list is None:
                try:
                    self._list = await asyncio.to_thread(self._load)
                except Exception as error:  # noqa: BLE001 - a broken installation, whatever it raises; nothing was sent
                    trouble = f"the Twilio library cannot be loaded ({type(error).__name__})"
                    raise NoAnswer(TryLater(trouble, channel_down=True)) from None
            return self._list

    def _load(self) -> Any:
        from notifier.channels.twilio_http import open_account

        options = self._options
        account = open_account(options.account_sid, options.token.get_secret_value(), self._door, options.base_url)
        return account.messages if self._sort == "messages" else account.calls

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
