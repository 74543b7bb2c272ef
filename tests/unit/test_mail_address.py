"""What is one e-mail address, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.mail_address import Mailbox, parse_address, parse_mailbox

REFUSED = {
    "empty": "",
    "no at": "bob",
    "nothing before the at": "@example.com",
    "nothing after it": "bob@",
    "two ats": "bob@example.org@example.com",
    "list by comma": "a@example.com,b@example.com",
    "list by semicolon": "a@example.com;b@example.com",
    "display name": "Bob <bob@example.com>",
    "angle brackets": "<bob@example.com>",
    "second after the first": "<a@example.com> b@example.com",
    "comment": "bob(home)@example.com",
    "quoted local part": '"b b"@example.com',
    "space": "b b@example.com",
    "tab": "bob\t@example.com",
    "line end": "bob@example.com\n",
    "header": "bob@example.com\r\nBcc: eve@example.com",
    "nul": "bob\0@example.com",
    "delete": "bob\x7f@example.com",
    "C1 control": "bob\x85@example.com",
    "line separator": "bob\u2028@example.com",
    "bidi override": "bob\u202e@example.com",
    "lone surrogate": "bob\ud800@example.com",
    "semicolon after normalising": "bob\u037e@example.com",
    "dot first": ".bob@example.com",
    "dot last": "bob.@example.com",
    "two dots": "bo..b@example.com",
    "no dot in the domain": "bob@example",
    "address literal": "bob@[127.0.0.1]",
    "numbers": "bob@127.0.0.1",
    "hyphen first": "bob@-example.com",
    "hyphen last": "bob@example-.com",
    "underscore": "bob@ex_ample.com",
    "empty label": "bob@example..com",
    "local part of 65": "b" * 65 + "@example.com",
    "local part of 66 octets": "é" * 33 + "@example.com",
    "255 in all": "bob@" + "e" * 62 + "." + "e" * 62 + "." + "e" * 62 + "." + "e" * 58 + ".com",
    "255 after punycode": "bob@" + ".".join(["é" * 55] * 4) + ".com",
    "label of 64": "bob@" + "e" * 64 + ".com",
    "beyond DNS": "bob@exa\u2603\ufe0fmple .com",
    "megabytes": "é" * 2_000_000 + "@example.com",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_is_not_one_plain_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not|is too|has)") as caught:
        parse_address(text)
    assert len(text) < 15 or text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("bob@example.com", "bob@example.com"),
        (" bob@example.com ", "bob@example.com"),
        ("Bob.O'Neil+shop@Mail.Example.COM", "Bob.O'Neil+shop@mail.example.com"),
        ("root@localhost", "root@localhost"),
        ("bob@straße.example", "bob@xn--strae-oqa.example"),
        ("bob@例子。example", "bob@xn--fsqu00a.example"),
        ("bob@BÜCHER.example", "bob@xn--bcher-kva.example"),
        ("张三@Example.com", "张三@example.com"),
        ("e\u0301@example.com", "é@example.com"),
        ("b" * 64 + "@example.com", "b" * 64 + "@example.com"),
    ],
)
def test_takes_addresses_as_people_have_them(text: str, address: str) -> None:
    assert parse_address(text) == address


@given(
    st.text(st.integers(0, 0x10FFFF).map(chr), max_size=80)
    | st.from_regex(r"[a-zé;,<> ]{1,9}@[a-zß.\-]{1,12}", fullmatch=True)
)
def test_what_comes_out_is_safe_on_the_wire_and_stays_the_same(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    local, at, domain = address.partition("@")
    assert local
    assert at
    assert domain.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>()[],;:\\"')
    assert parse_address(address) == address


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("shop@example.com", Mailbox("", "shop@example.com")),
        ("Shop <shop@example.com>", Mailbox("Shop", "shop@example.com")),
        ('"Shop, Ltd." <shop@EXAMPLE.com>', Mailbox("Shop, Ltd.", "shop@example.com")),
        ("小店<shop@例子.example>", Mailbox("小店", "shop@xn--fsqu00a.example")),
    ],
)
def test_reads_a_sender(text: str, mailbox: Mailbox) -> None:
    assert parse_mailbox(text) == mailbox


@pytest.mark.parametrize(
    "text", ["", "Shop", "Shop <shop>", "a\nb <a@example.com>", "店@example.com", "a@b.com, c@d.com"]
)
def test_a_sender_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not|has control|must be)"):
        parse_mailbox(text)
