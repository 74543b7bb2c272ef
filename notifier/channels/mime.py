"""Builds the final bytes of an e-mail: a fixed skeleton filled with cleaned headers and encoded bodies.

`EmailMessage` costs fifty times as much, and CPython 3.11 decodes what it is given: there a customer named
`A =?UTF-8?Q?=0A?=Bcc: x@y` becomes a Bcc header. Nothing here ever decodes data.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Mapping
from unicodedata import combining, is_normalized

from notifier.channels.mail_address import Mailbox, parse_address
from notifier.channels.mime_headers import date_value, folded, mailbox_value, require_names, text_value
from notifier.errors import RenderError
from notifier.model.message import Attachment, Message
from notifier.rules.text import clean_text

_LONGEST_NAME = 100
_LONGEST_SUBJECT = 250
_LONGEST_LINE = 998  # RFC 5322 section 2.1.1

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_OURS = re.compile(
    r"from|to|b?cc|sender|reply-to|subject|date|message-id|mime-version|content-.*|auto-submitted|return-path|received|"
    r"dkim-signature|resent-.*",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_RAW_TEXT = re.compile(r"<(style|script)\b[^<]*(?:<(?!/\1)[^<]*)*|<!--[^>]*(?:(?<!--)>[^>]*)*", re.IGNORECASE)
_ASCII = bytes(range(128))
_BODY_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})


class Letterhead:
    """What is the same on top of every message of a channel; `write` fills in the rest."""

    def __init__(self, sender: Mailbox, reply_to: Mailbox | None = None) -> None:
        self.sender = sender
        self._top = f"From: {mailbox_value('From: ', sender.name, sender.address, _LONGEST_NAME)}\r\n"
        if reply_to is not None:
            value = mailbox_value("Reply-To: ", reply_to.name, reply_to.address, _LONGEST_NAME)
            self._top += f"Reply-To: {value}\r\n"

    def write(self, message: Message) -> bytes:
        """The whole e-mail. The same message gives the same bytes; every line ends in CRLF and is at most 998 long.

        1. The headers: customer data cleaned, encoded, and parsed again to see that it is still what was meant.
        2. The bodies, each in its shortest encoding: text alone, or text and HTML to choose from; then attachments.
        Raises RenderError when the address is none or an extra header cannot be written; other data of customers
        never makes it fail. All of it is ASCII, except for an address whose local part is not.
        """
        try:
            address = parse_address(message.address)
        except ValueError as error:
            raise RenderError(f"the recipient's address {error}") from None
        to = f"To: {mailbox_value('To: ', message.name, address, _LONGEST_NAME)}\r\n"
        subject = f"Subject: {text_value('Subject: ', message.subject, _LONGEST_SUBJECT)}\r\n"
        if not (_harmless(message.name) and _harmless(message.subject)):
            require_names(to + subject, ["To", "Subject"])
        head = (
            f"{self._top}{to}{subject}Date: {date_value(message.written)}\r\n"
            f"Message-ID: <{_id_left(message.id)}@{self.sender.domain}>\r\n"
            f"Auto-Submitted: auto-generated\r\n{_extra(message.headers)}MIME-Version: 1.0\r\n"
        )
        return head.encode() + _whole(message)


def _harmless(text: str) -> bool:
    return text.isascii() and text.isprintable() and "=?" not in text


def _extra(headers: Mapping[str, str]) -> str:
    """Headers such as List-Unsubscribe. They are the program's own, so what does not fit is a mistake to report."""
    lines = ""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or _OURS.fullmatch(name):
            raise RenderError(f"an e-mail cannot be given the header {name!r}")
        value = value.strip(" ")
        if not value or not _harmless(value):
            raise RenderError(f"the e-mail header {name} must be plain ASCII on one line, and not empty")
        line = f"{name}: {folded(f'{name}: ', value)}"
        if max(map(len, line.split("\r\n"))) > _LONGEST_LINE:
            raise RenderError(f"the e-mail header {name} is too long")
        lines += f"{line}\r\n"
    return lines


def _id_left(text: str) -> str:
    """The message's id as the left side of its Message-ID; different ids give different ones."""
    if len(text) <= 64 and _DOT_ATOM.fullmatch(text):
        return text
    return f"sha256.{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _whole(message: Message) -> bytes:
    """The bodies, and behind them what is attached."""
    body = _body(message)
    if not message.attachments:
        return body
    parts = [body, *map(_attached, message.attachments)]
    boundary = _boundary(f"{message.id} attached", b"".join(parts))
    whole = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    return b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n%b--%b--\r\n' % (boundary, whole, boundary)


def _attached(attachment: Attachment) -> bytes:
    """A file, in base64: what spreadsheets read must not change on its way, line ends included."""
    if not _FILE_NAME.fullmatch(attachment.name) or not _MEDIA_TYPE.fullmatch(attachment.type):
        raise RenderError(f"a file called {attachment.name!r} cannot be attached to an e-mail")
    head = (
        f"Content-Type: {attachment.type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{attachment.name}"\r\n\r\n'
    )
    return head.encode() + _base64(attachment.text.encode("utf-8", "replace"))


def _body(message: Message) -> bytes:
    plain = _part(b"plain", message.text)
    if not message.html:
        return plain
    html = _part(b"html", _with_references(message.html))
    boundary = _boundary(message.id, plain + html)
    return (b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n') % (
        boundary,
        boundary,
        plain,
        boundary,
        html,
        boundary,
    )


def _boundary(seed: str, parts: bytes) -> bytes:
    """A line that stands in none of the parts, always the same for the same message."""
    boundary = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest().encode()
    while boundary in parts:
        boundary = hashlib.blake2b(boundary, digest_size=12).hexdigest().encode()
    return b"=_" + boundary


def _with_references(html: str) -> str:
    """The same page in ASCII, which needs no encoding: a few other characters (¥, –, é) as what HTML calls references.

    A page that would grow by more than an eighth stays as it is, and so does one with such characters in its styles,
    where references mean nothing. Quoted-printable takes as long as a tenth of everything else about a message.
    """
    if html.isascii() or not all(raw.group().isascii() for raw in _RAW_TEXT.finditer(html)):
        return html
    clean = html if _is_clean(html) else clean_text(html)
    referenced = clean.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return referenced if len(referenced) * 8 <= len(html) * 9 else html


def _is_clean(html: str) -> bool:
    """Whether `clean_text` has nothing to do in a page of which little is not ASCII: only that little is looked at.

    What is ASCII is cleaned later, as bytes. A mark that combines may belong to a letter that is ASCII.
    """
    foreign = html.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
    return foreign.isprintable() and is_normalized("NFC", foreign) and not any(map(combining, foreign))


def _part(subtype: bytes, text: str) -> bytes:
    """One body with its headers, without control characters."""
    if not text.isascii():
        text = clean_text(text)
    elif "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.encode("utf-8", "replace").translate(None, _BODY_CONTROLS)
    encoding, data = _encoded(lines.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n", text)
    return b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (
        subtype,
        encoding,
        data,
    )


def _encoded(data: bytes, text: str) -> tuple[bytes, bytes]:
    """The shortest encoding every server takes: as it is, quoted-printable or base64."""
    if data.isascii():
        if _has_short_lines(data):
            return b"7bit", data
        return b"quoted-printable", b2a_qp(data, istext=True)
    base64_length = (len(data) + 2) // 3 * 4 + (len(data) + 56) // 57 * 2
    # Quoted-printable adds two bytes to each that is not ASCII; there are at least so many of them.
    if len(data) + 2 * (len(data) - len(text)) <= base64_length:
        quoted = b2a_qp(data, istext=True)
        if len(quoted) <= base64_length:
            return b"quoted-printable", quoted
    return b"base64", _base64(data)


def _has_short_lines(data: bytes) -> bool:
    """Whether no line is too long. One look for a line end per thousand bytes, not one per line."""
    start = 0
    while len(data) - start > _LONGEST_LINE:
        end = data.rfind(b"\r\n", start, start + _LONGEST_LINE + 2)
        if end < 0:
            return False
        start = end + 2
    return True


def _base64(data: bytes) -> bytes:
    return b"".join([b2a_base64(data[at : at + 57], newline=False) + b"\r\n" for at in range(0, len(data), 57)])
