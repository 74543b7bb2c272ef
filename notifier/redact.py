"""Takes what nobody should read out of a text that goes into a log or an error: addresses, numbers, secrets."""

from __future__ import annotations

import re

HIDDEN = "***"
LONGEST = 2_000

_URL = re.compile(r"([a-z][a-z0-9+.-]{0,30})://([^\s\"'<>]*)", re.IGNORECASE)
# Other schemes belong to notification services, which carry their tokens anywhere in the URL.
_KNOWN_SCHEMES = frozenset(
    {"file", "ftp", "http", "https", "mysql", "postgres", "postgresql", "smtp", "smtps", "sqlite"}
)
# Slack, Feishu, Discord and Telegram take a secret as part of the path.
_SECRET_PATH = re.compile(r"(/(?:hook|services|webhooks?)/|/bot(?=\d))[^\s?#]+")
_SECRET = re.compile(
    r"((?:key|sign|signature|token|secret|password|passwd|pwd)[\"']?=[\"']?"
    r"|(?:token|secret|password|passwd|authorization)[\"']?:\s{0,3}[\"']?(?!bearer\b|basic\b))[^\s\"'&,;<>#]+",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"\b(bearer|basic)(\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_LOCAL = r"[^\s@<>()\[\],;:\"\\/]"
_MAIL = re.compile(rf"(?:\"[^\"]{{0,64}}\"|(?<!{_LOCAL})(?!\*\*\*@){_LOCAL}+)@[\w.*\[\]-]+")
_ENCODED_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+%40[\w.-]+")
# Not preceded or followed by what would make it a piece of an identifier; not a date, a decimal or an IPv4 address.
_PHONE = re.compile(
    r"(?<![A-Za-z0-9+])(?<!\d[.-])"
    r"(?!\d{4}-\d\d-\d\d(?!\d))(?!\d+\.\d+(?![\d.]))(?!\d{1,3}(?:\.\d{1,3}){3}(?![\d.]))"
    r"[+(]{0,2}\d(?:[\s().-]{0,2}\d){6,14}(?![A-Za-z0-9])"
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def redact(text: str, *, phones: bool = True) -> str:
    """The text as one printable line of at most `LONGEST` characters, with everything masked that looks like

    1. credentials in a URL, and URLs that are secret as a whole,
    2. values of keys, tokens and passwords, bearer and basic logins,
    3. e-mail addresses,
    4. phone numbers, whose last three digits stay (unless `phones` is False: the text is an order's number),
    and control characters, line ends and marks that turn the reading direction escaped.

    It errs on the side of hiding.
    """
    text = text[: 10 * LONGEST]
    if "://" in text:
        text = _URL.sub(_hide_in_url, text)
    if "=" in text or ":" in text:
        text = _SECRET.sub(rf"\1{HIDDEN}", text)
    text = _LOGIN.sub(rf"\1\2{HIDDEN}", text)
    if "%40" in text:
        text = _ENCODED_MAIL.sub(f"{HIDDEN}@{HIDDEN}", text)
    if "@" in text:
        text = _MAIL.sub(f"{HIDDEN}@{HIDDEN}", text)
    if phones:
        text = _PHONE.sub(_hide_phone, text)
    if not text.isprintable():
        text = _UNPRINTABLE.sub(_escape, text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _hide_in_url(match: re.Match[str]) -> str:
    scheme, rest = match.groups()
    if scheme.lower().partition("+")[0] not in _KNOWN_SCHEMES:
        return f"{scheme}://{HIDDEN}"
    before, mark, query = rest.partition("?")
    credentials, at, place = before.rpartition("@")
    if credentials:
        before = HIDDEN + at + place
    before = _SECRET_PATH.sub(rf"\1{HIDDEN}", before)
    return f"{scheme}://{before}{mark}{query}"


def _hide_phone(match: re.Match[str]) -> str:
    found = match[0]
    digits = re.sub(r"\D", "", found)
    # A bare run of seven digits is more often a number of ours than a phone.
    return HIDDEN + digits[-3:] if len(found) > 7 else found


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
