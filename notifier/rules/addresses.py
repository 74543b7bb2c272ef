"""Is an address too poor to ship to? Said only where any reader would say so.

A false alarm costs a colleague a minute with every order, a missed one is found by the carrier. So what a shop hides
(platforms mask addresses with asterisks) or does not tell is not judged, and of several signs one has to be plain:

* it says nothing: `test`, `n/a`, `同上`, `asdf`, `-`, `1111`;
* it is too short to hold a street or a village;
* Chinese: after province, city and district nothing is left, or nothing but a street without any number;
* elsewhere: only a town and its postcode, or the same word twice (`Berlin, Berlin`); no number anywhere and not even
  three parts (`Rose Cottage, Church Lane, Little Wenlock` has no number either, and is a good address).
"""

from __future__ import annotations

import re
import unicodedata

_SHORTEST = 5
_SHORTEST_CHINESE = 4
_SHORTEST_REST = 2
_PARTS_WITHOUT_NUMBER = 3
_POSTCODE = 5
_PLACEHOLDERS = """
test testing tests asdf asdfg asdfgh qwe qwer qwerty abc abcd xxx na none null nil unknown address street tbd todo later
same sameasabove sameasbilling 测试 测试地址 测试订单 无 暂无 没有 待定 待补充 未知 不知道 同上 地址 详细地址 收货地址
见备注 备注 随便
"""
_NOTHING = frozenset(_PLACEHOLDERS.split())
_CJK = re.compile("[\u3400-\u9fff]")
_REGIONS = re.compile(
    "^(?:[\u3400-\u9fff]{2,8}?(?:省|自治区|特别行政区))?"
    "(?:[\u3400-\u9fff]{2,8}?(?:(?<![超城])市|自治州|地区|盟))?"
    "(?:[\u3400-\u9fff]{1,10}?(?:(?<![小校园厂社景])区|(?<![超城])市|县|旗))?"
)
"""Province, city and district; a compound (小区) or a supermarket (超市) is none of them."""
_STREETS = ("路", "街", "大道", "巷", "弄", "胡同", "街道")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")


def address_unclear(address: str) -> bool:
    """Whether somebody should ask the buyer where to ship. False for an address that is unknown or masked."""
    text = " ".join(unicodedata.normalize("NFKC", address).casefold().split())
    if not text or "*" in text:
        return False
    if _says_nothing(text):
        return True
    return _chinese_unclear(text) if _CJK.search(text) else _western_unclear(text)


def _says_nothing(text: str) -> bool:
    bare = re.sub(r"[\W_]", "", text)
    repeated = len(set(bare)) == 1 and not _CJK.search(bare)
    return not bare or bare in _NOTHING or repeated


def _chinese_unclear(text: str) -> bool:
    bare = re.sub(r"[\W_]", "", text)
    if len(bare) < _SHORTEST_CHINESE:
        return True
    rest = _REGIONS.sub("", bare)
    return len(rest) < _SHORTEST_REST or (rest.endswith(_STREETS) and not _NUMBER.search(rest))


def _western_unclear(text: str) -> bool:
    words, numbers = _WORD.findall(text), _NUMBER.findall(text)
    if len(text) < _SHORTEST or not words:
        return True
    parts = {" ".join(_WORD.findall(part)) for part in text.split(",")} - {""}
    if not numbers:
        return len(parts) < _PARTS_WITHOUT_NUMBER
    only_postcode = all(len(number) >= _POSTCODE for number in numbers)
    return only_postcode and len(parts) == 1 and (len(set(words)) == 1 or "," in text)
