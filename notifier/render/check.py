"""The check of all texts: each is filled with sample orders, and what it says is held against the rules of wording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from notifier.errors import Problem
from notifier.model.job import Job, Purpose
from notifier.render.broken import BrokenText
from notifier.render.check_alerts import check_alert_texts
from notifier.render.check_reviews import check_reviews
from notifier.render.known_names import CUSTOMERS, check_names
from notifier.render.library import Source
from notifier.render.rendered import Rendered
from notifier.render.samples import Sample, samples
from notifier.render.texts import Texts
from notifier.rules.sms import measure
from notifier.rules.wording import Wording, refusable, signed

KINDS = ("sms", "email", "chat")
_DEFAULTS = Wording()


@dataclass(frozen=True, slots=True)
class _Case:
    """The texts of one job for one kind of channel in one language."""

    texts: Texts
    job: Job
    kind: str
    source: Source
    wording: Wording


def check_texts(
    texts: Texts, jobs: Iterable[Job], kinds: Mapping[str, str] | None = None, wording: Wording = _DEFAULTS
) -> list[Problem]:
    """Every mistake in the texts of the enabled jobs, with its file and line.

    `kinds` says which kind of channel a configured name is; the kinds themselves stand for themselves, and names that
    are unknown are left to the check of the settings. A text is also compiled and kept by this, so that a daemon that
    checked its texts fills the first one as fast as the last.

    1. For every job, kind and language: is there a text, if only in another language?
    2. Names that no text can have, wherever they stand, also in branches that no sample takes.
    3. Filled with orders that have everything, and with ones that have hardly anything.
    4. What it says then: sign, refusal, length of an SMS; and never a reward for a review.

    Jobs for the staff have texts of their own kind (`check_alert_texts`), and all digests have their words together.
    """
    known = {**{kind: kind for kind in KINDS}, **(kinds or {})}
    enabled = [job for job in jobs if job.enabled and not job.digest]
    problems = set(check_alert_texts(texts, (job for job in enabled if job.for_staff), wording))
    for job in enabled:
        if not job.for_staff:
            for kind in sorted({known[name] for name in job.channels if name in known}):
                problems.update(_check(texts, job, kind, wording))
    return sorted(problems)


def _check(texts: Texts, job: Job, kind: str, wording: Wording) -> Iterator[Problem]:
    sources: set[Source] = set()
    if texts.find("", job.name, kind) is None:
        yield _missing(texts, texts.shop.language, job, kind)
    for language in texts.languages:
        own = texts.library.source(language, job.name, kind)
        if own is None and job.name in texts.library.jobs(language):
            yield _missing(texts, language, job, kind)
        if source := own or texts.find(language, job.name, kind):
            sources.add(source)
    for source in sorted(sources, key=lambda source: source.text):
        case = _Case(texts, job, kind, source, wording)
        yield from check_names(texts.library, source, CUSTOMERS, job.name)
        yield from check_reviews(texts.library, source, wording, job.name)
        yield from _tries(case)


def _missing(texts: Texts, language: str, job: Job, kind: str) -> Problem:
    name = "email.txt" if kind == "email" else f"{kind}.txt"
    file = (texts.library.folders or (Path(),))[0] / language / job.name / name
    return Problem(file, 0, job.name, f"is missing: the job writes to customers by {kind}")


def _tries(case: _Case) -> Iterator[Problem]:
    for sample in samples(case.job, case.texts.shop):
        try:
            rendered = _render(case, sample)
        except BrokenText as error:
            yield Problem(error.file, error.line, case.job.name, error.fault)
            continue
        file = case.source.file(case.source.text)
        for message in _rules(case, sample, rendered):
            yield Problem(file, 1, case.job.name, message)


def _render(case: _Case, sample: Sample) -> Rendered:
    return case.texts.render(
        case.job, sample.order, case.kind, sample.subjects, sample.step, sample.occurrence, case.source.language
    )


def _rules(case: _Case, sample: Sample, rendered: Rendered) -> Iterator[str]:
    if case.job.purpose is Purpose.MARKETING and not refusable(rendered.text, case.wording):
        yield "must say how to refuse more of its kind, because its purpose is marketing (“Reply STOP”, “拒收请回复R”)"
    if case.kind == "sms":
        yield from _sms_rules(case, sample, rendered.text)


def _sms_rules(case: _Case, sample: Sample, text: str) -> Iterator[str]:
    if case.source.language.startswith("zh") and not signed(text):
        yield "must begin with its sender: 【{{ shop.name }}】"
    size = measure(text)
    if size.parts > case.wording.sms_parts:
        long = f"is {size.parts} parts long with {sample.name} ({size.encoding}, {size.length} characters)"
        yield f"{long}; at most {case.wording.sms_parts} are allowed"
