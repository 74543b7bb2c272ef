"""What a text must say and must not, and how personal data is masked."""

from __future__ import annotations

import pytest

from notifier.rules.masking import mask_address, mask_name, mask_phone
from notifier.rules.wording import Found, Wording, incentives, refusable, signed

DEFAULTS = Wording()


@pytest.mark.parametrize(
    "text",
    [
        "给个好评，返现5元",
        "晒图评价送红包",
        "评价后即可领取优惠券",
        "请您修改评价",
        "Leave a review and get a coupon!",
        "Send us your feedback for a 10% off code",
        "Could you give us a 5-star review?",
        "Please CHANGE YOUR REVIEW",
        "Two free samples for every rating",
    ],
)
def test_rewards_for_reviews_are_found(text: str) -> None:
    assert incentives(text, DEFAULTS)


@pytest.mark.parametrize(
    "text",
    [
        "方便的话，请写几句真实的评价。",
        "How is it? Please write an honest review.",
        "新店开业，优惠券等你来拿",  # a coupon, but not for a review
        "A gift for you: 10% off",
        "Review your order; the freight is paid, and the discounted price stays",  # no whole word of reward
        "{# 好评返现 #}请写几句评价",
        "{% if discount %}Please review it{% endif %}{{ order.reward }}",
    ],
)
def test_honest_texts_pass(text: str) -> None:
    assert incentives(text, DEFAULTS) == []


def test_every_branch_counts_and_lines_are_told() -> None:
    text = "{% if a %}\n写评价\n{% else %}\n\n有红包，也有\n优惠券\n{% endif %}"
    assert incentives(text, DEFAULTS) == [Found("红包", 5), Found("优惠券", 6)]


def test_comments_and_code_of_several_lines_keep_the_count() -> None:
    assert incentives("{# one\ntwo #}\n{{ a\n}}\n好评返现", DEFAULTS)[0].line == 5


def test_the_lists_can_be_replaced() -> None:
    german = Wording(review=("bewertung",), reward=("gutschein",), never=())
    assert incentives("Gutschein für Ihre Bewertung", german) == [Found("gutschein", 1)]
    assert incentives("好评返现", german) == []


@pytest.mark.parametrize(
    "text", ["拒收请回复R", "退订回T", "Reply STOP to opt out", "Just unsubscribe", "回复“退订”即可"]
)
def test_ways_to_refuse_are_known(text: str) -> None:
    assert refusable(text, DEFAULTS)


@pytest.mark.parametrize("text", ["Happy New Year!", "新年快乐", "Our unstoppable sale"])
def test_texts_without_a_way_to_refuse(text: str) -> None:
    assert not refusable(text, DEFAULTS)


@pytest.mark.parametrize(
    ("text", "expected"), [("【茶铺】您好", True), ("您好【茶铺】", False), ("【】您好", False), ("[茶铺]您好", False)]
)
def test_the_sign_stands_first(text: str, expected: bool) -> None:
    assert signed(text) is expected


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("+8613800138000", "+86138****8000"), ("13800138000", "138****8000"), ("12345", "***45"), ("", "")],
)
def test_phones_keep_their_last_digits(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(("name", "masked"), [("张小明", "张**"), ("Anna Smith", "A*** S***"), ("王", "王"), ("", "")])
def test_names_keep_their_initials(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("浙江省杭州市文三路138号2幢501室", "浙江省杭州市文三路***号*幢***室"),
        ("221B Baker Street, London NW1 6XE", "**** Baker Street, London *** ***"),
        ("Flat A-12, 7-b Mill Lane", "Flat ****, *** Mill Lane"),
        ("Hauptstraße5", "Hauptstraß**"),
        ("The Old Mill", "The Ol******"),
        ("", ""),
    ],
)
def test_addresses_keep_their_street(address: str, masked: str) -> None:
    assert mask_address(address) == masked
