"""The SMTP channel against servers that say every wrong thing at every step (failures.md §4, M1 to M8)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from notifier.channels.smtp import Smtp, SmtpOptions
from notifier.model.message import Attempt, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from tests.fakes.letters import attempt, closed_port, message, surroundings
from tests.fakes.smtp_server import PIPELINING, PLAIN, Act, Answer, Authority, RealMailServer, ScriptedSmtp

SOON = timedelta(milliseconds=150)
BOB = "bob@example.org"
ACCOUNT: dict[str, Any] = {"username": "shop", "password": SecretStr("secret")}
both = pytest.mark.parametrize("extensions", [PLAIN, PIPELINING], ids=["one by one", "pipelined"])


def smtp(port: int, folder: Path = Path(), **changes: Any) -> Smtp:
    settings = {"type": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", "helo": "shop.example.com"}
    # A server that waits for more makes a test fail, not hang.
    patient = {"timeout": timedelta(seconds=20), "data_timeout": timedelta(seconds=20)}
    options = SmtpOptions.model_validate(settings | {"sender": "Shop <shop@example.com>"} | patient | changes)
    return Smtp("email", options, surroundings(folder))


def letter(channel: Smtp, **changes: Any) -> Attempt:
    return attempt(channel, message(**({"address": BOB, "text": "Hello"} | changes)))


async def send(server: ScriptedSmtp, *, times: int = 1, **changes: Any) -> Outcome:
    """Deliver over a channel of its own, and close it; the last of the outcomes."""
    channel = smtp(server.port, **changes)
    try:
        for _ in range(times):
            outcome = await channel.deliver(letter(channel))
    finally:
        await channel.close()
    assert server.violations == []
    return outcome


def is_later(outcome: Outcome, *, down: bool = False) -> bool:
    return isinstance(outcome, TryLater) and outcome.channel_down is down


# What goes well


@both
async def test_a_message_arrives_byte_for_byte(extensions: tuple[str, ...]) -> None:
    async with ScriptedSmtp(extensions) as server:
        channel = smtp(server.port)
        sent = letter(channel, text="Hello\n.\n..two dots\n.QUIT\nbye", html="<p>Hello</p>")
        outcome = await channel.deliver(sent)
        await channel.close()
    assert outcome == Receipt("4TmZ7k1Q", "250 2.0.0 Ok: queued as 4TmZ7k1Q")
    assert server.violations == []
    assert [taken.content for taken in server.taken] == [sent.content]
    assert server.taken[0].rcpt == "RCPT TO:<bob@example.org>"
    assert server.taken[0].mail.startswith("MAIL FROM:<shop@example.com>")
    assert server.commands[0] == "EHLO shop.example.com"
    assert server.commands[-1] == "QUIT"


async def test_content_that_begins_with_a_dot() -> None:
    async with ScriptedSmtp() as server:
        channel = smtp(server.port)
        await channel.deliver(replace(letter(channel), content=b".hidden: x\r\n\r\n.\r\n"))
        await channel.close()
    assert server.taken[0].content == b".hidden: x\r\n\r\n.\r\n"


async def test_envelope_and_data_go_in_one_piece_where_the_server_offers_pipelining() -> None:
    """Also pins how the connection is taken over from aiosmtplib: its own protocol cannot do this."""
    async with ScriptedSmtp(PIPELINING) as server:
        channel = smtp(server.port)
        sent = letter(channel)
        await channel.deliver(sent)
        await channel.close()
    size = len(sent.content)
    envelope = f"MAIL FROM:<shop@example.com> SIZE={size}\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n".encode()
    assert server.segments == [b"EHLO shop.example.com\r\n", envelope, sent.content + b".\r\n", b"QUIT\r\n"]


async def test_an_old_server_that_knows_only_helo() -> None:
    async with ScriptedSmtp(PIPELINING, {"EHLO": ["502 what?"]}) as server:
        assert isinstance(await send(server), Receipt)
    assert server.commands[:3] == ["EHLO shop.example.com", "HELO shop.example.com", "MAIL FROM:<shop@example.com>"]


@both
async def test_addresses_beyond_ascii_need_a_server_that_takes_them(extensions: tuple[str, ...]) -> None:
    async with ScriptedSmtp((*extensions, "SMTPUTF8")) as able, ScriptedSmtp(extensions) as unable:
        for server in (able, unable):
            channel = smtp(server.port)
            sent = letter(channel, address="张三@例子.example")
            outcome = await channel.deliver(sent)
            await channel.close()
    assert outcome == Refused("the mail server does not take addresses beyond ASCII (SMTPUTF8)")
    assert unable.taken == []
    assert able.taken[0].rcpt == "RCPT TO:<张三@xn--fsqu00a.example>"
    assert able.taken[0].mail.endswith("BODY=8BITMIME SMTPUTF8")
    assert able.taken[0].content == sent.content


async def test_eight_bit_content_needs_a_server_that_takes_it() -> None:
    async with ScriptedSmtp(("SIZE",)) as unable, ScriptedSmtp(("8BITMIME",)) as able:
        for server in (unable, able):
            channel = smtp(server.port)
            outcome = await channel.deliver(replace(letter(channel), content="Subject: é\r\n\r\né\r\n".encode()))
            await channel.close()
            assert isinstance(outcome, Receipt if server is able else Refused)
    assert able.taken[0].mail == "MAIL FROM:<shop@example.com> BODY=8BITMIME"


async def test_only_addresses_become_recipients() -> None:
    channel = smtp(closed_port())
    for address in ("bob@example.org> <eve@example.org", "a@example.org,b@example.org", "bob@example.org\r\nDATA"):
        outcome = await channel.deliver(replace(letter(channel), address=address))
        assert isinstance(outcome, Refused)
        assert "example.org" not in outcome.reason
    assert channel.address_of(Customer(email=" Bob@EXAMPLE.org")) == "Bob@example.org"
    assert channel.address_of(Customer(email="bob@example.org, eve@example.org")) is None


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nb\r\n", b"a\n.\r\nMAIL\r\n", b"a", b""])
async def test_nothing_but_crlf_goes_out(content: bytes) -> None:
    """A lone CR or LF around a dot is how a second message is smuggled in."""
    async with ScriptedSmtp(PIPELINING) as server:
        channel = smtp(server.port)
        assert isinstance(await channel.deliver(replace(letter(channel), content=content)), Refused)
        await channel.close()
        assert server.ended == []


# M1: no connection


@pytest.mark.parametrize(
    ("script", "down"),
    [
        ({"greeting": ["421 4.3.2 too busy"]}, False),
        ({"greeting": ["554 5.7.1 not you"]}, False),
        ({"greeting": ["what?"]}, False),
        ({"greeting": [Act.CUT]}, False),
        ({"greeting": [Act.CLOSE]}, False),
        ({"greeting": [Act.SILENCE]}, False),
        ({"EHLO": ["421 4.3.2 shutting down"]}, False),
        ({"EHLO": ["550 no"], "HELO": ["550 no"]}, False),
        ({"EHLO": [Act.CUT]}, False),
        ({"EHLO": [Act.SILENCE]}, False),
        ({"AUTH": ["535 5.7.8 wrong password"] * 3}, True),
        ({"AUTH": ["534 5.7.9 too weak"] * 3}, True),
        ({"AUTH": ["454 4.7.0 later"] * 3}, False),
        ({"AUTH": ["421 4.7.0 bye"]}, False),
        ({"AUTH": [Act.CUT]}, False),
        ({"MAIL": ["530 5.7.0 log in first"]}, True),
    ],
)
async def test_m1_without_a_connection_nothing_is_sent(script: dict[str, list[Answer]], down: bool) -> None:
    async with ScriptedSmtp((*PLAIN, "AUTH PLAIN"), script) as server:
        outcome = await send(server, username="shop", password=SecretStr("pass-4711"), timeout=SOON)
        await server.empty()
    assert is_later(outcome, down=down), outcome
    assert "pass-4711" not in str(outcome)
    assert server.ended == []


async def test_m1_nobody_listens() -> None:
    channel = smtp(closed_port())
    assert is_later(await channel.deliver(letter(channel)))
    await channel.close()


async def test_m1_a_password_is_not_given_to_a_server_that_does_not_ask() -> None:
    async with ScriptedSmtp() as server:
        assert is_later(await send(server, username="shop", password=SecretStr("secret")), down=True)
    assert server.commands == ["EHLO shop.example.com"]


# Encryption


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def trusting(authority: Authority, tmp_path: Path) -> dict[str, Any]:
    """Settings of a channel that trusts the authority."""
    authority.write(str(tmp_path / "ca.pem"))
    return {"folder": tmp_path, "ca_file": "ca.pem"}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_encrypted_from_before_the_first_word(tls: str, authority: Authority, trusting: dict[str, Any]) -> None:
    extensions = ("AUTH PLAIN", "PIPELINING", *(("STARTTLS",) if tls == "starttls" else ()))
    async with ScriptedSmtp(extensions, tls=authority.server(), implicit=tls == "implicit") as server:
        assert isinstance(await send(server, times=2, tls=tls, **ACCOUNT, **trusting), Receipt)
    steps = [command.split()[0] for command in server.commands]
    start = ["EHLO", "STARTTLS"] if tls == "starttls" else []
    assert steps == [*start, "EHLO", "AUTH", *["MAIL", "RCPT", "DATA", "."] * 2, "QUIT"]
    assert len(server.taken) == 2


async def test_a_real_server_with_starttls_and_login(authority: Authority, trusting: dict[str, Any]) -> None:
    async with RealMailServer(authority.server()) as server:
        channel = smtp(server.port, tls="starttls", **ACCOUNT, **trusting)
        sent = letter(channel, text="您好\n.\n")
        outcomes = [await channel.deliver(sent) for _ in range(2)]
        await channel.close()
        wrong = smtp(server.port, tls="starttls", **ACCOUNT | {"password": SecretStr("other")}, **trusting)
        assert is_later(await wrong.deliver(sent), down=True)
        await wrong.close()
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert server.mailroom.taken == [("shop@example.com", [BOB], sent.content)] * 2


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("names", [["127.0.0.1"], ["mail.example.com"]], ids=["unknown authority", "other name"])
async def test_m1_a_certificate_that_cannot_be_trusted(
    tls: str, names: list[str], authority: Authority, trusting: dict[str, Any]
) -> None:
    context = authority.server(*names)
    trust = trusting if names == ["mail.example.com"] else {}
    async with ScriptedSmtp(("STARTTLS",), tls=context, implicit=tls == "implicit") as server:
        outcome = await send(server, tls=tls, **trust)
        await server.empty()
    assert is_later(outcome, down=True)
    assert "certificate" in str(outcome)
    assert not any(command.startswith("MAIL") for command in server.commands)


async def test_m1_no_clear_text_when_encryption_was_asked_for() -> None:
    async with ScriptedSmtp(("AUTH PLAIN",)) as server:
        assert is_later(await send(server, tls="starttls"), down=True)
    assert server.commands == ["EHLO shop.example.com"]


async def test_m1_no_handshake() -> None:
    async with ScriptedSmtp(("STARTTLS",), {"STARTTLS": ["454 4.7.0 not now"]}) as refusing:
        assert is_later(await send(refusing, tls="starttls"))
    async with ScriptedSmtp() as plain:
        assert is_later(await send(plain, tls="implicit", timeout=SOON))


async def test_m1_no_file_of_authorities(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name in ("missing.pem", "empty.pem"):
        channel = smtp(closed_port(), tmp_path, tls="starttls", ca_file=name)
        outcome = await channel.deliver(letter(channel))
        assert is_later(outcome, down=True)
        assert "ca_file" in str(outcome)
        await channel.close()


# M2 and M3: refused


@both
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize(
    "answer", ["451 4.3.0 later", "450 4.7.1 greylisted", "452 4.2.2 mailbox full", "454 4.7.0 no"]
)
async def test_m2_not_now_means_later_and_the_connection_goes_on(
    extensions: tuple[str, ...], step: str, answer: str
) -> None:
    async with ScriptedSmtp(extensions, {step: [answer], **_consequences(step, extensions)}) as server:
        assert is_later(await send(server))
        assert server.taken == []
    async with ScriptedSmtp(extensions, {step: [answer], **_consequences(step, extensions)}) as server:
        assert isinstance(await send(server, times=2), Receipt)
        assert len(server.taken) == 1
    assert server.connections == 1


def _consequences(step: str, extensions: tuple[str, ...]) -> dict[str, list[Answer]]:
    """What an honest server says to the pipelined commands behind one that it refused."""
    steps = ["MAIL", "RCPT", "DATA", "dot"]
    behind = steps[steps.index(step) + 1 : 3] if extensions is PIPELINING else []
    return {name: ["503 5.5.1 not now"] for name in behind}


@both
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
async def test_m2_421_closes_the_connection(extensions: tuple[str, ...], step: str) -> None:
    async with ScriptedSmtp(extensions, {step: ["421 4.4.2 too long"]}) as server:
        channel = smtp(server.port)
        assert is_later(await channel.deliver(letter(channel)))
        await server.empty()
        assert isinstance(await channel.deliver(letter(channel)), Receipt)
        await channel.close()
    assert server.connections == 2
    assert len(server.taken) == 1


LATER, DOWN = TryLater(""), TryLater("", channel_down=True)
NEVER, GONE = Refused(""), Refused("", suppress=True)


@both
@pytest.mark.parametrize(
    ("step", "answer", "meaning"),
    [
        ("RCPT", "550 5.1.1 no such user", GONE),
        ("RCPT", "550 5.1.2 no such domain", GONE),
        ("RCPT", "501 5.1.3 bad syntax", GONE),
        ("RCPT", "551 5.1.6 moved", GONE),
        ("RCPT", "556 5.1.10 null MX", GONE),
        ("RCPT", "550 5.2.1 disabled", GONE),
        ("RCPT", "550-5.1.1 The account does not exist.\r\n550 5.1.1 Try another", GONE),
        ("dot", "550 5.1.1 no such user after all", GONE),
        ("RCPT", "550 5.1.15 is not 5.1.1", NEVER),
        ("RCPT", "550 no such user here", NEVER),
        ("RCPT", "553 mailbox name not allowed", NEVER),
        ("RCPT", "554 5.7.1 relay access denied", NEVER),
        ("RCPT", "550 5.7.26 unauthenticated", NEVER),
        ("dot", "554 5.7.1 looks like spam", NEVER),
        ("dot", "552 5.3.4 too big", NEVER),
        ("MAIL", "552 5.3.4 too big", NEVER),
        ("DATA", "554 5.7.1 no", NEVER),
        ("RCPT", "552 5.2.2 mailbox full", LATER),
        ("RCPT", "552 mailbox full", LATER),
        ("dot", "552 5.2.2 mailbox full", LATER),
        ("RCPT", "503 5.5.1 out of order", LATER),
        ("RCPT", "550 5.1.8 sender's domain not found", DOWN),
        ("RCPT", "553 5.1.7 bad sender", DOWN),
        ("RCPT", "530 5.7.0 log in", DOWN),
        ("RCPT", "535 5.7.8 log in", DOWN),
        ("MAIL", "550 5.7.1 not your address", DOWN),
        ("MAIL", "553 no", DOWN),
    ],
)
async def test_m3_who_is_at_fault(extensions: tuple[str, ...], step: str, answer: str, meaning: Outcome) -> None:
    async with ScriptedSmtp(extensions, {step: [answer], **_consequences(step, extensions)}) as server:
        outcome = await send(server)
        assert server.taken == []
    assert isinstance(outcome, TryLater | Refused)
    assert replace(outcome, reason="") == meaning
    assert server.connections == 1


async def test_reasons_name_nobody() -> None:
    words = "550 5.1.1 <bob@example.org>: Recipient bob@example.org rejected\x1b[31m" + " because" * 100
    async with ScriptedSmtp(script={"RCPT": [words]}) as server:
        outcome = await send(server)
    assert isinstance(outcome, Refused)
    assert "bob" not in outcome.reason
    assert outcome.reason.isprintable()
    assert "550 5.1.1 (address): Recipient (address) rejected" in outcome.reason
    assert len(outcome.reason) < 300


# Refused, and yet the server waits for a message (RFC 2920 section 3.1)


async def test_a_refused_recipient_and_354_get_a_lone_dot() -> None:
    async with ScriptedSmtp(PIPELINING, {"RCPT": ["550 5.1.1 no"], "dot": ["554 5.5.1 no recipients"]}) as server:
        channel = smtp(server.port)
        assert isinstance(await channel.deliver(letter(channel)), Refused)
        assert [ended.wire for ended in server.ended] == [b""]
        assert isinstance(await channel.deliver(letter(channel)), Receipt)
        await channel.close()
    assert server.connections == 1
    assert len(server.taken) == 1


async def test_a_server_that_even_takes_the_lone_dot_is_left() -> None:
    async with ScriptedSmtp(PIPELINING, {"RCPT": ["550 5.1.1 no"]}) as server:
        assert isinstance(await send(server), Refused)
        await server.empty()
    assert [ended.wire for ended in server.ended] == [b""]
    assert server.commands[-2:] == ["DATA", "."]


async def test_no_dot_for_a_server_that_took_the_recipient_but_not_the_sender() -> None:
    async with ScriptedSmtp(PIPELINING, {"MAIL": ["550 5.7.1 not you"]}) as server:
        assert is_later(await send(server), down=True)
        await server.empty()
    assert server.ended == []


# M5: lost before the server has the message


@both
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("act", [Act.CUT, Act.CLOSE, Act.SILENCE, "what?", "25 ok", "250x ok", "354 go", "199 hm"])
async def test_m5_lost_before_the_message_means_later(extensions: tuple[str, ...], step: str, act: Answer) -> None:
    if (step, act) == ("DATA", "354 go"):
        act = "250 fine"
    async with ScriptedSmtp(extensions, {step: [act]}) as server:
        outcome = await send(server, timeout=SOON)
        await server.empty()
    assert is_later(outcome), outcome
    assert server.ended == []
    assert "RSET" not in server.commands


@both
async def test_m5_a_refusal_counts_even_if_the_connection_dies_after_it(extensions: tuple[str, ...]) -> None:
    script: dict[str, list[Answer]] = {"RCPT": ["550 5.1.1 no"], "DATA": [Act.CUT], "RSET": [Act.CUT]}
    async with ScriptedSmtp(extensions, script) as server:
        assert isinstance(await send(server), Refused)


async def test_m5_an_answer_to_a_question_not_yet_asked_is_not_believed() -> None:
    """A second answer behind the 354 would be taken for the answer to the dot."""
    async with ScriptedSmtp(PIPELINING, {"DATA": ["354 go on\r\n250 2.0.0 taken already"]}) as server:
        assert is_later(await send(server))
        await server.empty()
    assert server.ended == []


@pytest.mark.parametrize("flood", ["250-more\r\n" * 20_000, "250 " + "x" * 100_000, "250 ok\r\n" * 100])
async def test_m5_answers_without_an_end(flood: str) -> None:
    async with ScriptedSmtp(script={"MAIL": [flood]}) as server:
        assert is_later(await send(server))


# M6: lost when the server may have the message


@both
@pytest.mark.parametrize("act", [Act.CUT, Act.CLOSE, Act.SILENCE, "what?", "354 go on", "999 hm", "150 hm", "2.0.0 Ok"])
async def test_m6_anything_unclear_after_the_dot_is_in_doubt(extensions: tuple[str, ...], act: Answer) -> None:
    async with ScriptedSmtp(extensions, {"dot": [act]}) as server:
        outcome = await send(server, data_timeout=SOON)
        await server.empty()
    assert isinstance(outcome, Unknown), outcome
    assert len(server.ended) == 1


async def test_m6_cut_inside_the_body() -> None:
    async with ScriptedSmtp(script={"DATA": [Act.CUT_ON_NEXT_BYTE]}) as server:
        assert isinstance(await send(server), Unknown)


async def test_m6_the_final_dot_has_its_own_patience() -> None:
    async with ScriptedSmtp(script={"dot": [Act.SILENCE]}) as server:
        channel = smtp(server.port, timeout=SOON)
        delivery = asyncio.create_task(channel.deliver(letter(channel)))
        await server.seen(".")
        done, _ = await asyncio.wait([delivery], timeout=3 * SOON.total_seconds())
        assert not done
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        await server.empty()
        await channel.close()


async def test_m6_patience_with_a_dot_does_not_last_for_the_next_command() -> None:
    async with ScriptedSmtp(script={"dot": [Act.SILENCE], "MAIL": ["250 2.1.0 Ok", Act.SILENCE]}) as server:
        channel = smtp(server.port, timeout=SOON, data_timeout=timedelta(minutes=10))
        delivery = asyncio.create_task(channel.deliver(letter(channel)))
        await server.seen(".")
        await asyncio.wait([delivery], timeout=2 * SOON.total_seconds())
        for conversation in server.live:
            conversation.say("250 2.0.0 Ok")
        assert isinstance(await delivery, Receipt)
        async with asyncio.timeout(5):
            assert is_later(await channel.deliver(letter(channel)))
        await channel.close()


# M7 and M8


@both
@pytest.mark.parametrize("act", [Act.CUT, Act.CLOSE, "554 no", "what?", "421 gone"])
async def test_m7_what_happens_to_quit_changes_nothing(extensions: tuple[str, ...], act: Answer) -> None:
    async with ScriptedSmtp(extensions, {"QUIT": [act]}) as server:
        assert isinstance(await send(server), Receipt)
        await server.empty()


async def test_m8_a_server_that_took_what_it_put_off_gets_the_same_bytes_again() -> None:
    async with ScriptedSmtp(script={"dot": ["451 4.3.0 later, says the liar"]}) as server:
        channel = smtp(server.port)
        sent = letter(channel)
        assert is_later(await channel.deliver(sent))
        assert isinstance(await channel.deliver(replace(sent, id="attempt-2")), Receipt)
        await channel.close()
    assert [ended.content for ended in server.ended] == [sent.content] * 2


# Kept connections


@both
async def test_one_connection_serves_many_messages_one_at_a_time(extensions: tuple[str, ...]) -> None:
    async with ScriptedSmtp(extensions) as server:
        assert isinstance(await send(server, times=5), Receipt)
        await server.empty()
    assert server.connections == 1
    assert len(server.taken) == 5


async def test_no_more_connections_than_deliveries_at_a_time() -> None:
    async with ScriptedSmtp(PIPELINING) as server:
        channel = smtp(server.port, concurrency=3)
        letters = [letter(channel, text=f"number {number}") for number in range(20)]
        outcomes = await asyncio.gather(*map(channel.deliver, letters))
        await channel.close()
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert sorted(taken.content for taken in server.taken) == sorted(sent.content for sent in letters)
    assert server.most_at_once <= 3


@both
@pytest.mark.parametrize("last_words", ["", "421 4.4.2 idle for too long"])
async def test_a_connection_the_server_closed_meanwhile_is_replaced(
    extensions: tuple[str, ...], last_words: str
) -> None:
    async with ScriptedSmtp(extensions) as server:
        channel = smtp(server.port)
        await channel.deliver(letter(channel))
        server.drop_everybody(last_words)
        await server.empty()
        assert isinstance(await channel.deliver(letter(channel)), Receipt)
        await channel.close()
    assert server.connections == 2


@both
@pytest.mark.parametrize("act", [Act.CUT, Act.CLOSE, "421 4.4.2 idle for too long"])
async def test_a_kept_connection_that_turns_out_to_be_closed_is_replaced(
    extensions: tuple[str, ...], act: Answer
) -> None:
    async with ScriptedSmtp(extensions, {"MAIL": ["250 Ok", act]}) as server:
        assert isinstance(await send(server, times=2), Receipt)
    assert server.connections == 2
    assert len(server.taken) == 2


@both
async def test_a_kept_connection_that_is_silent_is_not_tried_twice(extensions: tuple[str, ...]) -> None:
    async with ScriptedSmtp(extensions, {"MAIL": ["250 Ok", Act.SILENCE]}) as server:
        assert is_later(await send(server, times=2, timeout=SOON))
    assert server.connections == 1


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    async with ScriptedSmtp(PIPELINING) as server:
        channel = smtp(server.port, idle=SOON)
        await asyncio.gather(*(channel.deliver(letter(channel)) for _ in range(3)))
        await channel.deliver(letter(channel))
        await server.seen("QUIT", server.connections)
        await server.empty()
        assert isinstance(await channel.deliver(letter(channel)), Receipt)
        await channel.close()


async def test_connections_that_fall_idle_one_after_the_other_are_all_closed() -> None:
    async with ScriptedSmtp(script={"dot": ["250 Ok", Act.LATE]}) as server:
        channel = smtp(server.port, idle=SOON)
        outcomes = await asyncio.gather(*(channel.deliver(letter(channel)) for _ in range(2)))
        assert [type(outcome) for outcome in outcomes] == [Receipt, Receipt]
        await server.seen("QUIT", 2)
        await server.empty()
        await channel.close()


async def test_a_connection_in_use_is_not_idle() -> None:
    async with ScriptedSmtp() as server:
        channel = smtp(server.port, idle=timedelta(seconds=5))
        await channel.deliver(letter(channel))
        await channel.deliver(letter(channel))
        assert server.connections == 1
        await channel.close()
        await server.empty()


async def test_a_connection_is_renewed_after_so_many_messages() -> None:
    async with ScriptedSmtp() as server:
        await send(server, times=5, messages_per_connection=2)
        await server.empty()
    assert server.connections == 3
    assert [command for command in server.commands if command == "QUIT"] == ["QUIT"] * 3


async def test_a_server_that_talks_unasked_is_left() -> None:
    async with ScriptedSmtp(script={"dot": ["250 2.0.0 Ok\r\n250 and Ok"]}) as server:
        assert isinstance(await send(server, times=2), Receipt)
    assert server.connections == 2


async def test_cancelled_in_doubt_the_connection_is_not_used_again() -> None:
    async with ScriptedSmtp(PIPELINING, {"dot": [Act.SILENCE]}) as server:
        channel = smtp(server.port)
        delivery = asyncio.create_task(channel.deliver(letter(channel)))
        await server.seen(".")
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        await server.empty()
        assert isinstance(await channel.deliver(letter(channel)), Receipt)
        await channel.close()
    assert server.connections == 2


async def test_closed_while_a_delivery_is_under_way() -> None:
    async with ScriptedSmtp() as server:
        channel = smtp(server.port)
        delivery = asyncio.create_task(channel.deliver(letter(channel)))
        await server.seen("EHLO")
        await channel.close()
        assert isinstance(await delivery, Receipt)
        await server.empty()
        await channel.close()


async def test_a_server_that_never_says_goodbye_is_left() -> None:
    async with ScriptedSmtp(script={"QUIT": [Act.SILENCE]}) as server:
        async with asyncio.timeout(10):
            assert isinstance(await send(server, timeout=SOON), Receipt)
        await server.empty()


# Settings


@pytest.mark.parametrize("host", ["mail.example.com", "10.0.0.1", "192.168.1.10", "localhost.example.com", "::2"])
def test_clear_text_never_leaves_the_machine(host: str) -> None:
    with pytest.raises(ValidationError, match="in clear text over the network"):
        smtp(25, host=host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_clear_text_inside_the_machine_is_fine(host: str) -> None:
    assert smtp(25, host=host).kind == "email"


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "mail example"},
        {"host": "a\r\nb"},
        {"helo": "my shop"},
        {"port": 0},
        {"username": "shop"},
        {"password": SecretStr("secret")},
        {"sender": "Shop"},
        {"sender": 5},
        {"reply_to": "a@example.com, b@example.com"},
        {"tls": "maybe"},
        {"messages_per_connection": 0},
        {"unknown": 1},
    ],
)
def test_settings_that_cannot_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        smtp(**({"port": 25} | wrong))


async def test_constructing_opens_nothing(tmp_path: Path) -> None:
    channel = smtp(1, tmp_path, tls="implicit", ca_file="missing.pem", helo=None, reply_to="help@example.com")
    assert channel.concurrency == 8
    assert b"Reply-To: help@example.com\r\n" in letter(channel).content
    await channel.close()


def test_servers_of_these_tests_are_encrypted_as_they_should_be(authority: Authority) -> None:
    assert authority.server().minimum_version >= ssl.TLSVersion.TLSv1_2
