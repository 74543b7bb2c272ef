"""Every shipped job has every text in every language, and each of them is fit to be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from notifier.jobfiles import load_jobs
from notifier.model.job import Job, Purpose
from notifier.model.shop import Shop
from notifier.render import Rendered, Texts, check_texts
from notifier.render.samples import Sample, samples
from notifier.rules.sms import measure
from notifier.rules.wording import Wording
from notifier.shipped import shipped
from notifier.tomlfile import Overlay

FOLDER = shipped("templates")
LANGUAGES = ("en", "zh-CN")
FRAMES = "alert"
EVERY = {name: job for name, (job, _) in load_jobs([shipped("jobs")], Overlay(), []).items() if not job.digest}
JOBS = {name: job for name, job in EVERY.items() if not job.for_staff}
FILES = {
    name: {"alert.txt"} if job.for_staff else {"email.txt", "email.html", "sms.txt", "chat.txt"}
    for name, job in EVERY.items()
}
SHOPS = {
    "en": Shop(
        name="Lotus Tea House",
        zone="Asia/Shanghai",
        contact="help@example.com",
        public_url="https://shop.example.com",
        return_address="12 West Lake Road, Hangzhou",
        return_carriers="SF Express, EMS",
        greetings={date(2026, 2, 17): "春节"},
    ),
    "zh-CN": Shop(
        name="云栖茶铺",
        zone="Asia/Shanghai",
        contact="help@example.com",
        public_url="https://shop.example.com",
        return_address="杭州市西湖区文三路138号 售后部 0571-88888888",
        return_carriers="顺丰、中通、邮政EMS",
        greetings={date(2026, 2, 17): "春节"},
    ),
}
BARE = Shop(name="x", language="zh-CN")
TEXTS = {language: Texts([FOLDER], shop) for language, shop in SHOPS.items()}
BARE_TEXTS = Texts([FOLDER], BARE)
EACH = pytest.mark.parametrize(("language", "job"), [(lang, job) for lang in LANGUAGES for job in JOBS.values()])


def said(language: str, job: Job, kind: str, texts: Texts | None = None) -> Iterator[tuple[Sample, Rendered]]:
    """A text with every sample order that suits its language."""
    texts = texts or TEXTS[language]
    other = "an order in Chinese" if language == "en" else "a full order"
    for sample in samples(job, texts.shop):
        if sample.name != other:
            yield (
                sample,
                texts.render(job, sample.order, kind, sample.subjects, sample.step, sample.occurrence, language),
            )


def test_every_language_has_the_same_files() -> None:
    for language in LANGUAGES:
        folders = {
            path.name: {file.name for file in path.iterdir()}
            for path in (FOLDER / language).iterdir()
            if path.is_dir() and path.name != FRAMES
        }
        assert folders == FILES
    assert {p.name for p in (FOLDER / "en").iterdir()} == {p.name for p in (FOLDER / "zh-CN").iterdir()}


@pytest.mark.parametrize("texts", [*TEXTS.values(), BARE_TEXTS], ids=["en", "zh-CN", "bare"])
def test_the_check_finds_nothing(texts: Texts) -> None:
    everywhere = [replace(job, channels=("sms", "email", "chat"), enabled=True) for job in EVERY.values()]
    assert check_texts(texts, everywhere, wording=Wording(sms_parts=2)) == []


@EACH
@pytest.mark.parametrize("kind", ["sms", "email", "chat"])
def test_nothing_of_the_template_is_left_over(language: str, job: Job, kind: str) -> None:
    for texts in (TEXTS[language], BARE_TEXTS):
        for _, rendered in said(language, job, kind, texts):
            whole = rendered.subject + rendered.text
            assert not any(mark in whole for mark in ("{{", "}}", "{%", "%}", "{#", "#}", "None", "[]"))
            assert not any(mark in rendered.html for mark in ("{{", "{%", "{#", "None", "[]"))
            assert not any(mark in whole for mark in ("  \n", "\n\n\n", " ,", " .", "()", "（）", "&#", "&amp;"))
            assert rendered.text == rendered.text.strip()
            assert rendered.language == language


@EACH
def test_sms_are_short(language: str, job: Job) -> None:
    for sample, rendered in said(language, job, "sms"):
        size = measure(rendered.text)
        if language == "en":
            assert (size.encoding, size.parts) == ("GSM-7", 1), (sample.name, rendered.text)
            assert all(letter.isascii() or letter == "¥" for letter in rendered.text)
        else:
            assert size.parts <= 2, (sample.name, rendered.text)
        assert "\n" not in rendered.text


@EACH
def test_chinese_sms_are_signed_and_marketing_can_be_refused(language: str, job: Job) -> None:
    for _, rendered in said(language, job, "sms"):
        assert rendered.text.startswith("【云栖茶铺】" if language == "zh-CN" else "Lotus Tea House: ")
        refusal = "拒收请回复R" if language == "zh-CN" else "Reply STOP to opt out"
        assert rendered.text.endswith(refusal) == (job.purpose is Purpose.MARKETING)


class Tags(HTMLParser):
    """Collects tags that were opened or closed out of order."""

    VOID = frozenset({"meta", "br", "img", "hr", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@EACH
def test_pages_are_whole_and_load_nothing(language: str, job: Job) -> None:
    for _, rendered in said(language, job, "email"):
        tags = Tags()
        tags.feed(rendered.html)
        assert (tags.open, tags.wrong) == ([], [])
        assert f'<html lang="{language}"' in rendered.html
        assert not any(word in rendered.html for word in ("<img", "<script", "<link", "@import", "url(", 'href=""'))
        assert len(rendered.html) < 24_000
        assert max(map(len, rendered.html.splitlines())) < 998, "a longer line has to be encoded (RFC 5322)"
        assert rendered.subject
        assert len(rendered.subject) < 90


@EACH
def test_words_and_page_say_the_same(language: str, job: Job) -> None:
    """What a text names – order, amount, numbers – stands in both halves of an e-mail."""
    for sample, rendered in said(language, job, "email"):
        order = sample.order
        facts = [order.link, *(parcel.number for parcel in order.parcels if parcel.id in sample.subjects)]
        for fact in filter(None, facts):
            assert (fact in rendered.text) == (fact in rendered.html)


def test_reviews_are_asked_for_in_neutral_words() -> None:
    for language in LANGUAGES:
        for _, rendered in said(language, JOBS["review-request"], "email"):
            assert not any(word in rendered.text for word in ("好评", "五星", "5 star", "positive"))


def test_the_return_deadline_names_what_qualifies() -> None:
    for language, stays, qualifies in (("en", "Tea cake", "Oolong tea"), ("zh-CN", "现做茶点", "乌龙茶")):
        _, rendered = next(iter(said(language, JOBS["return-deadline"], "email")))
        for half in (rendered.text, rendered.html):
            assert qualifies in half
            assert stays not in half


def test_merged_parcels_are_listed() -> None:
    for language in LANGUAGES:
        for kind in ("sms", "email", "chat"):
            merged = [r for s, r in said(language, JOBS["shipment-notice"], kind) if len(s.subjects) == 2]
            assert merged
            for rendered in merged:
                assert "SF140000000001" in rendered.text
                assert "SF140000000002" in rendered.text
                assert "SF140000000003" not in rendered.text


def test_a_refund_says_how_much_and_where_to() -> None:
    wanted = {"en": ("CN¥1,288.00", "your Alipay account"), "zh-CN": ("¥1,288.00", "您的支付宝账户")}
    for language, facts in wanted.items():
        for kind in ("sms", "email", "chat"):
            full = [r for s, r in said(language, JOBS["refund-done"], kind) if s.order.total]
            assert full
            assert all(fact in rendered.text for rendered in full for fact in facts)


def test_a_confirmation_masks_address_and_phone() -> None:
    for language in LANGUAGES:
        for kind in ("email", "chat"):
            _, rendered = next(iter(said(language, JOBS["order-confirmation"], kind)))
            assert "+86138****8000" in rendered.text
            assert "13800138000" not in rendered.text + rendered.html
            assert "310000" not in rendered.text + rendered.html
            assert "501室" not in rendered.text + rendered.html


@pytest.mark.parametrize(
    ("greeting", "english", "chinese"),
    [
        ("春节", "Happy Lunar New Year from", "春节快乐！"),
        ("端午节", "Happy Dragon Boat Festival from", "端午节安康！"),
        ("Mid-Autumn Festival", "Happy Mid-Autumn Festival from", "中秋节快乐！"),
        ("Shop birthday", "Happy Shop birthday from", "Shop birthday快乐！"),
        ("", "Warm wishes from", "一声问候！"),
    ],
)
def test_greetings_are_native(greeting: str, english: str, chinese: str) -> None:
    for language, expected in (("en", english), ("zh-CN", chinese)):
        texts = Texts([FOLDER], replace(SHOPS[language], greetings={date(2026, 2, 17): greeting}))
        for _, rendered in said(language, JOBS["holiday-greeting"], "email", texts):
            assert rendered.subject.startswith(expected)
