"""The bytes of an e-mail, compared with what the standard library's parsers read from them."""

from __future__ import annotations

import email
import email.policy
import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.message import Message as ParsedMessage
from email.utils import parseaddr
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.channels.mail_address import Mailbox
from notifier.channels.mime import Letterhead
from notifier.channels.mime_headers import one_line, require_names
from notifier.errors import RenderError
from notifier.model.message import Message
from notifier.rules.text import clean_text

WRITTEN = datetime(2026, 3, 1, 21, 0, 5, tzinfo=UTC)
LETTERHEAD = Letterhead(Mailbox("Shop", "shop@example.com"))
PLAIN = Message("r-1", "bob@example.org", "Hello", WRITTEN, WRITTEN, name="Bob", subject="Your order")
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]

pieces = st.text(st.characters(exclude_categories=())) | st.text('abz09 \t\r\n\0:=?\u2028\u202e\x85é名<>",\\B')
anything = st.lists(pieces, max_size=4).map("".join)
hostile = anything | st.sampled_from(
    ["A =?UTF-8?Q?=0A?=Bcc: x@example.com", "x\r\nBcc: y@example.com", "==??utf-8?q?=0d=0a?=", "\ud800", "名" * 400]
)


def parsed(content: bytes) -> ParsedMessage:
    return email.message_from_bytes(content, policy=email.policy.compat32)


def header(content: bytes, name: str) -> str:
    return str(make_header(decode_header(parsed(content)[name])))


def bodies(content: bytes) -> dict[str, str]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return {
        part.get_content_type(): part.get_content().replace("\r\n", "\n")
        for part in parts
        if isinstance(part, EmailMessage)
    }


def as_sent(text: str) -> str:
    """What a reader ought to see of `text`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if text.isascii() else clean_text(text)
    return re.sub(r"[\0-\x08\x0b-\x1f\x7f]", "", text).rstrip("\n") + "\n"


def test_the_whole_of_a_plain_message() -> None:
    assert LETTERHEAD.write(PLAIN).decode().split("\r\n") == [
        "From: Shop <shop@example.com>",
        "To: Bob <bob@example.org>",
        "Subject: Your order",
        "Date: Sun, 01 Mar 2026 21:00:05 +0000",
        "Message-ID: <r-1@example.com>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "Hello",
        "",
    ]


def test_text_and_html_are_alternatives_the_better_one_last() -> None:
    content = LETTERHEAD.write(replace(PLAIN, text="您好", html="<p>您好</p>"))
    assert parsed(content).get_content_type() == "multipart/alternative"
    assert list(bodies(content).items()) == [("text/plain", "您好\n"), ("text/html", "<p>您好</p>\n")]


@given(name=hostile, subject=hostile)
@example(name="A =?UTF-8?Q?=0A?=Bcc: x@example.com", subject="=?utf-8?b?DQpCY2M6?= \u2028Bcc: x")
def test_a_reader_sees_the_cleaned_name_and_subject_and_no_other_headers(name: str, subject: str) -> None:
    content = LETTERHEAD.write(replace(PLAIN, name=name, subject=subject))
    assert parsed(content).keys() == [*HEADERS, "Content-Transfer-Encoding"]
    modern = email.message_from_bytes(content, policy=email.policy.default)
    assert modern.keys() == [*HEADERS, "Content-Transfer-Encoding"]
    assert parseaddr(parsed(content)["To"])[1] == PLAIN.address
    assert [mailbox.addr_spec for mailbox in modern["To"].addresses] == [PLAIN.address]
    assert header(content, "Subject").replace("\r\n", "") == one_line(subject, 250)
    seen = parseaddr(parsed(content)["To"].replace("\r\n", ""))[0]
    assert str(make_header(decode_header(seen))) == one_line(name, 100)


@given(anything)
@example("==??utf-8?q?x?=")
def test_one_line_is_one_harmless_line(text: str) -> None:
    line = one_line(text, 50)
    assert len(line) <= 50
    assert "=?" not in line
    assert len(line.splitlines()) <= 1
    line.encode()
    assert one_line(line, 50) == line


@given(text=hostile, html=hostile, subject=hostile)
def test_the_bodies_arrive_as_written(text: str, html: str, subject: str) -> None:
    content = LETTERHEAD.write(replace(PLAIN, text=text, html=html, subject=subject))
    arrived = bodies(content)
    assert arrived.pop("text/plain") == as_sent(text)
    # A page may have some of its characters written as references.
    shown = {"text/html": unescape(as_sent(html))} if html else {}
    assert {kind: unescape(body) for kind, body in arrived.items()} == shown


@pytest.mark.parametrize("before", [[], [0], [998], [1, 997, 998, 500, 0, 998]])
@pytest.mark.parametrize("after", [[], [998, 998, 3]])
@pytest.mark.parametrize(("longest", "encoding"), [(998, "7bit"), (999, "quoted-printable")])
def test_a_line_that_is_too_long_is_found_wherever_it_stands(
    before: list[int], after: list[int], longest: int, encoding: str
) -> None:
    text = "\n".join("x" * length for length in [*before, longest, *after])
    content = LETTERHEAD.write(replace(PLAIN, text=text))
    assert parsed(content)["Content-Transfer-Encoding"] == encoding
    assert bodies(content) == {"text/plain": as_sent(text)}


@given(text=anything, html=hostile, name=hostile, subject=hostile)
def test_only_crlf_short_lines_ascii_and_always_the_same(text: str, html: str, name: str, subject: str) -> None:
    message = replace(PLAIN, text=text, html=html, name=name, subject=subject)
    content = LETTERHEAD.write(message)
    assert content.isascii()
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    head = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 76 for line in head if b"=?" in line)
    assert content == LETTERHEAD.write(message)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello\n" * 50, "7bit"),
        ("x" * 2000, "quoted-printable"),
        ("Grüße an alle, die schon lange auf ihr Paket warten", "quoted-printable"),
        ("您的订单尚未付款", "base64"),
        ("é" * 60, "base64"),
        ("é" + "=" * 100, "base64"),
    ],
)
def test_the_shortest_encoding_is_taken(text: str, encoding: str) -> None:
    assert parsed(LETTERHEAD.write(replace(PLAIN, text=text)))["Content-Transfer-Encoding"] == encoding


def test_a_body_that_holds_its_own_boundary() -> None:
    boundary = parsed(LETTERHEAD.write(replace(PLAIN, html="<p>")))
    text = f"--{boundary.get_boundary()}--\n"
    assert bodies(LETTERHEAD.write(replace(PLAIN, text=text, html="<p>"))) == {"text/plain": text, "text/html": "<p>\n"}


@pytest.mark.parametrize("name", ["O'Neil, Bob", 'Bob "the" Smith', "back\\slash", "a@b.c", "x <y@example.com>"])
def test_names_with_meaning_in_a_header_are_quoted(name: str) -> None:
    content = LETTERHEAD.write(replace(PLAIN, name=name))
    assert parseaddr(parsed(content)["To"]) == (name, PLAIN.address)


def test_long_subjects_fold_at_spaces() -> None:
    subject = "order " * 41
    content = LETTERHEAD.write(replace(PLAIN, subject=subject))
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert header(content, "Subject").replace("\r\n", "") == subject.strip()


def test_sender_reply_to_and_extra_headers() -> None:
    letterhead = Letterhead(Mailbox("小店", "shop@example.com"), Mailbox("", "help@example.com"))
    link = f"<https://shop.example.com/u/{'x' * 200}>, <mailto:leave@example.com>"
    headers = {"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    content = letterhead.write(replace(PLAIN, name="", headers=headers))
    assert header(content, "From") == "小店 <shop@example.com>"
    assert header(content, "Reply-To") == "help@example.com"
    assert header(content, "To") == "bob@example.org"
    assert parsed(content)["List-Unsubscribe"].replace("\r\n", "") == link
    assert parsed(content)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "headers",
    [
        {"Bcc": "eve@example.com"},
        {"content-type": "text/html"},
        {"Resent-To": "eve@example.com"},
        {"X\r\nBcc": "eve@example.com"},
        {"X: y\nBcc": "eve@example.com"},
        {"X-Note": "a\r\nBcc: eve@example.com"},
        {"X-Note": "grüße"},
        {"X-Note": "=?utf-8?q?=0A?="},
        {"X-Note": " "},
        {"X-Note": "x" * 999},
    ],
)
def test_extra_headers_that_cannot_be_written(headers: dict[str, str]) -> None:
    with pytest.raises(RenderError):
        LETTERHEAD.write(replace(PLAIN, headers=headers))


def test_a_bad_address_is_not_repeated_in_the_error() -> None:
    with pytest.raises(RenderError) as caught:
        LETTERHEAD.write(replace(PLAIN, address="bob@example.org, eve@example.org"))
    assert "bob" not in str(caught.value)


def test_an_international_address_is_written_in_utf8() -> None:
    content = LETTERHEAD.write(replace(PLAIN, address="张三@例子.example", name=""))
    assert "To: 张三@xn--fsqu00a.example\r\n".encode() in content


@given(anything, anything)
def test_message_ids_are_valid_and_as_different_as_the_ids(one: str, other: str) -> None:
    first, second = (parsed(LETTERHEAD.write(replace(PLAIN, id=id_)))["Message-ID"] for id_ in (one, other))
    assert re.fullmatch(r"<[!#-'*+\--9=?A-Z^-~]+@example\.com>", first)
    assert (first == second) == (one == other)


def test_a_long_id_does_not_make_a_long_line() -> None:
    content = LETTERHEAD.write(replace(PLAIN, id="x" * 2000))
    assert max(map(len, content.split(b"\r\n"))) < 100


def test_each_encoded_word_is_whole() -> None:
    """RFC 2047 section 5: a reader that decodes word by word must not meet half a character."""
    content = LETTERHEAD.write(replace(PLAIN, name="李" * 50, subject="a" + "订" * 100))
    words = re.findall(rb"=\?utf-8\?b\?([^?]*)\?=", content)
    assert len(words) > 5
    assert "".join(b64decode(word).decode("utf-8") for word in words) == "李" * 50 + "a" + "订" * 100


@pytest.mark.parametrize(
    "lines", ["To: a\r\nBcc: b\r\nSubject: c\r\n", "To: a\r\n\r\nSubject: c\r\n", "Subject: c\r\n"]
)
def test_headers_that_are_not_the_ones_meant_are_seen(lines: str) -> None:
    with pytest.raises(RenderError):
        require_names(lines, ["To", "Subject"])
    require_names("To: a\r\nSubject: b\r\n c\r\n", ["To", "Subject"])


def test_a_name_and_an_address_too_long_for_one_line() -> None:
    content = LETTERHEAD.write(replace(PLAIN, name="李雷", address=f"{'b' * 60}@example.org"))
    assert max(len(line) for line in content.split(b"\r\n") if b"=?" in line) <= 76
    assert header(content, "To").replace("\r\n", "") == f"李雷 <{'b' * 60}@example.org>"
