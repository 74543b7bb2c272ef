"""What an SMS costs: alphabet, length, parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.sms import SmsSize, measure

NUDGE = "【示例店】您的订单还没有付款，今晚十点前付款即可保留。拒收请回复R"

SIZES = {
    "nothing": ("", SmsSize("GSM-7", 0, 1, 160)),
    "one": ("a", SmsSize("GSM-7", 1, 1, 159)),
    "full": ("a" * 160, SmsSize("GSM-7", 160, 1, 0)),
    "one more": ("a" * 161, SmsSize("GSM-7", 161, 2, 145)),
    "two full": ("a" * 306, SmsSize("GSM-7", 306, 2, 0)),
    "two and one": ("a" * 307, SmsSize("GSM-7", 307, 3, 152)),
    "greek and accents of the alphabet": ("ΔΩ@£èñÇ\n", SmsSize("GSM-7", 8, 1, 152)),
    "extension costs two": ("^{}\\[~]|€", SmsSize("GSM-7", 18, 1, 142)),
    "eighty euros fill one": ("€" * 80, SmsSize("GSM-7", 160, 1, 0)),
    "an escape is not split": ("a" * 152 + "€" + "a" * 10, SmsSize("GSM-7", 164, 2, 141)),
    "eighty-one euros leave a septet empty": ("€" * 81, SmsSize("GSM-7", 162, 2, 143)),
    "chinese": (NUDGE, SmsSize("UCS-2", len(NUDGE), 1, 70 - len(NUDGE))),
    "full ucs-2": ("中" * 70, SmsSize("UCS-2", 70, 1, 0)),
    "one more ucs-2": ("中" * 71, SmsSize("UCS-2", 71, 2, 63)),
    "three parts": ("中" * 135, SmsSize("UCS-2", 135, 3, 66)),
    "a curly quote changes all": ("it’s " + "a" * 66, SmsSize("UCS-2", 71, 2, 63)),
    "ç is not Ç": ("ç", SmsSize("UCS-2", 1, 1, 69)),
    "emoji": ("🎁", SmsSize("UCS-2", 2, 1, 68)),
    "thirty-five emoji fill one": ("🎁" * 35, SmsSize("UCS-2", 70, 1, 0)),
    "a surrogate pair is not split": ("中" * 66 + "🎁" + "中" * 10, SmsSize("UCS-2", 78, 2, 55)),
}


@pytest.mark.parametrize(("text", "size"), SIZES.values(), ids=SIZES.keys())
def test_measures(text: str, size: SmsSize) -> None:
    assert measure(text) == size


def test_says_it_to_people() -> None:
    assert str(measure("中" * 71)) == "UCS-2, 71 characters, 2 parts, 63 left"
    assert str(measure("Hi")) == "GSM-7, 2 characters, 1 part, 158 left"


@given(st.text(alphabet="aé^€中🎁\n", max_size=400))
def test_parts_hold_what_they_are_said_to_hold(text: str) -> None:
    size = measure(text)
    single, joined = (160, 153) if size.encoding == "GSM-7" else (70, 67)
    assert (size.parts == 1) == (size.length <= single)
    if size.encoding == "UCS-2":
        assert size.length == len(text.encode("utf-16-le")) // 2
    if size.parts > 1:
        wasted = size.parts * joined - size.length - size.left
        assert 0 <= wasted < size.parts
        assert 0 <= size.left < joined


@given(st.text(alphabet="aé^€中🎁", max_size=200), st.sampled_from("a€中🎁"))
def test_a_longer_text_never_needs_fewer_parts(text: str, more: str) -> None:
    assert measure(text + more).parts >= measure(text).parts
