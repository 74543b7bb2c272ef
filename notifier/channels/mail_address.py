"""The one place that decides what an e-mail address is, for customers, agents and senders alike."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ASCII = re.compile(
    rf"(?=.{{1,254}}\Z)(?=.{{1,64}}@)[{_ATEXT}]+(?:\.[{_ATEXT}]+)*@(?P<domain>(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}|localhost)"
)
_LOCAL = re.compile(rf"[{_ATEXT}\u0080-\U0010ffff]+(?:\.[{_ATEXT}\u0080-\U0010ffff]+)*")
_MAILBOX = re.compile(r'\s*(?:"(?P<quoted>[^"<>]*)"|(?P<name>[^"<>]*?))\s*<(?P<address>[^<>]*)>\s*')


@lru_cache(4096)  # a message's address is asked about three times on its way
def parse_address(text: str) -> str:
    """The one plain address that `text` is: domain in lower case and punycode, local part as written.

    Takes what RFC 5321 calls a Mailbox, without quoted local parts and address literals, which no shop's customer
    has. Lists, display names, comments, white space, control characters, more than 64 octets before the @ or 254 in
    all are refused with ValueError, whose sentence never repeats the address. A local part beyond ASCII (RFC 6531) is
    kept in NFC; it reaches only servers that offer SMTPUTF8.
    """
    text = text.strip(" ")
    match = _ASCII.fullmatch(text)
    if match is None:
        return _international(text)
    domain = match["domain"]
    return text if domain.islower() else f"{text[: match.start('domain')]}{domain.lower()}"


def _international(text: str) -> str:
    """`parse_address` for what is not plain ASCII; normalised first, because U+037E, for one, becomes a semicolon."""
    local, at, domain = unicodedata.normalize("NFC", text).rpartition("@")
    if text.isascii() or not at or len(text) > 254 or not local.isprintable() or not _LOCAL.fullmatch(local):
        raise ValueError("is not one plain e-mail address such as name@example.com")
    ascii_address = f"x@{domain if domain.isascii() else _punycode(domain)}"
    octets = len(local.encode())
    if octets > 64 or octets + len(ascii_address) - 1 > 254 or not _ASCII.fullmatch(ascii_address):
        raise ValueError("is too long for an e-mail address, or its domain is not one")
    return local + ascii_address[1:].lower()


def _punycode(domain: str) -> str:
    # The codec of the standard library is IDNA 2003, which turns ß into ss: another domain, another person's mail.
    import idna  # here, because its tables are large and few addresses need them

    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("has a domain that cannot be written in the domain name system") from None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address and the name people see before it."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def parse_mailbox(text: str) -> Mailbox:
    """Read `Shop <shop@example.com>`, `"Shop, Ltd." <shop@example.com>` or `shop@example.com`.

    The address must be ASCII: from one that is not, nothing could be sent to most servers. Raises ValueError.
    """
    match = _MAILBOX.fullmatch(text)
    name, address = ((match["quoted"] or match["name"] or "", match["address"])) if match else ("", text)
    if not name.isprintable():
        raise ValueError("has control characters in its name")
    try:
        mailbox = Mailbox(name.strip(), parse_address(address))
    except ValueError as error:
        raise ValueError(f'{error}; write it as "Shop <shop@example.com>" or "shop@example.com"') from None
    if not mailbox.address.isascii():
        raise ValueError("must be written in ASCII before the @, or most mail servers will refuse it")
    return mailbox


def _mailbox(value: Any) -> Any:
    if isinstance(value, str):
        return parse_mailbox(value)
    if isinstance(value, Mailbox):
        return value
    raise ValueError('is not a mailbox; write it as "Shop <shop@example.com>"')


MailboxOption = Annotated[Mailbox, BeforeValidator(_mailbox), WithJsonSchema({"type": "string"})]
"""A mailbox as settings write it."""
