"""Addresses that nobody can ship to, and the many odd ones that somebody can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.addresses import address_unclear

UNCLEAR = {
    "nothing": ["test", "TEST!", "asdf", "n/a", "N.A.", "-", "...", "xxxxxx", "11111", "Same as above", "unknown"],
    "nothing in Chinese": ["测试", "测试地址", "无", "暂无", "同上", "待定", "见备注", "。。。"],
    "too short": ["A 1", "Rue", "杭州", "文三路"],
    "no word": ["12345", "12, 34", "310000 138"],
    "only regions": [
        "浙江省杭州市西湖区",
        "北京市朝阳区",
        "上海市浦东新区",
        "广西壮族自治区南宁市",
        "江苏省苏州市昆山市",
        "西藏自治区 拉萨市 城关区",
    ],
    "a street without a number": [
        "浙江省杭州市西湖区文三路",
        "深圳市南山区深南大道",
        "北京市东城区南锣鼓巷",
        "杭州市西湖区北山街道",
    ],
    "only a town": [
        "10115 Berlin",
        "Berlin, Berlin",
        "Berlin, 10115 Berlin",
        "New York, New York 10001",
        "Springfield",
        "London, UK",
    ],
}
CLEAR = {
    "not told": ["", "   "],
    "masked": ["浙江省杭州市***", "1* W*** Street, London", "**"],
    "Chinese": [
        "浙江省杭州市西湖区文三路138号2幢501室",
        "浙江省杭州市西湖区文三路 138 号",
        "上海市浦东新区张江高科技园区",
        "北京市朝阳区阳光小区",
        "浙江大学玉泉校区",
        "湖南省凤凰县山江镇黄茅坪村三组",
        "江苏省苏州市村口超市",
        "王家村口超市",
        "中山路十八号",
        "杭州西湖文三路１３８号",
        "新疆维吾尔自治区喀什地区疏附县乌帕尔镇",
        "香港特别行政区 中环 皇后大道中 99 号",
    ],
    "Western": [
        "12 West Lake Road, Hangzhou 310000",
        "Hauptstr. 5",
        "10115 Sunset Boulevard",
        "Flat 5, 221B Baker Street, London NW1 6XE",
        "Rose Cottage, Church Lane, Little Wenlock",
        "PO Box 7",
        "Rua Augusta 1500 São Paulo",
        "Kungsgatan 5, 10115 Stockholm",
        "1600 Pennsylvania Avenue NW, Washington, DC 20500",
        "Testgasse 12, 1010 Wien",
    ],
    "other scripts": ["東京都千代田区丸の内1-9-1", "ул. Ленина, д. 5, Москва", "서울특별시 종로구 세종대로 175"],
}


def every(table: dict[str, list[str]]) -> list[str]:
    return [address for addresses in table.values() for address in addresses]


@pytest.mark.parametrize("address", every(UNCLEAR))
def test_somebody_has_to_ask(address: str) -> None:
    assert address_unclear(address)


@pytest.mark.parametrize("address", every(CLEAR))
def test_nobody_is_bothered(address: str) -> None:
    assert not address_unclear(address)


@given(st.text(max_size=200))
def test_any_text_is_judged_and_a_masked_one_never_found_wanting(text: str) -> None:
    address_unclear(text)
    assert not address_unclear(f"{text}*")


@given(st.sampled_from(every(CLEAR)), st.sampled_from([" ", ", ", "　"]))
def test_blanks_and_width_do_not_matter(address: str, blank: str) -> None:
    assert not address_unclear(f"{blank.strip(',')}{address}{blank.strip(',')}")
