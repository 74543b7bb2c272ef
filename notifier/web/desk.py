"""What the web application needs from the rest of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from notifier.channels.phone import parse_phone
from notifier.clock import Clock
from notifier.links import Links, Ticket
from notifier.model.alert import Alert, AlertEntry
from notifier.model.oncall import Agent
from notifier.web.words import Words, words_for


class AlertDesk(Protocol):
    """Where alerts are taken, put off and closed. Every method raises UsageError for a number that no alert has.

    Doing a thing twice changes nothing the second time. Alerts are returned as they may be shown to people: one that is
    taken, put off or over only when no call about it is on its way any more.
    """

    async def get(self, number: int) -> Alert: ...

    async def acknowledge(self, number: int, by: str, how: str = "") -> Alert: ...

    async def resolve(self, number: int, by: str, reason: str = "") -> Alert: ...

    async def snooze(self, number: int, until: datetime, by: str) -> Alert: ...

    async def history(self, number: int) -> Sequence[AlertEntry]:
        """What happened to it, the oldest first."""
        ...

    async def headline(self, number: int, language: str, zone: str) -> str:
        """One line that says what is wrong, without customers' data, for a reader of `language` in `zone`.

        Empty where nothing can say it any more.
        """
        ...


class Account(NamedTuple):
    """A Twilio account of the settings: its token, and the country that completes phone numbers."""

    token: str
    country: str = ""

    def __repr__(self) -> str:
        return "Account(…)"


@dataclass(frozen=True, slots=True)
class Site:
    """What a reload may change. `accounts` are Twilio's, by their SID; `language` and `zone` are the shop's."""

    agents: Mapping[str, Agent]
    accounts: Mapping[str, Account] = field(default_factory=dict)
    language: str = "en"
    zone: str = "UTC"

    def called(self, name: str) -> str:
        """How people call whoever did something; somebody unknown by the name that was written down."""
        agent = self.agents.get(name)
        return agent.called or agent.name if agent else name

    def words(self, agent: Agent | None) -> Words:
        """The words for this reader."""
        return words_for(agent.language if agent and agent.language else self.language)

    def zone_of(self, agent: Agent) -> str:
        """Whose clock times are told by."""
        return agent.zone or self.zone

    def agent_with(self, phone: str, country: str) -> Agent | None:
        """The agent who has this phone number, the first of the file if two share it; None for a stranger."""
        wanted = _number(phone, country)
        if not wanted:
            return None
        return next((agent for agent in self.agents.values() if _number(agent.phone, country) == wanted), None)


def _number(phone: str, country: str) -> str:
    try:
        return parse_phone(phone, country)
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Office:
    """All that the routes share. `site` is asked anew for each request: a reload may have changed it."""

    desk: AlertDesk
    links: Links
    clock: Clock
    site: Callable[[], Site]

    def visitor(self, token: str) -> tuple[Ticket, Agent] | None:
        """What a token lets its holder do, and as whom. None for a bad or old one, and for who is no agent any more."""
        ticket = self.links.ticket(token, self.clock.now())
        agent = self.site().agents.get(ticket.agent) if ticket else None
        return (ticket, agent) if ticket and agent else None
