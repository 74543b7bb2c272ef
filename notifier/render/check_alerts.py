"""The check of what the staff is told: each job's own text, and the frames that all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from notifier.errors import Problem
from notifier.model.job import Job
from notifier.model.oncall import Agent
from notifier.render.alerts import FRAMES, WORDS, Telling, Told
from notifier.render.broken import BrokenText
from notifier.render.check_reviews import check_reviews
from notifier.render.fitting import LONGEST_HEADLINE, MOST_CHAT_BYTES, MOST_SMS_PARTS
from notifier.render.known_names import FRAMES as FRAME_NAMES
from notifier.render.known_names import STAFF, check_names
from notifier.render.library import Source
from notifier.render.rendered import Rendered
from notifier.render.samples import SAMPLE_DAY, SAMPLE_LINK, alert_samples, sample_alerts
from notifier.render.texts import Texts
from notifier.rules.sms import measure
from notifier.rules.wording import Wording, signed

KINDS = ("sms", "email", "chat", "voice")
"""The kinds of channel that alerts go by."""
_FLOOD = 400


def check_alert_texts(texts: Texts, jobs: Iterable[Job], wording: Wording) -> Iterator[Problem]:
    """Every mistake in the texts of these jobs, and in the frames, which are looked at once if there is any job.

    1. Is there a text in every language that has the job, and a frame in every one that has frames?
    2. Names that no text can have; what is personal is none here.
    3. Nothing is offered for a review, nor a good one asked for.
    4. Filled with samples: a headline that stands alone in the first line and is not too long.
    5. The frames with one alert and with hundreds, of the longest headlines: do they fit, and say how to answer?
    """
    staffed = list(jobs)
    for job in staffed:
        for source in _sources(texts, job.name, WORDS):
            if isinstance(source, Problem):
                yield source
            else:
                yield from check_names(texts.library, source, STAFF, job.name)
                yield from check_reviews(texts.library, source, wording, job.name)
                yield from _words(texts, job, source)
    for kind in KINDS if staffed else ():
        for source in _sources(texts, FRAMES, kind):
            if isinstance(source, Problem):
                yield source
            else:
                yield from check_names(texts.library, source, FRAME_NAMES, FRAMES)
                yield from _frames(texts, source, kind)


def _sources(texts: Texts, name: str, kind: str) -> Iterator[Source | Problem]:
    """What is there in each language, and a problem where a language has the rest of it, or nobody has anything."""
    library = texts.library
    if texts.find("", name, kind) is None:
        yield _missing(texts, texts.shop.language, name, kind)
    for language in texts.languages:
        source = library.source(language, name, kind)
        if source is not None:
            yield source
        elif name in library.jobs(language):
            yield _missing(texts, language, name, kind)


def _missing(texts: Texts, language: str, name: str, kind: str) -> Problem:
    file = (texts.library.folders or (Path(),))[0] / language / name / f"{kind}.txt"
    return Problem(file, 0, name, "is missing: the staff is alerted with it")


def _words(texts: Texts, job: Job, source: Source) -> Iterator[Problem]:
    file = source.file(source.text)
    for name, sample in alert_samples(job, texts.shop):
        try:
            first, *rest = texts.alerts.words(sample, source, source.language)
        except BrokenText as error:
            yield Problem(error.file, error.line, job.name, error.fault)
            continue
        if len(first) > LONGEST_HEADLINE:
            long = f"its first line has {len(first)} characters with {name}"
            yield Problem(file, 1, job.name, f"{long}; at most {LONGEST_HEADLINE} are allowed")
        if rest and rest[0]:
            yield Problem(file, 1, job.name, f"an empty line must follow the first one; there is none with {name}")


@dataclass(frozen=True, slots=True)
class _Try:
    """A frame filled with samples: `about` says with which."""

    source: Source
    kind: str
    over: bool
    about: str
    rendered: Rendered


def _frames(texts: Texts, source: Source, kind: str) -> Iterator[Problem]:
    file = source.file(source.text)
    for over in (False, True):
        for about, told, count in sample_alerts(source.language, _FLOOD):
            try:
                rendered = _framed(texts, source, kind, told, count, over)
            except BrokenText as error:
                yield Problem(error.file, error.line, FRAMES, error.fault)
                continue
            for message in _rules(_Try(source, kind, over, about, rendered)):
                yield Problem(file, 1, FRAMES, message)


def _framed(texts: Texts, source: Source, kind: str, told: list[Told], count: int, over: bool) -> Rendered:
    agent = Agent("anna", "Anna", language=source.language)
    numbers = [told[0].number + number for number in range(count)]
    link = "" if told[0].link == "" else SAMPLE_LINK
    return texts.alerts.framed(Telling(kind, agent, lambda _: link, SAMPLE_DAY, over), told, numbers)


def _rules(tried: _Try) -> Iterator[str]:
    text = tried.rendered.text
    if tried.kind == "chat" and len(text.encode()) > MOST_CHAT_BYTES:
        yield f"is {len(text.encode())} bytes long with {tried.about}; at most {MOST_CHAT_BYTES} are allowed"
    if tried.kind == "sms":
        if (size := measure(text)).parts > MOST_SMS_PARTS:
            yield f"is {size.parts} parts long with {tried.about}; at most {MOST_SMS_PARTS} are allowed"
        if not tried.over and "123a" not in text:
            yield "must say how to answer: {{ alert.number }}a takes it, {{ alert.number }}c closes it"
        if tried.source.language.startswith("zh") and not signed(text):
            yield "must begin with its sender: 【{{ shop.name }}】"
