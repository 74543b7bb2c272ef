"""How a text travels as SMS: its alphabet, its length, and the parts it is cut into and paid by.

Source of the rules: 3GPP TS 23.038 (alphabet), TS 23.040 (concatenation: a header of six octets in every part).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM7_ALL = _GSM7 | _GSM7_EXTENSION

Encoding = Literal["GSM-7", "UCS-2"]


@dataclass(frozen=True, slots=True)
class SmsSize:
    """What a text costs. `length` counts septets (GSM-7) or 16-bit units (UCS-2); `left` fit into the last part."""

    encoding: Encoding
    length: int
    parts: int
    left: int

    def __str__(self) -> str:
        parts = "1 part" if self.parts == 1 else f"{self.parts} parts"
        return f"{self.encoding}, {self.length} characters, {parts}, {self.left} left"


def measure(text: str) -> SmsSize:
    """Encoding, length and parts of an SMS.

    One part holds 160 septets or 70 units; each of several holds 153 or 67, because a header joins them. An extension
    character (two septets) or a surrogate pair is never split: it moves whole into the next part.
    """
    if _GSM7_ALL.issuperset(text):
        widths = [2 if character in _GSM7_EXTENSION else 1 for character in text]
        return _fill("GSM-7", widths, 160, 153)
    return _fill("UCS-2", [2 if character > "\uffff" else 1 for character in text], 70, 67)


def _fill(encoding: Encoding, widths: list[int], single: int, joined: int) -> SmsSize:
    length = sum(widths)
    if length <= single:
        return SmsSize(encoding, length, 1, single - length)
    parts, used = 1, 0
    for width in widths:
        if used + width > joined:
            parts, used = parts + 1, 0
        used += width
    return SmsSize(encoding, length, parts, joined - used)
