"""The one place that understands phone numbers: what people typed goes in, E.164 or an error comes out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Annotated

import phonenumbers
from phonenumbers import PhoneNumberType
from pydantic import AfterValidator

_WRITTEN = re.compile(r"\+?[\d ().\-]{5,32}")
_LONGEST = 64
_REACHABLE = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)


def parse_phone(text: str, country: str = "", allowed: Collection[str] = ()) -> str:
    """The number in E.164, such as +12025550123.

    `country` (ISO 3166, such as CN) completes numbers without a country code; `allowed` are the countries that may be
    written to, all when empty. Raises ValueError for anything but one plain subscriber's number: lists, extensions,
    vanity letters, numbers that do not exist, premium and other service numbers. The error never quotes the number.
    """
    return _parse(text, country, frozenset(allowed))


# Each message asks twice, once to see whether it can be sent and once to compose it; customers come again.
@lru_cache(maxsize=4096)
def _parse(text: str, country: str, allowed: frozenset[str]) -> str:
    written = unicodedata.normalize("NFKC", text[:_LONGEST]).strip()
    if len(text) > _LONGEST or not _WRITTEN.fullmatch(written):
        raise ValueError("not one plain phone number; digits, spaces, dots, hyphens and brackets may stand in it")
    try:
        number = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException:
        raise ValueError("the phone number cannot be read; without a leading + it needs a default country") from None
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        raise ValueError("no such phone number exists")
    if kind not in _REACHABLE:
        raise ValueError("premium, toll-free and service numbers are never written to")
    if allowed and phonenumbers.region_code_for_number(number) not in allowed:
        raise ValueError("the phone number's country is not among the allowed ones (option countries)")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _country(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{code!r} is not a country; use its two letters, such as CN or US")
    return code


Country = Annotated[str, AfterValidator(_country)]
"""A country that has phone numbers, by its two letters."""
