"""Alerts in words: what their jobs say about them, in frames that all jobs share.

A job's `alert.txt` says what is wrong (its first line, the headline) and what to do (the lines below). The frames in
`templates/LANGUAGE/alert/` make an SMS, a chat message, an e-mail or a phone call of one alert or of many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from notifier.errors import RenderError
from notifier.logs import get
from notifier.model.alert import Alert
from notifier.model.job import Job, Urgency
from notifier.model.oncall import Agent
from notifier.model.order import Money, Order
from notifier.model.shop import Shop
from notifier.render.broken import BrokenText
from notifier.render.context import AlertFacts, Saying, one_line, variables
from notifier.render.fitting import LONGEST_HEADLINE, Extent, Linked, cut, extents, fits
from notifier.render.formats import formats_for, zone_named
from notifier.render.library import Library, Source
from notifier.render.rendered import Rendered, folded, split_subject
from notifier.render.sandbox import FORMATS
from notifier.rules.masking import mask_order

log = get(__name__)
FRAMES = "alert"
"""The folder of the frames in each language's folder."""
WORDS = "alert"
"""The kind of a job's own text about its alerts."""
_WORST = (Urgency.URGENT, Urgency.NORMAL, Urgency.LOW)
_SENTENCE_ENDS = " .。"

Link = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class AlertSaying:
    """One alert to be told of: `order` is one with an empty id where the alert is about none."""

    job: Job
    order: Order
    subjects: Sequence[str]
    alert: Alert


@dataclass(frozen=True, slots=True)
class Telling:
    """To whom and how alerts are told, or, with `over`, that they have ended. `links` gives a page's address, or ""."""

    kind: str
    agent: Agent
    links: Link
    now: datetime
    over: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as frames see it: the words of its job, and what happened to it.

    `link` and `order_link` may be empty. `by` and `reason` say who ended it, and why.
    """

    number: int
    headline: str
    actions: tuple[str, ...]
    urgency: Urgency
    opened: datetime
    times: int
    risk: Money | None = None
    order: str = ""
    order_link: str = ""
    link: str = ""
    by: str = ""
    reason: str = ""


FRAME_VARIABLES: Mapping[str, type | None] = {
    "shop": Shop,
    "alert": Told,
    **dict.fromkeys(("agent", "alerts", "count", "more", "link", "over", "now", "language")),
}
"""Every name a frame may use: `alert` is the worst, `alerts` are those shown, `more` how many are not."""


class AlertTexts:
    """Finds and fills the texts of alerts. `Texts` is how others reach it."""

    def __init__(self, library: Library, shop: Shop) -> None:
        self._library = library
        self._shop = shop

    def render(self, telling: Telling, items: Sequence[AlertSaying]) -> Rendered:
        """As `Texts.render_alerts`.

        1. Put the worst first: by urgency, money at risk and age.
        2. Find the words of as many as the kind of channel can ever show.
        3. Fill the frame with less and less of them until the text is short enough.
        """
        ordered = sorted(items, key=_badness)
        most = max(extent.shown for extent in extents(telling.kind, len(items)))
        told = [self._told(item, telling) for item in ordered[:most]]
        return self.framed(telling, told, [item.alert.id for item in ordered])

    def framed(self, telling: Telling, told: Sequence[Told], numbers: Sequence[int]) -> Rendered:
        """A frame filled with as many of `told` as fit, of all the alerts that have these numbers, the worst first."""
        agent, kind = telling.agent, telling.kind
        source = self._library.find(agent.language, self._shop.language, FRAMES, kind)
        if source is None:
            raise BrokenText(Path(self._shop.language) / FRAMES / kind, 0, f"there is no frame for alerts by {kind}")
        known: dict[str, Any] = {
            "shop": self._shop,
            "agent": one_line(agent.called or agent.name),
            "count": len(numbers),
            "over": telling.over,
            "now": telling.now,
            "language": source.language,
            FORMATS: self._formats(agent.language, source, agent.zone),
        }
        for extent in extents(kind, len(numbers)):
            known |= _shown(extent, told, numbers, telling)
            text = folded(self._library.fill(source.text, known))
            if fits(kind, text, extent):
                break
        if kind != "email":
            return Rendered("", text, language=source.language, link=known["link"])
        subject, body = split_subject(text, source)
        html = self._library.fill(source.html, known) if source.html else ""
        return Rendered(subject, body, html, source.language, link=known["link"])

    def headline(self, item: AlertSaying, language: str, zone: str = "") -> str:
        """What is wrong, in one line without personal data, for lists and pages. Never fails."""
        return self._safe_words(item, language, zone)[0]

    def words(self, item: AlertSaying, source: Source, language: str, zone: str = "") -> list[str]:
        """The lines that a job's own text makes of an alert, the headline first. Raises BrokenText."""
        saying = Saying(item.job, mask_order(item.order), item.subjects, item.alert.step)
        try:
            known = variables(saying, self._shop, source.language)
        except LookupError as error:
            raise BrokenText(source.file(source.text), 0, str(error.args[0])) from None
        known["alert"] = _facts(item.alert)
        known["source"] = item.alert.key.source
        known[FORMATS] = self._formats(language, source, zone)
        lines = folded(self._library.fill(source.text, known)).splitlines()
        if not lines:
            raise BrokenText(source.file(source.text), 1, "says nothing")
        return lines

    def _safe_words(self, item: AlertSaying, language: str, zone: str) -> tuple[str, tuple[str, ...]]:
        """Headline and actions; of a text that cannot be filled, what can be said without it."""
        source = self._library.find(language, self._shop.language, item.job.name, WORDS)
        try:
            if source is None:
                raise RenderError(f"{item.job.name} has no {WORDS}.txt")
            first, *rest = self.words(item, source, language, zone)
        except RenderError as error:
            log.warning("an alert is told without its text", job=item.job.name, alert=item.alert.id, why=str(error))
            first, rest = f"{item.job.name} {item.order.id}", [item.alert.what]
        headline = cut(one_line(first).rstrip(_SENTENCE_ENDS), LONGEST_HEADLINE)
        return headline, tuple(line for line in map(str.strip, rest) if line)

    def _told(self, item: AlertSaying, telling: Telling) -> Told:
        alert, order = item.alert, mask_order(item.order)
        headline, actions = self._safe_words(item, telling.agent.language, telling.agent.zone)
        return Told(
            alert.id,
            headline,
            actions,
            alert.urgency,
            alert.opened,
            alert.times,
            alert.risk,
            order=one_line(order.id),
            order_link=order.link if order.link.startswith(("https://", "http://")) else "",
            link="" if telling.over else telling.links([alert.id]),
            by=one_line(alert.by),
            reason=one_line(alert.reason).rstrip(_SENTENCE_ENDS),
        )

    def _formats(self, wanted: str, source: Source, zone: str) -> Any:
        return formats_for(wanted.replace("_", "-"), source.language, zone if zone_named(zone) else self._shop.zone)


def _badness(item: AlertSaying) -> tuple[int, Any, datetime, int]:
    alert = item.alert
    return _WORST.index(alert.urgency), -alert.risk.amount if alert.risk else 0, alert.opened, alert.id


def _facts(alert: Alert) -> AlertFacts:
    what = one_line(alert.what)
    return AlertFacts(alert.id, alert.times, alert.opened, alert.urgency, alert.step + 1, alert.risk, what)


def _shown(extent: Extent, told: Sequence[Told], numbers: Sequence[int], telling: Telling) -> dict[str, Any]:
    """The variables of a frame that says only so much."""
    shown = [replace(one, headline=cut(one.headline, extent.longest)) for one in told[: extent.shown]]
    linked = {Linked.ALL: numbers, Linked.SHOWN: numbers[: len(shown)], Linked.NONE: ()}[extent.linked]
    link = telling.links(linked) if linked and not telling.over else ""
    return {"alert": shown[0], "alerts": shown, "more": len(numbers) - len(shown), "link": link}
