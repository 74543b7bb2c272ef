"""One contract for every channel, shipped or from outside: a line in `CHANNELS` is all a new one needs here."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from notifier.channels import SHIPPED
from notifier.channels.apprise import Apprise
from notifier.channels.console import Console
from notifier.channels.dingtalk import DingTalk
from notifier.channels.feishu import Feishu
from notifier.channels.maildir import Maildir
from notifier.channels.smtp import Smtp
from notifier.channels.twilio import Twilio
from notifier.channels.twilio_voice import TwilioVoice
from notifier.channels.webhook import Webhook
from notifier.channels.wecom import WeCom
from notifier.errors import RenderError
from notifier.interfaces import Channel
from notifier.model.message import Attempt, Message, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from notifier.rules.text import clean_text
from notifier.settings.adapters import STAFF_KINDS
from tests.fakes import robots, twilio
from tests.fakes.letters import TEXT, attempt, closed_port, message, surroundings
from tests.fakes.receiver import Receiver
from tests.fakes.robots import Robots
from tests.fakes.root_log import root_log
from tests.fakes.rude import MANNERS, Manner, RudeServer
from tests.fakes.smtp_server import PIPELINING, ScriptedSmtp
from tests.fakes.twilio import TwilioFake

SECRET = "AaBbCcDdEeFfGg1"
Heard = Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Service:
    """A pretend service: where it listens (0: nowhere), and the texts it was given."""

    port: int
    heard: Heard


@dataclass(frozen=True, slots=True)
class Case:
    """One channel: how it is built, what it speaks to, an address there, and the secrets in its options."""

    kind: type[Any]
    options: Callable[[int], dict[str, Any]]
    serve: Callable[[Path, pytest.CaptureFixture[str]], AbstractAsyncContextManager[Service]]
    address: str
    secrets: tuple[str, ...] = ()

    def build(self, port: int, folder: Path, seconds: float = 10) -> Channel:
        options = {"type": "x", "timeout": timedelta(seconds=seconds), "concurrency": 5} | self.options(port)
        channel: Channel = self.kind("this", self.kind.Options.model_validate(options), surroundings(folder))
        return channel


def local(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@asynccontextmanager
async def twilio_service(*_: object) -> AsyncIterator[Service]:
    async with TwilioFake(surroundings().clock) as fake:
        yield Service(fake.port, lambda: [sent["body"] for sent in fake.messages])


@asynccontextmanager
async def phone_service(*_: object) -> AsyncIterator[Service]:
    async with TwilioFake(surroundings().clock) as fake:
        yield Service(fake.port, lambda: [call["said"][0] for call in fake.calls])


@asynccontextmanager
async def robots_service(*_: object) -> AsyncIterator[Service]:
    async with Robots(surroundings().clock) as fake:
        yield Service(fake.port, lambda: [said.text for said in fake.said])


@asynccontextmanager
async def webhook_service(*_: object) -> AsyncIterator[Service]:
    async with Receiver() as fake:
        yield Service(fake.port, lambda: [received.json["text"] for received in fake.received])


@asynccontextmanager
async def gotify_service(*_: object) -> AsyncIterator[Service]:
    async with Receiver() as fake:
        yield Service(fake.port, lambda: [received.json["message"] for received in fake.received])


@asynccontextmanager
async def mail_service(*_: object) -> AsyncIterator[Service]:
    async with ScriptedSmtp(extensions=(*PIPELINING, "AUTH PLAIN")) as fake:
        yield Service(fake.port, lambda: [mail_text(taken.content) for taken in fake.taken])


@asynccontextmanager
async def maildir_service(folder: Path, _: object) -> AsyncIterator[Service]:
    def heard() -> list[str]:
        return [mail_text(file.read_bytes()) for file in sorted(folder.glob("mail/new/*"))]

    yield Service(0, heard)


@asynccontextmanager
async def console_service(_: object, terminal: pytest.CaptureFixture[str]) -> AsyncIterator[Service]:
    printed: list[str] = []

    def heard() -> list[str]:
        printed.append(terminal.readouterr().out)
        blocks = "".join(printed).split("┌─ ")[1:]
        # the first lines are the head, the subject and an empty one
        return ["\n".join(line[2:] for line in block.split("\n")[3:] if line.startswith("│")) for block in blocks]

    yield Service(0, heard)


def mail_text(content: bytes) -> str:
    part = email.message_from_bytes(content, policy=email.policy.default).get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


CHANNELS: dict[str, Case] = {
    "smtp": Case(
        Smtp,
        lambda port: {
            "host": "127.0.0.1",
            "port": port,
            "tls": "none",
            "username": "shop",
            "password": SecretStr(SECRET),
            "sender": "Example Shop <shop@example.com>",
        },
        mail_service,
        "ada@example.com",
        (SECRET,),
    ),
    "twilio": Case(
        Twilio,
        lambda port: {
            "account_sid": twilio.ACCOUNT,
            "token": SecretStr(twilio.TOKEN),
            "sender": twilio.SENDER,
            "base_url": local(port),
        },
        twilio_service,
        "+12025550123",
        (twilio.TOKEN,),
    ),
    "twilio-voice": Case(
        TwilioVoice,
        lambda port: {
            "account_sid": twilio.ACCOUNT,
            "token": SecretStr(twilio.TOKEN),
            "sender": twilio.SENDER,
            "base_url": local(port),
        },
        phone_service,
        "+12025550123",
        (twilio.TOKEN,),
    ),
    "wecom": Case(
        WeCom,
        lambda port: {"key": SecretStr(robots.KEY), "base_url": local(port)},
        robots_service,
        "@all",
        (robots.KEY,),
    ),
    "dingtalk": Case(
        DingTalk,
        lambda port: {
            "access_token": SecretStr(robots.KEY),
            "secret": SecretStr(robots.SECRET),
            "base_url": local(port),
        },
        robots_service,
        "@all",
        (robots.KEY, robots.SECRET),
    ),
    "feishu": Case(
        Feishu,
        lambda port: {"hook": SecretStr(robots.KEY), "secret": SecretStr(robots.SECRET), "base_url": local(port)},
        robots_service,
        "@all",
        (robots.KEY, robots.SECRET),
    ),
    "webhook": Case(
        Webhook, lambda port: {"url": local(port), "secret": SecretStr(SECRET)}, webhook_service, "U123", (SECRET,)
    ),
    "apprise": Case(
        Apprise,
        lambda port: {"url": SecretStr(f"gotify://127.0.0.1:{port}/{SECRET}")},
        gotify_service,
        "team",
        (SECRET,),
    ),
    "maildir": Case(Maildir, lambda _: {}, maildir_service, "ada@example.com"),
    "console": Case(Console, lambda _: {}, console_service, "+12025550123"),
}
NETWORKED = [name for name in CHANNELS if name not in ("maildir", "console")]

HOSTILE = {
    "control characters": "order 1001\0\x07\x1b[2J\x7f\x9b end",
    "lone surrogates": "order 1001 \ud83d end \udc00",
    "bidi": "order 1001 \u202egnp.exe\u202c \u2067x\u2069 end",
    "emoji": "order 1001 👩‍👧‍👦🏳️‍🌈 e\u0301 end",
    "line ends": "order 1001\r\n.\r\nQUIT\r\n\u2028\x85 a\rb end",
    "header": "order 1001\r\nBcc: eve@example.org\r\n\r\nend",
    "markup": 'order 1001 <b>&amp;</b> {{ 7 * 7 }} %s \\n "quoted" end',
    "ten kilobytes": "order 1001 " + "x" * 10_000 + " end",
    "ten kilobytes of emoji": "order 1001 " + "🎁" * 2_500 + " end",
    "white space": " \t\n order 1001 end \n\n ",
    "nothing": "",
    "nothing visible": "\u202e\0 \n",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel, ready, and the service it speaks to."""

    case: Case
    channel: Channel
    service: Service

    def message(self, **changes: Any) -> Message:
        return message(**{"address": self.case.address} | changes)

    def attempt(self, number: int = 1, **changes: Any) -> Attempt:
        return attempt(self.channel, self.message(**changes), number)

    def try_attempt(self, **changes: Any) -> tuple[Attempt | None, str]:
        """The attempt, or why the message cannot be said this way."""
        try:
            return self.attempt(**changes), ""
        except RenderError as error:
            return None, str(error)


@pytest.fixture(params=CHANNELS)
async def standing(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Standing]:
    case = CHANNELS[request.param]
    async with case.serve(tmp_path, capsys) as service:
        channel = case.build(service.port, tmp_path)
        yield Standing(case, channel, service)
        await channel.close()


def test_every_shipped_channel_has_its_line() -> None:
    assert set(CHANNELS) == set(SHIPPED)
    assert {f"{case.kind.__module__}:{case.kind.__name__}" for case in CHANNELS.values()} == set(SHIPPED.values())


async def test_it_says_what_it_is(standing: Standing) -> None:
    channel = standing.channel
    assert channel.name == "this"
    assert channel.kind in STAFF_KINDS
    assert channel.concurrency == 5
    everywhere = Customer(email="ada@example.com", phone="+12025550123", chat={"this": standing.case.address})
    assert channel.address_of(everywhere) == standing.case.address


async def test_the_same_message_gives_the_same_bytes(standing: Standing, tmp_path: Path) -> None:
    first = standing.channel.compose(standing.message())
    other = standing.case.build(standing.service.port, tmp_path)
    assert standing.channel.compose(standing.message()) == first
    assert other.compose(standing.message()) == first
    assert standing.channel.compose(standing.message(text="another text")) != first
    await other.close()


async def test_a_delivery_arrives_as_it_was_written(standing: Standing) -> None:
    outcome = await standing.channel.deliver(standing.attempt())
    assert isinstance(outcome, Receipt)
    assert [text.rstrip("\n") for text in standing.service.heard()] == [TEXT]


async def test_as_many_at_a_time_as_it_says(standing: Standing) -> None:
    texts = [f"Example Shop: order {number} waits" for number in range(15)]
    attempts = [standing.attempt(number, text=text, id=f"m{number}") for number, text in enumerate(texts)]
    outcomes = await asyncio.gather(*map(standing.channel.deliver, attempts))
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert sorted(text.rstrip("\n") for text in standing.service.heard()) == sorted(texts)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_texts_arrive_clean_or_are_refused_at_once(standing: Standing, text: str) -> None:
    sent, complaint = standing.try_attempt(text=text)
    if sent is None:
        assert "1001" not in complaint
        assert standing.service.heard() == []
        return
    assert isinstance(await standing.channel.deliver(sent), Receipt)
    (heard,) = standing.service.heard()
    assert heard.split() == clean_text(text).split()


@pytest.mark.parametrize("field", ["subject", "name"])
async def test_hostile_fields_do_no_harm(standing: Standing, field: str) -> None:
    changes: dict[str, Any] = {field: "order\r\nBcc: eve@example.org\0\ud800 \u202e" + "x" * 300}
    sent = standing.attempt(**changes)
    assert isinstance(await standing.channel.deliver(sent), Receipt)
    assert len(standing.service.heard()) == 1
    sent.content.decode()
    if standing.channel.kind == "email":
        assert email.message_from_bytes(sent.content)["Bcc"] is None


@pytest.mark.parametrize("address", ["", "a,b", "+12025550123,+12025550124", "<a@example.com> b@example.com", "a\r\nb"])
async def test_lists_are_no_addresses(standing: Standing, address: str) -> None:
    if standing.case.kind in (Apprise, Console, Webhook):
        return  # nothing is routed by the address: it is printed, passed on in JSON, or only says that there is one
    sent, complaint = standing.try_attempt(address=address)
    if sent is not None:
        assert isinstance(await standing.channel.deliver(sent), Refused)
    assert not address or address not in complaint
    assert standing.service.heard() == []


async def test_closing_twice_and_without_a_delivery(standing: Standing) -> None:
    await standing.channel.close()
    await standing.channel.close()


async def test_secrets_stay_inside(standing: Standing) -> None:
    with root_log() as lines:
        sent = standing.attempt()
        shown = [sent.content.decode(), repr(await standing.channel.deliver(sent)), repr(standing.channel), *lines]
    for secret in standing.case.secrets:
        assert secret not in "\n".join(shown)


@pytest.mark.parametrize("name", NETWORKED)
async def test_without_a_connection_nothing_was_sent(name: str, tmp_path: Path) -> None:
    case = CHANNELS[name]
    channel = case.build(closed_port(), tmp_path)
    with root_log() as lines:
        outcome = await channel.deliver(attempt(channel, message(address=case.address)))
    assert isinstance(outcome, TryLater)
    assert not outcome.channel_down
    said = "\n".join([outcome.reason, *lines])
    for secret in (*case.secrets, case.address, "1001", "Lovelace"):
        assert secret not in said
    await channel.close()


@pytest.mark.parametrize("name", NETWORKED)
@pytest.mark.parametrize("manner", MANNERS)
async def test_a_rude_server_ends_in_an_outcome(name: str, manner: Manner, tmp_path: Path) -> None:
    case = CHANNELS[name]
    async with RudeServer(manner) as server:
        channel = case.build(server.port, tmp_path, seconds=0.3)
        with root_log() as lines:
            outcome = await channel.deliver(attempt(channel, message(address=case.address)))
        assert isinstance(outcome, TryLater | Unknown)
        assert channel.kind == "email" or isinstance(outcome, Unknown)
        for secret in (*case.secrets, case.address, "1001"):
            assert secret not in "\n".join([outcome.reason, *lines])
        await channel.close()


@pytest.mark.parametrize("name", NETWORKED)
async def test_it_lets_itself_be_cancelled(name: str, tmp_path: Path) -> None:
    case = CHANNELS[name]
    async with RudeServer("says nothing") as server:
        channel = case.build(server.port, tmp_path, seconds=5)
        delivery = asyncio.create_task(channel.deliver(attempt(channel, message(address=case.address))))
        await server.greet()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        await channel.close()
