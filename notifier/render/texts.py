"""From a job and an order to a text: language, variables, templates, subject, headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from notifier.model.job import Job, Purpose
from notifier.model.oncall import Agent
from notifier.model.order import Order
from notifier.model.shop import Shop
from notifier.render.alerts import AlertSaying, AlertTexts, Telling
from notifier.render.broken import BrokenText
from notifier.render.context import Saying, variables
from notifier.render.formats import formats_for, zone_named
from notifier.render.library import Library, Source
from notifier.render.rendered import Rendered, folded, split_subject
from notifier.render.sandbox import FORMATS

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
_ADVERTISEMENT = {"zh": "广告"}


class Texts:
    """Every text of the program. The first folder that has a text serves it: the user's own before the shipped one."""

    def __init__(self, folders: Sequence[Path], shop: Shop) -> None:
        self.shop = shop
        self.library = Library(folders)
        self.alerts = AlertTexts(self.library, shop)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages there are folders for."""
        return self.library.languages

    def find(self, language: str, job: str, kind: str) -> Source | None:
        """The templates that serve a reader of `language`: theirs, else the shop's language, else English."""
        return self.library.find(language, self.shop.language, job, kind)

    def render(
        self,
        job: Job,
        order: Order,
        kind: str,
        subjects: Sequence[str] = (),
        step: int = 0,
        occurrence: str = "",
        language: str | None = None,
    ) -> Rendered:
        """The text of one message.

        `kind` is the channel's: "sms", "email" or "chat". `subjects` are the ids of the parcels, cases or reviews it
        is about, `step` counts from 0, `occurrence` is the local date of a greeting; `language` overrides the
        customer's. Raises RenderError, which names the template and line and never what customers wrote.

        1. Find the templates for the reader's language.
        2. Collect the variables, made harmless.
        3. Fill text and HTML; take the subject off the text of an e-mail.
        """
        saying = Saying(job, order, subjects, step, occurrence)
        wanted = (language or order.customer.language).replace("_", "-")
        source = self.find(wanted, job.name, kind)
        if source is None:
            raise BrokenText(Path(self.shop.language) / job.name / kind, 0, f"{job.name} has no text for {kind}")
        known = self._variables(saying, source, wanted)
        text = folded(self.library.fill(source.text, known))
        if kind != "email":
            return Rendered("", text, language=source.language)
        subject, body = split_subject(text, source)
        html = self.library.fill(source.html, known) if source.html else ""
        marketing = job.purpose is Purpose.MARKETING
        if marketing:
            subject = self._marked(subject, source.language)
        return Rendered(subject, body, html, source.language, self._headers() if marketing else {})

    def render_alerts(
        self,
        kind: str,
        agent: Agent,
        items: Sequence[AlertSaying],
        links: Callable[[Sequence[int]], str],
        now: datetime,
        over: bool = False,
    ) -> Rendered:
        """What an agent is told: one alert in full, or several, the worst first; with `over`, that they have ended.

        `kind` is "sms", "email", "chat" or "voice"; `links` gives the address of a page for these alerts' numbers, or
        "". Raises BrokenText when a frame cannot be filled. A job's own text never keeps an alert back: one that
        cannot be filled is told by its job's and order's names.
        """
        return self.alerts.render(Telling(kind, agent, links, now, over), items)

    def _variables(self, saying: Saying, source: Source, wanted: str) -> dict[str, Any]:
        zone = saying.order.customer.zone
        try:
            known = variables(saying, self.shop, source.language)
        except LookupError as error:
            raise BrokenText(source.file(source.text), 0, str(error.args[0])) from None
        known[FORMATS] = formats_for(wanted, source.language, zone if zone_named(zone) else self.shop.zone)
        return known

    def _marked(self, subject: str, language: str) -> str:
        """Commercial e-mail in China is marked as such in its subject (MII order 38, art. 13)."""
        if self.shop.calendar.country != "CN" or subject.startswith(("广告", "AD")):
            return subject
        return f"{_ADVERTISEMENT.get(language[:2], 'AD')} {subject}"

    def _headers(self) -> dict[str, str]:
        """How a mail program offers to refuse marketing (RFC 2369)."""
        if not _ADDRESS.fullmatch(self.shop.contact):
            return {}
        return {"List-Unsubscribe": f"<mailto:{self.shop.contact}?subject=unsubscribe>"}
