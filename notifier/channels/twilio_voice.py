"""Phone calls through Twilio, for alerts that nobody has taken: it says the text twice and waits for a key."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from notifier.channels import twiml
from notifier.channels.twilio_account import TwilioAccount, TwilioAccountOptions
from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.links import call_address
from notifier.model.message import Attempt, Message, Outcome
from notifier.model.order import Customer
from notifier.options import Length
from notifier.rules.text import clean_text

MOST_CHARACTERS = 800
MOST_TWIML = 4000
"""What Twilio takes in one request, after all signs that mean something in XML are written out."""


def _bearable(ring: timedelta) -> timedelta:
    if not timedelta(seconds=5) <= ring <= timedelta(minutes=10):
        raise ValueError("must be between 5s and 10m")
    return ring


class TwilioVoiceOptions(TwilioAccountOptions):
    """`[channels.NAME] type = "twilio-voice"`.

    `sender` is the number that is shown, in E.164: one of the account's. `ring` is how long it rings.
    """

    sender: str = Field(pattern=r"^\+[1-9]\d{6,14}$")
    ring: Annotated[Length, AfterValidator(_bearable)] = timedelta(seconds=40)
    concurrency: int = Field(default=4, ge=1, le=1000)


class TwilioVoice:
    """Calls people: at most one request for each attempt, never a second one."""

    Options = TwilioVoiceOptions
    kind = "voice"

    def __init__(self, name: str, options: TwilioVoiceOptions, around: Surroundings) -> None:
        self.name = name
        self.concurrency = options.concurrency
        self._options = options
        self._account = TwilioAccount(name, options, around.clock, "calls")

    def address_of(self, customer: Customer) -> str | None:
        """The number in E.164; None when there is none that may be called."""
        try:
            return self._account.number(customer.phone)
        except ValueError:
            return None

    def compose(self, message: Message) -> bytes:
        """The parameters that will be posted, as JSON. Raises RenderError for what cannot be said in a call.

        With a link the call asks for a key, which Twilio reports to the web application; without one it only speaks.
        """
        try:
            number = self._account.number(message.address)
        except ValueError as error:
            raise RenderError(f"This address cannot be called: {error}.") from None
        text = clean_text(message.text).strip()
        if not text:
            raise RenderError("There is nothing to say in the call: the text is empty.")
        spoken = twiml.alarm(text, message.language, call_address(message.link))
        if len(text) > MOST_CHARACTERS or len(spoken) > MOST_TWIML:
            raise RenderError(f"The text is too long for a call ({MOST_CHARACTERS} characters); shorten it.")
        parameters = {"To": number, "From": self._options.sender, "Twiml": spoken}
        return json.dumps(parameters, ensure_ascii=False).encode()

    async def deliver(self, attempt: Attempt) -> Outcome:
        """Have the call placed. A receipt says that Twilio will dial, not that anybody answers."""
        posted = json.loads(attempt.content)
        ring = int(self._options.ring.total_seconds())
        return await self._account.create(to=posted["To"], from_=posted["From"], twiml=posted["Twiml"], timeout=ring)

    async def close(self) -> None:
        """Close the kept connections."""
        await self._account.close()
