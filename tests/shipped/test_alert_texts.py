"""Every shipped job for the staff has its words in every language, in every kind of channel, and names nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import pytest

from notifier.jobfiles import load_jobs
from notifier.model.job import Job, Subject
from notifier.model.oncall import Agent
from notifier.model.shop import Shop
from notifier.render import AlertSaying, Rendered, Texts, check_texts
from notifier.render.samples import SAMPLE_DAY, SAMPLE_LINK, alert_samples, sample_order
from notifier.rules.sms import measure
from notifier.shipped import shipped
from notifier.tomlfile import Overlay

FOLDER = shipped("templates")
LANGUAGES = ("en", "zh-CN")
KINDS = ("sms", "email", "chat", "voice")
FRAMES = {"sms.txt", "chat.txt", "voice.txt", "email.txt", "email.html", "words.txt"}
JOBS = {
    name: job
    for name, (job, _) in load_jobs([shipped("jobs")], Overlay(), []).items()
    if job.for_staff and not job.digest
}
TEXTS = {
    "en": Texts([FOLDER], Shop(name="Lotus Tea House", zone="Asia/Shanghai")),
    "zh-CN": Texts([FOLDER], Shop(name="云栖茶铺", zone="Asia/Shanghai", language="zh-CN")),
}
EACH = pytest.mark.parametrize(("language", "job"), [(lang, job) for lang in LANGUAGES for job in JOBS.values()])


def link(numbers: Sequence[int]) -> str:
    """A typical link to alerts."""
    return SAMPLE_LINK


def alerts(language: str, job: Job) -> Iterator[tuple[str, AlertSaying]]:
    """The sample alerts of a job that suit the language."""
    other = "an order in Chinese" if language == "en" else "a full order"
    yield from ((name, item) for name, item in alert_samples(job, TEXTS[language].shop) if name != other)


def told(language: str, kind: str, items: Sequence[AlertSaying], over: bool = False) -> Rendered:
    """What an agent gets."""
    agent = Agent("wu", "Wu Lan", language=language)
    return TEXTS[language].render_alerts(kind, agent, items, link, SAMPLE_DAY, over)


def every(language: str, job: Job) -> Iterator[tuple[str, Rendered]]:
    """A job's alert in every way that it can be told."""
    for kind, over in product(KINDS, (False, True)):
        for _, item in alerts(language, job):
            yield kind, told(language, kind, [item], over)


def test_there_are_jobs_for_the_staff() -> None:
    assert {job.name for job in JOBS.values() if job.subject is Subject.SYSTEM} == {
        "message-undeliverable",
        "message-in-doubt",
        "source-silent",
        "source-paused",
        "clock-wrong",
    }


def test_every_language_has_all_the_words() -> None:
    for language in LANGUAGES:
        assert {file.name for file in (FOLDER / language / "alert").iterdir()} == FRAMES
        for name in JOBS:
            assert [file.name for file in (FOLDER / language / name).iterdir()] == ["alert.txt"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_check_finds_nothing(language: str) -> None:
    assert check_texts(TEXTS[language], [replace(job, enabled=True) for job in JOBS.values()]) == []


@EACH
def test_nothing_of_the_template_is_left_over(language: str, job: Job) -> None:
    for _, rendered in every(language, job):
        whole = rendered.subject + rendered.text
        assert not any(mark in whole for mark in ("}}", "%}", "#}"))
        assert not any(mark in whole + rendered.html for mark in ("{{", "{%", "{#", "None", "[]"))
        assert not any(
            mark in whole for mark in ("  ", "\n\n\n", " ,", " .", "..", "。。", "()", "（）", "&#", "&amp;")
        )
        assert rendered.text == rendered.text.strip()
        assert rendered.language == language


@EACH
def test_nobody_is_named(language: str, job: Job) -> None:
    """Alerts stand on lock screens and in chat groups."""
    orders = [sample_order(one) for one in LANGUAGES]
    personal = {part for order in orders for part in (*order.customer.name.split(), order.customer.email)}
    personal |= {"13800138000", "West Lake", "文三路", "501", "310000"}
    for _, rendered in every(language, job):
        assert not [part for part in personal if part in rendered.subject + rendered.text + rendered.html]


@EACH
def test_a_headline_is_short_and_what_to_do_is_told(language: str, job: Job) -> None:
    texts = TEXTS[language]
    for name, item in alerts(language, job):
        headline = texts.alerts.headline(item, language)
        assert 8 <= len(headline) <= 90, (name, headline)
        (source,) = filter(None, [texts.library.source(language, job.name, "alert")])
        first, _, *actions = texts.alerts.words(item, source, language)
        assert first == headline
        assert 1 <= len([line for line in actions if line]) <= 6, name
        assert all(len(line) <= 200 for line in actions), name


@EACH
def test_an_sms_is_short_and_says_how_to_answer(language: str, job: Job) -> None:
    for name, item in alerts(language, job):
        sms = told(language, "sms", [item]).text
        size = measure(sms)
        assert size.parts <= (2 if language == "en" else 3), (name, sms)
        assert sms.endswith(SAMPLE_LINK)
        assert ("123a" in sms, "123c" in sms, "\n" in sms) == (True, True, False)
        if language == "en":
            assert size.encoding == "GSM-7", (name, sms)
        else:
            assert sms.startswith("【云栖茶铺】")
            without = TEXTS[language].render_alerts("sms", Agent("li"), [item], lambda _: "", SAMPLE_DAY)
            assert measure(without.text).parts <= 2, (name, without.text)


@EACH
def test_hundreds_of_a_job_fit_into_one_message(language: str, job: Job) -> None:
    _, item = next(iter(alerts(language, job)))
    items = [AlertSaying(job, item.order, item.subjects, replace(item.alert, id=n)) for n in range(1, 401)]
    for over in (False, True):
        assert measure(told(language, "sms", items, over).text).parts <= 3
        assert len(told(language, "chat", items, over).text.encode()) <= 2000
        assert len(told(language, "email", items, over).html) < 64_000


class Tags(HTMLParser):
    """Collects tags that were opened or closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("count", "over"), [(1, False), (1, True), (3, False), (3, True)])
def test_pages_are_whole_and_load_nothing(language: str, count: int, over: bool) -> None:
    _, item = next(iter(alerts(language, JOBS["source-paused"])))
    page = told(language, "email", [replace(item, alert=replace(item.alert, id=n)) for n in range(count)], over).html
    tags = Tags()
    tags.feed(page)
    assert (tags.open, tags.wrong) == ([], [])
    assert f'<html lang="{language}"' in page
    assert not any(word in page for word in ("<img", "<script", "<link", "@import", "url(", 'href=""'))
