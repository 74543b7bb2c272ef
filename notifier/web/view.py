"""What the page about an alert says, in its reader's words and on their clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.errors import UsageError
from notifier.links import Ticket
from notifier.model.alert import Alert, AlertEntry, AlertState
from notifier.model.job import Urgency
from notifier.model.oncall import Agent
from notifier.redact import redact
from notifier.render.formats import formats_for
from notifier.web.desk import Office
from notifier.web.words import Words

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """One alert on a page: texts, ready to be printed. `can_take` and `can_close` say which buttons there are."""

    number: int
    headline: str
    facts: tuple[str, ...]
    state: str
    mark: str
    can_take: bool
    can_close: bool
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page: its alerts, and how many more its link stands for."""

    words: Words
    title: str
    who: str
    alerts: tuple[Shown, ...]
    more: int


async def sheet_for(office: Office, ticket: Ticket, agent: Agent) -> Sheet | None:
    """The page for this ticket; None when none of its alerts exists. The history is shown of a single alert alone."""
    viewer = _Viewer(office, agent)
    alerts = await existing(office, ticket.numbers[:MOST_SHOWN])
    if not alerts:
        return None
    single = len(ticket.numbers) == 1
    shown = [await viewer.show(alert, history=single) for alert in alerts]
    words = viewer.words
    count = len(ticket.numbers)
    title = words.say("title", number=alerts[0].id) if single else words.say("titles", count=count)
    return Sheet(words, title, agent.called or agent.name, tuple(shown), max(0, count - MOST_SHOWN))


async def headline_of(office: Office, alert: Alert, agent: Agent) -> str:
    """What is wrong, in one line for this agent; the alert's own short words where its job is gone."""
    site = office.site()
    words = site.words(agent)
    told = await office.desk.headline(alert.id, words.language, site.zone_of(agent))
    return told or words.say("unknown_headline", number=alert.id, what=redact(alert.what) or alert.key.job)


async def existing(office: Office, numbers: Sequence[int]) -> list[Alert]:
    """Those of these alerts that there are."""
    found = []
    for number in numbers:
        try:
            found.append(await office.desk.get(number))
        except UsageError:
            continue
    return found


class _Viewer:
    """Sees alerts with the eyes of one agent."""

    def __init__(self, office: Office, agent: Agent) -> None:
        self._office = office
        self._agent = agent
        self._site = office.site()
        self.words = self._site.words(agent)
        wanted = agent.language or self._site.language
        self._formats = formats_for(wanted, self.words.language, self._site.zone_of(agent))

    async def show(self, alert: Alert, history: bool) -> Shown:
        mark, state = self._state(alert)
        entries = await self._office.desk.history(alert.id) if history else ()
        return Shown(
            number=alert.id,
            headline=await headline_of(self._office, alert, self._agent),
            facts=tuple(self._facts(alert)),
            state=state,
            mark=mark,
            can_take=alert.state is AlertState.OPEN,
            can_close=alert.state is not AlertState.RESOLVED,
            history=tuple((self._at(entry.at), self._line(entry)) for entry in entries),
        )

    def _at(self, instant: datetime) -> str:
        return self._formats.day_and_time(instant)

    def _facts(self, alert: Alert) -> list[str]:
        say = self.words.say
        facts = [say("since", at=self._at(alert.opened))]
        if alert.key.order:
            facts.insert(0, say("order", order=alert.key.order))
        if alert.urgency is Urgency.URGENT:
            facts.append(say("urgent"))
        if alert.times > 1:
            facts.append(say("times", times=alert.times))
        if alert.risk is not None:
            facts.append(say("risk", money=self._formats.money(alert.risk)))
        return facts

    def _state(self, alert: Alert) -> tuple[str, str]:
        """How it stands: a mark for its colour, and a sentence."""
        say, mine, who = self.words.say, alert.by == self._agent.name, self._site.called(alert.by)
        if alert.state is AlertState.RESOLVED:
            if not alert.by:
                return "over", say("over")
            return "over", say("you_closed") if mine else say("they_closed", who=who)
        if alert.state is AlertState.ACKNOWLEDGED:
            return "taken", say("yours") if mine else say("theirs", who=who)
        if alert.started > self._office.clock.now():
            return "waiting", say("put_off", until=self._at(alert.started))
        return "open", say("open")

    def _line(self, entry: AlertEntry) -> str:
        phrase = f"did_{entry.what}"
        if entry.what == "resolved" and not entry.by:
            phrase = "did_resolved_itself"
        if not self.words.has(phrase):
            phrase = "did_other"
        told = self.words.say(phrase, who=self._site.called(entry.by), what=entry.what)
        return f"{told}: {redact(entry.text)}" if entry.text else told
