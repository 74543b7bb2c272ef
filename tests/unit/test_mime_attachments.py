"""Files that come with an e-mail, compared with what the standard library's parser reads."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.mail_address import Mailbox
from notifier.channels.mime import Letterhead
from notifier.errors import RenderError
from notifier.model.message import Attachment, Message

AT = datetime(2026, 3, 1, 21, tzinfo=UTC)
LETTERHEAD = Letterhead(Mailbox("Shop", "shop@example.com"))
PLAIN = Message("r-1", "bob@example.org", "Hello", AT, AT, subject="Report", html="<p>Hello</p>")
TABLE = Attachment("report.csv", "\ufeffWhat,Number\npaid,12\n下单,3\n")


def parsed(message: Message) -> EmailMessage:
    found = email.message_from_bytes(LETTERHEAD.write(message), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def test_a_file_stands_behind_text_and_page() -> None:
    message = parsed(replace(PLAIN, attachments=(TABLE, Attachment("two.csv", "x\n"))))
    assert message.get_content_type() == "multipart/mixed"
    body, first, second = message.iter_parts()
    assert body.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
    assert (first.get_filename(), first.get_content()) == ("report.csv", TABLE.text)
    assert (second.get_content_disposition(), second.get_content()) == ("attachment", "x\n")


def test_a_text_alone_can_have_one_too_and_without_nothing_changes() -> None:
    kinds = [part.get_content_type() for part in parsed(replace(PLAIN, html="", attachments=(TABLE,))).walk()]
    assert kinds == ["multipart/mixed", "text/plain", "text/csv"]
    assert b"mixed" not in LETTERHEAD.write(PLAIN)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_every_byte_arrives(text: str) -> None:
    content = LETTERHEAD.write(replace(PLAIN, attachments=(Attachment("t.csv", text),)))
    (part,) = (part for part in email.message_from_bytes(content).walk() if part.get_filename())
    assert part.get_payload(decode=True) == text.encode()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.isascii()


@pytest.mark.parametrize("name", ["", 'a"b.csv', "a\r\nBcc: x@example.com", "../x", "日报.csv"])
def test_a_name_that_would_change_the_headers_is_refused(name: str) -> None:
    with pytest.raises(RenderError, match="cannot be attached"):
        LETTERHEAD.write(replace(PLAIN, attachments=(Attachment(name, "x"),)))
    with pytest.raises(RenderError, match="cannot be attached"):
        LETTERHEAD.write(replace(PLAIN, attachments=(Attachment("x.csv", "x", "text/csv; x"),)))
