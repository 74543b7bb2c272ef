"""Texts: which template serves whom, what it sees, and that nothing strangers write does any harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import RenderError
from notifier.model.duration import parse_duration
from notifier.model.job import Job, Purpose, Step
from notifier.model.order import CaseKind, Customer, Line, Money, Order
from notifier.model.shop import Shop, WorkCalendar
from notifier.render import BrokenText, Rendered, Texts
from notifier.render.context import harmless
from notifier.render.formats import formats_for
from tests.fakes.orders import PLACED, make_case, make_customer, make_job, make_order, make_parcel

SHOP = Shop(name="Tea House", zone="Asia/Shanghai", contact="help@example.com")
JOB = make_job()


def texts_of(folder: Path, files: Mapping[str, str], shop: Shop = SHOP) -> Texts:
    """Texts of one folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return Texts([folder], shop)


def sms(folder: Path, template: str, order: Order | None = None, job: Job = JOB, shop: Shop = SHOP) -> str:
    """What an SMS template makes of an order."""
    return texts_of(folder, {f"en/{job.name}/sms.txt": template}, shop).render(job, order or make_order(), "sms").text


def email(folder: Path, text: str, html: str = "", order: Order | None = None, job: Job = JOB) -> Rendered:
    """What a pair of e-mail templates makes of an order."""
    files = {f"en/{job.name}/email.txt": text} | ({f"en/{job.name}/email.html": html} if html else {})
    return texts_of(folder, files).render(job, order or make_order(), "email")


# Which template


def test_the_users_text_comes_before_the_shipped_one(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    texts_of(own, {"en/unpaid-nudge/sms.txt": "own"})
    texts_of(shipped, {"en/unpaid-nudge/sms.txt": "shipped", "en/unpaid-nudge/chat.txt": "shipped"})
    texts = Texts([own, shipped, tmp_path / "absent"], SHOP)
    assert texts.render(JOB, make_order(), "sms").text == "own"
    assert texts.render(JOB, make_order(), "chat").text == "shipped"


def test_a_replaced_text_does_not_take_the_shipped_page_with_it(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    texts_of(own, {"en/unpaid-nudge/email.txt": "Subject: own\n\nown"})
    texts_of(shipped, {"en/unpaid-nudge/email.txt": "Subject: s\n\ns", "en/unpaid-nudge/email.html": "<p>shipped</p>"})
    rendered = Texts([own, shipped], SHOP).render(JOB, make_order(), "email")
    assert (rendered.text, rendered.html) == ("own", "")


def test_a_page_alone_lacks_its_text(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, {"en/unpaid-nudge/email.html": "<p>page</p>"})
    with pytest.raises(BrokenText, match=r"there is no template 'en/unpaid-nudge/email.txt'"):
        texts.render(JOB, make_order(), "email")


@pytest.mark.parametrize(
    ("wanted", "shop_language", "expected"),
    [
        ("zh-CN", "en", "zh-CN"),
        ("zh_CN", "en", "zh-CN"),
        ("zh-Hans-CN", "en", "zh-CN"),
        ("zh", "en", "zh-CN"),
        ("ZH-TW", "en", "zh-CN"),
        ("en-GB", "zh-CN", "en"),
        ("fr", "zh-CN", "zh-CN"),
        ("fr-CA", "de", "en"),
        ("", "zh-CN", "zh-CN"),
        ("../../etc", "en", "en"),
    ],
)
def test_the_language_nearest_to_the_reader_is_taken(
    tmp_path: Path, wanted: str, shop_language: str, expected: str
) -> None:
    files = {f"{language}/unpaid-nudge/sms.txt": language for language in ("en", "zh-CN")}
    texts = texts_of(tmp_path, files, replace(SHOP, language=shop_language))
    order = make_order(customer=make_customer(language=wanted))
    rendered = texts.render(JOB, order, "sms")
    assert (rendered.text, rendered.language) == (expected, expected)


def test_a_language_that_is_asked_for_wins_over_the_customers(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, {"en/unpaid-nudge/sms.txt": "en", "zh-CN/unpaid-nudge/sms.txt": "zh"})
    assert texts.render(JOB, make_order(), "sms", language="zh-CN").text == "zh"
    assert texts.languages == ("en", "zh-CN")


def test_without_any_text_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="unpaid-nudge has no text for chat"):
        texts_of(tmp_path, {"en/other/sms.txt": "x"}).render(JOB, make_order(), "chat")


def test_files_are_read_once(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, {"en/unpaid-nudge/sms.txt": "before"})
    assert texts.render(JOB, make_order(), "sms").text == "before"
    texts_of(tmp_path, {"en/unpaid-nudge/sms.txt": "after"})
    assert texts.render(JOB, make_order(), "sms").text == "before"


def test_templates_find_their_neighbours(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    texts_of(
        shipped, {"frame.html": "<i>{% block x %}{% endblock %}</i>", "en/frame.html": '{% extends "../frame.html" %}'}
    )
    page = '{% extends "../frame.html" %}{% block x %}{{ order.id }}{% endblock %}'
    texts_of(own, {"en/unpaid-nudge/email.txt": "Subject: s\n\nt", "en/unpaid-nudge/email.html": page})
    assert Texts([own, shipped], SHOP).render(JOB, make_order(), "email").html == "<i>1001</i>"


@pytest.mark.parametrize(
    "name", ["../../../secret.txt", "../../../../secret.txt", "en/../../secret.txt", "{}/secret.txt"]
)
def test_templates_do_not_leave_their_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(BrokenText, match="there is no template"):
        sms(tmp_path / "templates", f'{{% include "{name.format(tmp_path)}" %}}')


@pytest.mark.parametrize("name", ["@7/en/x.txt", "@", ""])
def test_templates_cannot_name_what_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(BrokenText, match=r"sms\.txt:1: "):
        sms(tmp_path, f'{{% include "{name}" %}}')


# What it sees


def test_times_are_the_readers(tmp_path: Path) -> None:
    template = "{{ order.placed | day_and_time }}"
    assert sms(tmp_path, template) == "Sun, Mar 1, 5:00 PM"
    berlin = make_order(customer=make_customer(zone="Europe/Berlin", language="en-GB"))
    assert sms(tmp_path, template, berlin) == "Sun 1 Mar, 10:00"
    nowhere = make_order(customer=make_customer(zone="Mars/Olympus"))
    assert sms(tmp_path, template, nowhere) == "Sun, Mar 1, 5:00 PM"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "March 1, 2026|5:00 PM|March 1, 2026, 5:00 PM|Sun, Mar 1, 5:00 PM|CN¥1,288.50"),
        ("zh-CN", "2026年3月1日|17:00|2026年3月1日 17:00|3月1日周日 17:00|¥1,288.50"),
        ("de", "1. März 2026|17:00|1. März 2026, 17:00|So., 1. März, 17:00|1.288,50 CN¥"),
        ("xx", "March 1, 2026|5:00 PM|March 1, 2026, 5:00 PM|Sun, Mar 1, 5:00 PM|CN¥1,288.50"),
    ],
)
def test_every_language_writes_in_its_own_way(language: str, expected: str) -> None:
    formats = formats_for(language, language, "Asia/Shanghai")
    shown = (formats.long_date, formats.time, formats.date_and_time, formats.day_and_time)
    assert "|".join([*(show(PLACED) for show in shown), formats.money(Money(Decimal("1288.5"), "CNY"))]) == expected


def test_a_deadline_at_midnight_is_the_end_of_the_day_before() -> None:
    formats = formats_for("zh-CN", "zh-CN", "Asia/Shanghai")
    assert formats.until(datetime(2026, 11, 8, 16, tzinfo=UTC)) == "11月8日周日 23:59"
    assert formats.until(datetime(2026, 11, 8, 16, 1, tzinfo=UTC)) == "11月9日周一 00:01"


def test_a_message_about_parcels_knows_which(tmp_path: Path) -> None:
    template = (
        "{{ parcels | map(attribute='number') | join(' ') }} {{ parcel.id }} {{ parcel_number }} "
        "{{ parcel_numbers | join(',') }} of {{ parcel_count }}"
    )
    voided = make_parcel(9, voided=True)
    order = make_order(parcels=(voided, *map(make_parcel, (1, 2, 3))))
    job = make_job("shipment-notice", "parcel.shipped", "0s after")
    texts = texts_of(tmp_path, {"en/shipment-notice/sms.txt": template})
    assert texts.render(job, order, "sms", subjects=["p3", "p2"]).text == "SF1002 SF1003 p2 2 2,3 of 3"
    unnamed = texts.render(job, make_order(parcels=(make_parcel(1), make_parcel(2, shipped=None))), "sms")
    assert unnamed.text == "SF1001 p1 1 1 of 2"


@pytest.mark.parametrize("subjects", [["gone"], ["p1", "gone"]])
def test_a_part_that_is_gone_is_not_written_about(tmp_path: Path, subjects: list[str]) -> None:
    texts = texts_of(tmp_path, {"en/shipment-notice/sms.txt": "x"})
    job = make_job("shipment-notice", "parcel.shipped", "0s after")
    with pytest.raises(RenderError, match="the parcel that it is about is not in the order"):
        texts.render(job, make_order(parcels=(make_parcel(),)), "sms", subjects=subjects)


def test_cases_reviews_steps_and_deadlines(tmp_path: Path) -> None:
    template = "{{ case.kind }} {{ deadline | time }} {{ step }} {{ last_step }} {{ review is none }} {{ purpose }}"
    job = make_job("j", "case.closes_by", "24h before")
    job = replace(job, steps=(*job.steps, Step(parse_duration("1h"), before=True)))
    order = make_order(cases=(make_case(CaseKind.EXCHANGE, closes_by=PLACED),))
    texts = texts_of(tmp_path, {"en/j/sms.txt": template})
    assert texts.render(job, order, "sms", ["c1"]).text == "exchange 5:00 PM 1 False True service"
    assert texts.render(job, order, "sms", ["c1"], step=1).text == "exchange 5:00 PM 2 True True service"


def test_a_deadline_is_known_only_before_it(tmp_path: Path) -> None:
    assert sms(tmp_path, "{{ deadline is none }}") == "True"


def test_lines_that_can_be_returned(tmp_path: Path) -> None:
    template = "{{ lines | length }} {{ returnable_lines | map(attribute='title') | join }}"
    assert sms(tmp_path, template) == "2 Oolong tea"


@pytest.mark.parametrize(("occurrence", "expected"), [("2026-02-17", "春节"), ("2026-02-18", ""), ("", ""), ("x", "")])
def test_a_greeting_has_the_name_of_its_day(tmp_path: Path, occurrence: str, expected: str) -> None:
    shop = replace(SHOP, greetings={date(2026, 2, 17): "春节"})
    job = make_job("holiday-greeting", "calendar.greetings", "0s after")
    texts = texts_of(tmp_path, {"en/holiday-greeting/sms.txt": "{{ greeting }}"}, shop)
    assert texts.render(job, make_order(), "sms", occurrence=occurrence).text == expected


# E-mail


def test_the_first_line_is_the_subject(tmp_path: Path) -> None:
    rendered = email(tmp_path, "Subject: Order {{ order.id }}\n\nHello\n", "<p>{{ customer.name }}</p>")
    assert rendered == Rendered("Order 1001", "Hello", "<p>Anna Smith</p>", "en", {})


def test_blank_lines_left_by_branches_are_folded(tmp_path: Path) -> None:
    text = "Subject: s\n\na  \n{% if order.note %}\nnote\n{% endif %}\n\n\n{{ '' }}\n\nb\n"
    assert email(tmp_path, text).text == "a\n\nb"


@pytest.mark.parametrize("text", ["Hello\n\nthere", "Subject:\n\nHello", "subject: x\n\nHello"])
def test_a_mail_without_a_subject_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BrokenText, match=r"email\.txt:1: the first line of an e-mail must be 'Subject: …'"):
        email(tmp_path, text)


@pytest.mark.parametrize(
    ("country", "language", "purpose", "subject"),
    [
        ("CN", "en", Purpose.MARKETING, "AD News"),
        ("CN", "zh-CN", Purpose.MARKETING, "广告 News"),
        ("CN", "en", Purpose.SERVICE, "News"),
        ("DE", "en", Purpose.MARKETING, "News"),
    ],
)
def test_advertising_in_china_says_so(
    tmp_path: Path, country: str, language: str, purpose: Purpose, subject: str
) -> None:
    shop = replace(SHOP, calendar=WorkCalendar(country))
    texts = texts_of(tmp_path, {f"{language}/revisit/email.txt": "Subject: News\n\nx"}, shop)
    job = make_job("revisit", purpose=purpose)
    assert texts.render(job, make_order(), "email", language=language).subject == subject


def test_a_subject_is_marked_once(tmp_path: Path) -> None:
    shop = replace(SHOP, calendar=WorkCalendar("CN"))
    texts = texts_of(tmp_path, {"en/revisit/email.txt": "Subject: AD News\n\nx"}, shop)
    assert texts.render(make_job("revisit", purpose=Purpose.MARKETING), make_order(), "email").subject == "AD News"


@pytest.mark.parametrize(
    ("contact", "headers"),
    [
        ("help@example.com", {"List-Unsubscribe": "<mailto:help@example.com?subject=unsubscribe>"}),
        ("+86 571 8888", {}),
        ("a@example.com>, <b@example.com", {}),
    ],
)
def test_marketing_can_be_refused_by_a_button(tmp_path: Path, contact: str, headers: dict[str, str]) -> None:
    texts = texts_of(tmp_path, {"en/revisit/email.txt": "Subject: News\n\nx"}, replace(SHOP, contact=contact))
    job = make_job("revisit", purpose=Purpose.MARKETING)
    assert texts.render(job, make_order(), "email").headers == headers
    assert texts.render(replace(job, purpose=Purpose.SERVICE), make_order(), "email").headers == {}


# Mistakes


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("one\n{{ ordr.id }}", "2: there is no 'ordr'"),
        ("one\n\n{{ order.totl }}", "3: there is no 'totl'"),
        ("{{ parcel.carrier }}", "1: asks for 'carrier' of something that this order lacks; wrap it in {% if … %}"),
        ("{{ order.pay_by | until }}", "1: there is nothing to show as until; wrap it in {% if … %}"),
        ("{{ order.id | money }}", "1: there is nothing to show as money; wrap it in {% if … %}"),
        ("a\n{% if %}", "2: Expected an expression, got 'end of statement block'"),
        ("{{ order.id | shout }}", "1: No filter named 'shout'."),
        ("{{ lines[7].title }}", "1: asks for something that is not there"),
        ("{{ order.id + 1 }}", "1: cannot be filled with this order (TypeError)"),
        ("{{ ''.__class__.__mro__ }}", "1: does what a template must not do"),
        ("{{ order.__init__.__globals__ }}", "1: does what a template must not do"),
        ("{% for n in range(99999999) %}x{% endfor %}", "1: cannot be filled with this order (OverflowError)"),
        ('{% include "nothing.txt" %}', "1: there is no template 'nothing.txt'"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, template: str, fault: str) -> None:
    with pytest.raises(BrokenText) as caught:
        sms(tmp_path, template)
    assert str(caught.value) == f"{tmp_path}/en/unpaid-nudge/sms.txt:{fault}"


def test_a_mistake_in_an_included_file_is_told_there(tmp_path: Path) -> None:
    texts = texts_of(
        tmp_path, {"en/foot.txt": "\n{{ nobody }}", "en/unpaid-nudge/sms.txt": '{% include "../foot.txt" %}'}
    )
    with pytest.raises(BrokenText) as caught:
        texts.render(JOB, make_order(), "sms")
    assert str(caught.value) == f"{tmp_path}/en/foot.txt:2: there is no 'nobody'"


@pytest.mark.parametrize(
    "template",
    [
        "{{ customer.name | int(default=nothing) }}",
        "{{ {}[customer.name] }}",
        "{{ customer[customer.name] }}",
        "{% set x = customer.name %}{{ x.foo }}",
        "{{ customer.name + 1 }}",
        "{% include customer.name %}",
        "{{ (customer.name | list)[99] }}",
    ],
)
def test_errors_never_carry_what_customers_wrote(tmp_path: Path, template: str) -> None:
    secret = "Zhang-Secret"
    with pytest.raises(RenderError) as caught:
        sms(tmp_path, template, make_order(customer=make_customer(name=secret)))
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    texts_of(tmp_path, {"en/unpaid-nudge/sms.txt": ""})
    (tmp_path / "en/unpaid-nudge/sms.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(BrokenText, match=r"sms\.txt: is not UTF-8"):
        Texts([tmp_path], SHOP).render(JOB, make_order(), "sms")


@pytest.mark.parametrize("template", ["{{ 'x' * 70000 }}", "{% for n in range(30000) %}x{{ n }}{% endfor %}"])
def test_no_text_is_larger_than_64_kilobytes(tmp_path: Path, template: str) -> None:
    with pytest.raises(BrokenText, match="it makes a text of more than 64 KB"):
        sms(tmp_path, template)


# Strangers

HOSTILE = st.one_of(
    st.text(st.characters(codec=None), max_size=80),
    st.sampled_from(
        [
            "{{7*7}}",
            "{% raw %}",
            "{{ shop }}",
            "<script>alert(1)</script>",
            '"><img src=x onerror=a()>',
            "a\r\nBcc: x@y",
        ]
    ),
)
TRIED = "Subject: For {{ customer.name }}\n\n{{ customer.name }}\n{{ lines[0].title }}\n{{ order.note }}"
PAGE = '<p title="{{ customer.name }}">{{ lines[0].title }}</p><a href="{{ order.link }}">{{ order.note }}</a>'


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    files = {"en/unpaid-nudge/email.txt": TRIED, "en/unpaid-nudge/email.html": PAGE}
    return texts_of(tmp_path_factory.mktemp("tried"), files)


@given(name=HOSTILE, title=HOSTILE, note=HOSTILE, link=HOSTILE)
def test_whatever_strangers_write_comes_out_inert(tried: Texts, name: str, title: str, note: str, link: str) -> None:
    customer = Customer("c1", name=name, zone=name, language="en")
    order = make_order(customer=customer, lines=(Line(title=title),), note=note, link=link)
    rendered = tried.render(JOB, order, "email", language="en")
    everything = rendered.subject + rendered.text + rendered.html
    everything.encode("utf-8")
    assert not any(ord(letter) < 32 and letter != "\n" for letter in everything)
    assert "\n" not in rendered.subject
    assert rendered.text.count("\n") <= 2
    assert rendered.html.count("<") == 4
    assert rendered.html.count('"') == 4


def test_braces_are_just_braces(tried: Texts) -> None:
    order = make_order(customer=make_customer(name="{{7*7}}"), lines=(Line(title="<script>"),), note="{% x %}")
    rendered = tried.render(JOB, order, "email")
    assert rendered.subject == "For {{7*7}}"
    assert rendered.text == "{{7*7}}\n<script>\n{% x %}"
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;" in rendered.html


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil.example.com", "ftp://x"])
def test_only_web_addresses_become_links(tried: Texts, link: str) -> None:
    assert 'href=""' in tried.render(JOB, make_order(link=link), "email").html


@pytest.mark.parametrize("name", ["Win at https://evil.example.com", "WWW.evil.example.com", "x" * 61])
def test_nobody_is_called_by_an_advertisement(name: str) -> None:
    assert harmless(make_order(customer=make_customer(name=name))).customer.name == ""


def test_a_clean_order_is_taken_as_it_is() -> None:
    order = make_order(parcels=(make_parcel(link="https://track.example.com/1"),), cases=(make_case(),), tags=("vip",))
    assert harmless(order) is order


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("Anna\nSmith", "Anna Smith"),
        ("Anna\u2028Smith", "Anna Smith"),
        ("An\u202ena", "Anna"),
        ("Ann\u0000a", "Anna"),
        ("\ud800Anna", "Anna"),
        ("Zoe\u0308", "Zoë"),
        ("Anna\u3000\u00a0 Smith", "Anna Smith"),
    ],
)
def test_dirt_is_taken_out_wherever_it_is(dirty: str, clean: str) -> None:
    order = make_order(
        customer=make_customer(name=dirty, chat={"wecom": dirty}),
        tags=(dirty,),
        lines=(Line(title=dirty),),
        parcels=(make_parcel(carrier=dirty, lines=(dirty,)),),
        cases=(make_case(reason=dirty),),
    )
    seen = harmless(order)
    assert {seen.customer.name, seen.customer.chat["wecom"], *seen.tags, seen.lines[0].title} == {clean}
    assert {seen.parcels[0].carrier, *seen.parcels[0].lines, seen.cases[0].reason} == {clean}
    assert (seen.placed, seen.total, seen.lines[0].quantity) == (order.placed, order.total, 1)


def test_endless_data_is_cut() -> None:
    assert len(harmless(make_order(note="x" * 10_000_000)).note) == 2000


def test_an_encoded_word_does_not_become_a_header(tried: Texts) -> None:
    order = make_order(customer=make_customer(name="A =?UTF-8?Q?=0A?=Bcc: x@example.com"))
    assert "=?" not in tried.render(JOB, order, "email").subject


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.write_text("this is no folder", encoding="utf-8")
    with pytest.raises(BrokenText, match="templates: cannot be read: Not a directory"):
        Texts([folder], Shop())
