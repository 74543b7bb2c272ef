"""Alerts in words: whose language, how much fits, what is left out, and that no text keeps an alert back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from notifier.model.alert import Alert, AlertKey, AlertState
from notifier.model.job import Urgency
from notifier.model.oncall import Agent
from notifier.model.order import CaseKind, Customer, Money, Order
from notifier.model.shop import Shop
from notifier.render import AlertSaying, BrokenText, Rendered, Texts
from notifier.render.fitting import MOST_CHAT_BYTES, MOST_SHOWN, cut
from notifier.rules.masking import mask_order
from notifier.rules.sms import measure
from notifier.shipped import shipped
from tests.fakes.orders import PLACED, make_case, make_job, make_order, make_parcel

FRAMES = shipped("templates")
SHOP = Shop(name="Tea House", zone="Asia/Shanghai")
ANNA = Agent("anna", "Anna", language="en")
LI = Agent("li", "小李", language="zh-CN")
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
JOB = make_job("pack-first", "order.ship_by", "2h before", to="warehouse")
WORDS = "Order {{ order.id }} must leave by {{ deadline | until }}\n\nPack it first.\nThen tell {{ customer.name }}.\n"
CHINESE = "订单 {{ order.id }} 须在 {{ deadline | until }} 前发货\n\n请优先打包。\n"
ORDER = make_order(ship_by=NOW + timedelta(hours=2))
URL = "https://alerts.example.com/a/"


def link(numbers: Sequence[int]) -> str:
    """As long as real ones: it grows with the alerts it is for."""
    return f"{URL}{'.'.join(map(str, numbers))}-{'s' * 40}"


def no_link(numbers: Sequence[int]) -> str:
    """Of a shop that nobody reaches from outside."""
    return ""


def saying(number: int = 12, order: Order = ORDER, **changes: object) -> AlertSaying:
    """An open alert of `JOB`, `number` minutes old."""
    opened = NOW - timedelta(minutes=number)
    key = AlertKey("shop", order.id, JOB.name)
    alert = Alert(number, key, AlertState.OPEN, "warehouse", Urgency.NORMAL, opened, opened, opened)
    return AlertSaying(JOB, order, (), replace(alert, **changes))  # type: ignore[arg-type]


def yuan(amount: int) -> Money:
    """Money at risk."""
    return Money(Decimal(amount), "CNY")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    """The shipped frames, and a job of our own in two languages."""
    return texts_of(tmp_path_factory.mktemp("templates"), en=WORDS, zh=CHINESE)


def texts_of(folder: Path, shop: Shop = SHOP, en: str | None = None, zh: str | None = None) -> Texts:
    """The shipped frames, and the job with these words."""
    for language, text in (("en", en), ("zh-CN", zh)):
        if text is None:
            continue
        file = folder / language / JOB.name / "alert.txt"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    return Texts([folder, FRAMES], shop)


def told(texts: Texts, kind: str, *items: AlertSaying, agent: Agent = ANNA, over: bool = False) -> Rendered:
    """What the agent gets, with links."""
    return texts.render_alerts(kind, agent, items, link, NOW, over)


# One alert


def test_an_sms_says_what_is_wrong_and_how_to_answer(texts: Texts) -> None:
    rendered = texts.render_alerts("sms", ANNA, [saying()], no_link, NOW)
    assert rendered == Rendered(
        "",
        "Tea House: Alert 12: Order 1001 must leave by Mon, Mar 2, 2:00 PM. Reply 12a to take it, 12c to close it.",
    )
    assert told(texts, "sms", saying()).text == f"{rendered.text} {link([12])}"
    assert told(texts, "sms", saying()).link == link([12])


def test_a_chinese_sms_begins_with_its_sender(texts: Texts) -> None:
    rendered = texts.render_alerts("sms", LI, [saying(urgency=Urgency.URGENT)], no_link, NOW)
    words = "【Tea House】紧急提醒 12：订单 1001 须在 3月2日周一 14:00 前发货。回复12a接手，12c关闭。"
    assert (rendered.text, rendered.language) == (words, "zh-CN")


def test_chat_says_what_to_do_and_how_often_it_was_raised(texts: Texts) -> None:
    lines = told(texts, "chat", saying(times=3, urgency=Urgency.LOW)).text.splitlines()
    assert lines == [
        "Minor alert 12: Order 1001 must leave by Mon, Mar 2, 2:00 PM",
        "Pack it first.",
        "Then tell A*** S***.",
        "Since Mon, Mar 2, 11:48 AM, raised 3 times",
        "Order: https://shop.example.com/orders/1001",
        f"Take it: {link([12])}",
    ]


def test_without_a_link_the_command_is_named(texts: Texts) -> None:
    for kind in ("chat", "email"):
        rendered = texts.render_alerts(kind, ANNA, [saying()], no_link, NOW)
        assert "notifier ack 12" in rendered.text
        assert kind == "chat" or "notifier ack 12" in rendered.html
        assert URL not in rendered.text + rendered.html


def test_an_email_has_a_button_and_the_facts(texts: Texts) -> None:
    rendered = told(texts, "email", saying(urgency=Urgency.URGENT, risk=yuan(30)))
    assert rendered.subject == "Urgent alert 12: Order 1001 must leave by Mon, Mar 2, 2:00 PM"
    assert rendered.text.startswith("Order 1001 must leave by Mon, Mar 2, 2:00 PM.\n\nPack it first.\n")
    for half in (rendered.text, rendered.html):
        assert all(fact in half for fact in ("CN¥30.00", link([12]), ORDER.link, "Mon, Mar 2, 11:48 AM"))
    assert f'<a href="{link([12])}"' in rendered.html


def test_a_call_is_short_and_ends_with_the_key_to_press(texts: Texts) -> None:
    words = "Tea House, urgent alert 12. Order 1001 must leave by Mon, Mar 2, 2:00 PM. Press 1 to take it."
    rendered = told(texts, "voice", saying(urgency=Urgency.URGENT))
    assert (rendered.text, rendered.link) == (words, link([12]))
    assert told(texts, "voice", saying(), agent=LI).text.endswith("请按 1 接手。")


@pytest.mark.parametrize(
    ("wanted", "zone", "expected"),
    [
        ("zh-CN", "", "订单 1001 须在 3月2日周一 14:00 前发货"),
        ("en-GB", "Europe/Berlin", "Order 1001 must leave by Mon 2 Mar, 07:00"),
        ("fr", "Mars/Olympus", "订单 1001 须在 3月2日周一 14:00 前发货"),
        ("", "", "订单 1001 须在 3月2日周一 14:00 前发货"),
    ],
)
def test_words_are_the_agents_then_the_shops(tmp_path: Path, wanted: str, zone: str, expected: str) -> None:
    texts = texts_of(tmp_path, replace(SHOP, language="zh-CN"), en=WORDS, zh=CHINESE)
    assert expected in told(texts, "sms", saying(), agent=Agent("a", language=wanted, zone=zone)).text


def test_english_words_stand_in_a_chinese_frame_where_there_are_no_others(tmp_path: Path) -> None:
    rendered = told(texts_of(tmp_path, en=WORDS), "sms", saying(), agent=LI)
    assert rendered.text.startswith("【Tea House】提醒 12：Order 1001 must leave by")
    assert rendered.language == "zh-CN"


def test_what_a_text_may_use(tmp_path: Path) -> None:
    words = (
        "{{ alert.number }} {{ alert.times }} {{ alert.opened | time }} {{ alert.urgency }} {{ alert.step }} "
        "{{ alert.risk | money }} {{ alert.what }} {{ source }} {{ step }} {{ last_step }}"
    )
    steps = (*JOB.steps, *JOB.steps)
    item = saying(times=2, step=1, risk=yuan(5), what="it\nbroke")
    item = replace(item, job=replace(JOB, steps=steps))
    shown = texts_of(tmp_path, en=words).alerts.headline(item, "en")
    assert shown == "12 2 11:48 AM normal 2 CN¥5.00 it broke shop 2 True"


def test_a_text_knows_the_part_it_is_about(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, en="{{ parcel.carrier }} {{ parcel.number }}, {{ parcel_number }} of {{ parcel_count }}")
    job = make_job(JOB.name, "parcel.shipped", to="warehouse")
    order = make_order(parcels=(make_parcel(1), make_parcel(2)))
    assert texts.alerts.headline(AlertSaying(job, order, ("p2",), saying().alert), "en") == "SF Express SF1002, 2 of 2"


# Several


def test_the_worst_comes_first(texts: Texts) -> None:
    """Urgency before money, money before age, age before number."""
    items = [
        saying(1),
        saying(5),
        saying(2, urgency=Urgency.LOW, risk=yuan(900)),
        saying(3, risk=yuan(10)),
        saying(4, risk=yuan(20)),
        saying(6, urgency=Urgency.URGENT),
    ]
    chat = told(texts, "chat", *items).text.splitlines()
    assert chat[0] == "Urgent: 6 alerts, worst first:"
    assert [line.partition(":")[0] for line in chat[1:7]] == ["6", "4", "3", "5", "1", "2"]
    assert chat[7] == f"Take them: {link([6, 4, 3, 5, 1, 2])}"


def test_an_sms_names_the_worst_and_counts_the_rest(texts: Texts) -> None:
    items = [saying(number) for number in range(1, 38)]
    rendered = texts.render_alerts("sms", ANNA, items, no_link, NOW)
    assert rendered.text.startswith("Tea House: 37 alerts, worst first: 37 Order 1001 must leave by Mon, Mar 2, 2:00")
    assert rendered.text.endswith("; and 34 more. Reply 37a to take 37, 37c to close it.")
    assert measure(rendered.text).parts <= 2


def test_chat_shows_twenty_lines(texts: Texts) -> None:
    lines = texts.render_alerts("chat", ANNA, [saying(n) for n in range(1, 38)], no_link, NOW).text.splitlines()
    assert len(lines) == 23
    assert lines[-2:] == ["and 17 more", "Take one: notifier ack 37"]


def test_an_email_is_a_table(texts: Texts) -> None:
    items = [saying(number, risk=yuan(number) if number % 2 else None) for number in range(1, MOST_SHOWN + 11)]
    rendered = told(texts, "email", *items)
    assert rendered.subject == "60 alerts, the worst: 59 Order 1001 must leave by Mon, Mar 2, 2:00 PM"
    assert rendered.html.count(f'href="{URL}') == MOST_SHOWN + 1
    assert all(head in rendered.html for head in (">No.<", ">What<", ">At risk<", "CN¥59.00", "And 10 more."))
    assert "And 10 more." in rendered.text


def test_four_hundred_links_do_not_fill_an_sms(texts: Texts) -> None:
    """One link for all is longer than the SMS: then it is for those that are named."""
    items = [saying(number) for number in range(1, 401)]
    for agent, named in ((ANNA, [400, 399, 398]), (LI, [400, 399])):
        rendered = told(texts, "sms", *items, agent=agent)
        assert rendered.text.endswith(f" {link(named)}")
        assert rendered.link == link(named)
        assert measure(rendered.text).parts == 3


def test_only_what_is_shown_is_filled(tmp_path: Path) -> None:
    """Four hundred texts for an SMS that names three would be in the way of the next message."""
    texts = texts_of(tmp_path, en="{{ order.id }}")
    items = [saying(number, make_order(id=f"o{number}")) for number in range(1, 401)]
    asked: list[Sequence[int]] = []

    def links(numbers: Sequence[int]) -> str:
        asked.append(numbers)
        return ""

    texts.render_alerts("sms", ANNA, items, links, NOW)
    assert [len(numbers) for numbers in asked] == [1, 1, 1, 400]


@pytest.mark.parametrize("letter", ["x", "测", "€", "😀"])
@pytest.mark.parametrize("over", [False, True])
def test_whatever_is_said_fits(tmp_path: Path, letter: str, over: bool) -> None:
    texts = texts_of(tmp_path, replace(SHOP, name="Panda Tea and Porcelain"), en="{{ order.id }}")
    for count, length, agent, links in product((1, 2, 40), (1, 60, 400), (ANNA, LI), (link, no_link)):
        order = make_order(id=letter * length)
        items = [saying(number, order, reason="the order is shipped") for number in range(101, 101 + count)]
        sms = texts.render_alerts("sms", agent, items, links, NOW, over).text
        chat = texts.render_alerts("chat", agent, items, links, NOW, over).text
        assert measure(sms).parts <= 3
        assert "\n" not in sms
        assert (f"{100 + count}a" in sms) != over
        assert len(chat.encode()) <= MOST_CHAT_BYTES


def test_a_cut_headline_stays_in_its_alphabet() -> None:
    assert cut("Order ¥500 of the tea house", 12) == "Order ¥50..."
    assert cut("订单须在今天发货", 6) == "订单须在今…"
    assert cut("12345", 5) == "12345"


# It is over


@pytest.mark.parametrize(
    ("by", "reason", "english", "chinese"),
    [
        ("", "the order is shipped", "It ended by itself: the order is shipped.", "已自动解除：the order is shipped"),
        ("anna", "", "Closed by anna.", "由 anna 关闭"),
        ("anna", "sent by hand.", "It ended: sent by hand (anna).", "原因：sent by hand（anna）"),
        ("", "", "It ended by itself.", "已自动解除"),
    ],
)
def test_the_end_says_why_and_by_whom(texts: Texts, by: str, reason: str, english: str, chinese: str) -> None:
    items = [saying(number, by=by, reason=reason) for number in (12, 13)]
    for agent, ending in ((ANNA, english), (LI, chinese)):
        assert ending in told(texts, "sms", items[0], agent=agent, over=True).text
        for kind in ("chat", "email"):
            assert told(texts, kind, items[0], agent=agent, over=True).text.count(ending) == 1
            assert told(texts, kind, *items, agent=agent, over=True).text.count(ending) == 2
        assert ending in told(texts, "email", items[0], agent=agent, over=True).html


@pytest.mark.parametrize("kind", ["sms", "email", "chat", "voice"])
def test_nothing_is_left_to_answer_when_it_is_over(texts: Texts, kind: str) -> None:
    for items in ([saying()], [saying(n) for n in range(1, 38)]):
        rendered = told(texts, kind, *items, over=True)
        assert not any(word in rendered.text + rendered.html for word in (URL, "Reply", "notifier", "Press", "Take"))
        assert rendered.link == ""
        assert "over" in (rendered.subject + rendered.text).lower()


# What strangers wrote, and what is personal


def test_whoever_bought_stays_unnamed() -> None:
    case = make_case(CaseKind.RETURN, reason="call me: +8613800138000 or anna@example.com")
    customer = replace(ORDER.customer, id="anna@example.com", chat={"wecom": "anna"})
    order = mask_order(make_order(note="ring twice", cases=(case,), customer=customer))
    assert order.customer == Customer("a***@example.com", "A*** S***", language="en", zone="Asia/Shanghai")
    assert (order.address, order.note) == ("", "")
    assert order.cases[0].reason == "call me: ***000 or ***@***"
    assert mask_order(order) == order


def test_texts_get_the_masked_order(tmp_path: Path) -> None:
    words = "{{ customer.name }}|{{ customer.phone }}|{{ order.address }}|{{ order.customer.email }}|{{ order.note }}"
    texts = texts_of(tmp_path, en=words)
    assert texts.alerts.headline(AlertSaying(JOB, make_order(note="x"), (), saying().alert), "en") == "A*** S***||||"


def test_strangers_forge_neither_lines_nor_links_nor_tags(tmp_path: Path) -> None:
    order = make_order(id="1\nTake it: evil", link="javascript:alert(1)")
    texts = texts_of(tmp_path, en="{{ order.id }} <b> {{ '{{' }}")
    rendered = told(texts, "email", saying(order=order, reason="a\nb"))
    assert "\nTake it: evil" not in rendered.text
    assert rendered.subject == "Alert 12: 1 Take it: evil <b> {{"
    assert "&lt;b&gt;" in rendered.html
    assert "javascript" not in rendered.text + rendered.html


# Broken texts


@pytest.mark.parametrize(
    "words", ["{{ order.pay_by | until }}", "{{ nobody }}", "{% if %}", "", "{{ '' }}\n\n"], ids=range(5)
)
def test_a_text_that_cannot_be_filled_keeps_no_alert_back(tmp_path: Path, words: str) -> None:
    texts = texts_of(tmp_path, en=words)
    item = saying(what="The warehouse is closed.")
    assert texts.alerts.headline(AlertSaying(JOB, ORDER, (), item.alert), "en") == "pack-first 1001"
    lines = told(texts, "chat", item).text.splitlines()
    assert lines[:2] == ["Alert 12: pack-first 1001", "The warehouse is closed."]


def test_a_part_that_is_gone_is_told_by_its_order(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, en="{{ parcel.number }}")
    item = replace(saying(), job=make_job(JOB.name, "parcel.shipped", to="warehouse"), subjects=("p9",))
    assert told(texts, "voice", item, over=True).text == "Tea House, alert 12 is over. pack-first 1001."


def test_one_broken_text_leaves_the_others_alone(texts: Texts) -> None:
    lost = replace(saying(99), job=make_job("unwritten", to="warehouse"))
    lines = told(texts, "chat", saying(), lost).text.splitlines()
    assert lines[1:3] == ["99: unwritten 1001", "12: Order 1001 must leave by Mon, Mar 2, 2:00 PM"]


def test_an_alert_without_an_order_has_words(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, en='The shop "{{ source }}" is silent\n\n{{ alert.what }}')
    key = AlertKey("taobao", "", JOB.name)
    item = replace(saying(order=Order("taobao", "")), job=make_job(JOB.name, "system.source_silent", to="admins"))
    item = replace(item, alert=replace(item.alert, key=key, what="Nothing was read for 2 hours."))
    assert told(texts, "chat", item).text.splitlines()[:2] == [
        'Alert 12: The shop "taobao" is silent',
        "Nothing was read for 2 hours.",
    ]


def test_a_frame_that_is_missing_or_broken_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokenText, match="there is no frame for alerts by sms"):
        told(Texts([tmp_path], SHOP), "sms", saying())
    frame = tmp_path / "en" / "alert" / "sms.txt"
    frame.parent.mkdir(parents=True)
    frame.write_text("{{ alert.nothing }}", encoding="utf-8")
    with pytest.raises(BrokenText, match=r"sms\.txt:1: there is no 'nothing'"):
        told(Texts([tmp_path, FRAMES], SHOP), "sms", saying())


def test_a_shop_may_have_its_own_frame(tmp_path: Path) -> None:
    frame = tmp_path / "en" / "alert" / "sms.txt"
    frame.parent.mkdir(parents=True)
    frame.write_text("{{ agent }} {{ alert.number }}: {{ alert.headline }} {{ now | time }}", encoding="utf-8")
    texts = texts_of(tmp_path / "jobs", en=WORDS)
    texts = Texts([tmp_path, *texts.library.folders], SHOP)
    nameless = replace(ANNA, called="")
    assert told(texts, "sms", saying()).text == "Anna 12: Order 1001 must leave by Mon, Mar 2, 2:00 PM 12:00 PM"
    assert told(texts, "sms", saying(), agent=nameless).text.startswith("anna 12: ")


def test_ages_are_told_in_the_agents_zone(texts: Texts) -> None:
    moved = saying(opened=PLACED)
    assert "Since Sun, Mar 1, 10:00 AM" in told(texts, "chat", moved, agent=replace(ANNA, zone="Europe/Berlin")).text
