"""Somebody takes an alert, through every door that there is; and nobody gets in who only says so."""

from __future__ import annotations

import asyncio
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from email import message_from_bytes, policy
from typing import Any
from xml.etree import ElementTree

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from notifier.model.alert import Alert, AlertState
from tests.fakes.smtp_server import Act
from tests.fakes.twilio import ACCOUNT, SENDER, TOKEN
from tests.stories.office import DUE, STAFF, late, staff
from tests.stories.stage import Stage
from tests.stories.world import at

Step = dict[str, Any]
Answer = tuple[int, str]
PUBLIC = "https://notifier.example.com"
SMS = f"{PUBLIC}/twilio/sms"
ANN, BOB, SUE = (STAFF["agents"][name]["phone"] for name in ("ann", "bob", "sue"))
ANN_BY_SMS: Step = {"tell": ["ann"], "by": ["sms"]}
BOB_BY_MAIL: Step = {"tell": ["bob"], "by": ["email"], "after": "10m"}
_SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; LinkScanner/4.2)", "Sec-Purpose": "prefetch;prerender"}


def staffed(stage: Stage, *steps: Step) -> None:
    """Ann, Bob and Sue, who climb by these steps or the usual ones, and the web application for their answers."""
    stage.oncall = staff()
    if steps:
        stage.oncall["policies"] = {"shipping": {"steps": steps, "again": "1h", "times": 1}}
    stage.settings["web"] = {"public_url": PUBLIC, "port": 0}


async def begin(stage: Stage, *orders: dict[str, Any]) -> None:
    """It is ten o'clock, two hours before this order, or the first of these, is late."""
    stage.show(*(orders or (late(1001),)))
    await stage.open("ship-deadline", **DUE)
    await stage.fast_forward(hours=1)


def real(stage: Stage, address: str) -> str:
    """Where a public address is really served."""
    assert stage.daemon.web is not None
    return address.replace(PUBLIC, f"http://127.0.0.1:{stage.daemon.web.port}")


async def ask(stage: Stage, method: str, address: str, **details: Any) -> Answer:
    """One request to a public address; status and text of the answer, redirects followed as browsers do."""
    url = URL(real(stage, address), encoded=True)
    async with aiohttp.ClientSession() as session, session.request(method, url, **details) as response:
        return response.status, await response.text()


async def press(stage: Stage, link: str, action: str, **fields: str) -> Answer:
    """A button of the page behind a link."""
    return await ask(stage, "POST", link, data={"action": action, **fields})


async def text_in(stage: Stage, sender: str, body: str) -> Answer:
    """An SMS of somebody, as Twilio hands it on; what is said in answer."""
    return await stage.twilio.receive(SMS, sender, SENDER, body, lambda address: real(stage, address))


async def reply(stage: Stage, sender: str, body: str) -> Answer:
    """The same, and what follows from it."""
    answer = await text_in(stage, sender, body)
    await stage.settled()
    return answer


async def alert(stage: Stage, number: int = 1) -> Alert:
    return (await stage.ask(lambda store: store.alerts([number])))[number]


async def untouched(stage: Stage, number: int = 1) -> bool:
    """Is it open, and has nobody done anything about it?"""
    found, history = await alert(stage, number), await stage.ask(lambda store: store.history(number))
    return (found.state, found.by) == (AlertState.OPEN, "") and not [entry for entry in history if entry.by]


async def a_while(stage: Stage) -> None:
    """Long enough for a request that nothing holds up: a dozen others are answered meanwhile, each from the store."""
    for _ in range(12):
        await alert(stage)


async def taken_in_the_store(stage: Stage) -> None:
    """Return once the alert is acknowledged there; whoever did it may not know yet."""
    while (await alert(stage)).state is AlertState.OPEN:
        pass


def link_in(text: str) -> str:
    return str(re.findall(rf"{PUBLIC}/a/[\w.-]+", text)[-1])


def links_of(mail: bytes) -> set[str]:
    """Every address of ours in any part of an e-mail."""
    parts = [part for part in message_from_bytes(mail, policy=policy.default).walk() if not part.is_multipart()]
    return {link for part in parts for link in re.findall(rf"{PUBLIC}[^\s\"'<>]*", part.get_content())}


async def nobody_else_is_told(stage: Stage) -> None:
    """Every step that could still come has its time, and the whole again."""
    await stage.fast_forward(hours=8)
    stage.expect_silence()


async def test_between_two_steps_a_reply_takes_it_and_another_closes_it(stage: Stage) -> None:
    staffed(stage)
    await begin(stage)
    text = stage.expect_call("ann", "1001")
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")
    await stage.fast_forward(minutes=19, seconds=59)
    number = re.findall(r"(\d+)a\b", text)[0]
    assert await reply(stage, BOB, f"{number}a") == (200, f"Alert {number} is yours.")
    await nobody_else_is_told(stage)  # Sue's step a second later, and all of them again
    told = await stage.command("alert", number)
    assert "bob has it." in told
    assert re.search(r"bob\s+acknowledged\s+SMS", told)
    assert await reply(stage, ANN, f"{number}a") == (200, f"Bob has alert {number} already.")
    assert await reply(stage, BOB, f"{number}c") == (200, f"Alert {number} is closed.")
    stage.expect_call("ann", "over", "1001")  # Bob closed it himself, Sue never heard of it
    assert "closed by bob" in await stage.command("alert", number)


async def test_a_scanner_follows_every_link_and_only_the_button_takes_it(stage: Stage) -> None:
    staffed(stage, {"tell": ["ann"], "by": ["email"]}, BOB_BY_MAIL)
    await begin(stage)
    own = link_in(stage.expect_call("ann", "1001"))
    links = links_of(stage.all_messages()[1][-1].content)
    assert own in links
    for link in links:
        for method in ("GET", "HEAD", "GET", "OPTIONS"):
            status, page = await ask(stage, method, link, headers=_SCANNER)
            assert status == (405 if method == "OPTIONS" else 200)
            assert not re.findall(r"(?:href|src)=", page)  # nothing on the page leads a scanner further
        _, page = await ask(stage, "GET", f"{link}?action=acknowledge&alert=1", headers=_SCANNER)
        assert "Nobody has it yet." in page
    assert await untouched(stage)
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")  # nothing was held up
    [field] = re.findall(r'name="alert" value="(\d+)"', page)
    status, page = await press(stage, own, "acknowledge", alert=field)
    assert status == 200
    assert "You have it." in page
    await nobody_else_is_told(stage)


@asynccontextmanager
async def mail_under_way(stage: Stage) -> AsyncIterator[str]:
    """Ann was told; the mail to Bob has left, and its server does not answer until the end. Ann's link."""
    staffed(stage, ANN_BY_SMS, BOB_BY_MAIL)
    await begin(stage)
    link = link_in(stage.expect_call("ann", "1001"))
    stage.mail.will("dot", Act.SILENCE)
    stage.jump(minutes=10)
    await stage.mail.ends(1)
    yield link
    stage.mail.take_it_at_last()


async def test_the_page_confirms_only_when_nothing_is_on_its_way(stage: Stage) -> None:
    async with mail_under_way(stage) as link:
        form = {"action": "acknowledge"}
        pressed = asyncio.create_task(ask(stage, "POST", link, data=form, allow_redirects=False))
        await taken_in_the_store(stage)
        looked = asyncio.create_task(ask(stage, "GET", link))
        replied = asyncio.create_task(text_in(stage, ANN, "1a"))
        assert (await ask(stage, "GET", f"{PUBLIC}/health")) == (200, "ok")
        await a_while(stage)
        assert not [one for one in (pressed, looked, replied) if one.done()]
    assert (await pressed)[0] == 303
    status, page = await looked
    assert status == 200
    assert "You have it." in page
    assert await replied == (200, "Alert 1 is yours.")
    stage.expect_call("bob", "1001")
    await nobody_else_is_told(stage)


async def test_the_command_confirms_only_when_nothing_is_on_its_way(stage: Stage) -> None:
    async with mail_under_way(stage):
        command = asyncio.create_task(stage.command("ack", "1", "--as", "sue"))
        await taken_in_the_store(stage)
        await a_while(stage)
        assert not command.done()
    told = await command
    assert "is yours, sue" in told
    assert "still arrive" not in told
    stage.expect_call("bob", "1001")
    await nobody_else_is_told(stage)


async def test_what_twilio_has_not_signed_changes_nothing(stage: Stage) -> None:
    staffed(stage, ANN_BY_SMS)
    await begin(stage)
    stage.expect_call("ann", "1001")
    fields = {"AccountSid": ACCOUNT, "Body": "1a", "From": ANN, "MessageSid": "SM1", "To": SENDER}
    other = fields | {"AccountSid": "AC" + "9" * 32}
    right = sign(SMS, fields)
    for posted, signature in (
        (fields, None),
        (fields, ""),
        (fields, right[:-1]),
        (fields, sign(SMS, fields, "another token")),
        (fields | {"Body": "1c"}, right),
        (fields | {"From": BOB}, right),
        (fields, sign(f"{PUBLIC}/twilio/voice/x", fields)),
        (fields, sign(real(stage, SMS), fields)),
        (other, sign(SMS, other)),
        (other, sign(SMS, other, "")),
    ):
        headers = {} if signature is None else {"X-Twilio-Signature": signature}
        status, _ = await ask(stage, "POST", SMS, data=posted, headers=headers)
        assert status == 403
        assert await untouched(stage)
    assert len(stage.logged("a request without Twilio's signature was refused")) == 10
    status, _ = await ask(stage, "POST", SMS, data=fields, headers={"X-Twilio-Signature": right})
    assert status == 200
    assert (await alert(stage)).by == "ann"
    await nobody_else_is_told(stage)


def sign(url: str, fields: dict[str, str], token: str = TOKEN) -> str:
    signature: str = RequestValidator(token).compute_signature(url, fields)
    return signature


async def test_the_last_step_rings_and_key_one_takes_it(stage: Stage) -> None:
    staffed(stage, ANN_BY_SMS, {"tell": ["sue"], "by": ["voice"], "after": "10m"})
    text = stage.settings["channels"]["text"]
    stage.settings["channels"]["phone"] = {**text, "type": "twilio-voice"}
    await begin(stage)
    stage.expect_call("ann", "1001")
    assert not stage.twilio.calls
    await stage.fast_forward(minutes=10)
    [call] = stage.twilio.calls
    assert call["to"] == SUE
    assert "1001" in call["said"][0]
    assert "press 1" in " ".join(call["said"])
    action = ElementTree.fromstring(call["twiml"]).find("Gather").attrib["action"]  # type: ignore[union-attr]
    assert action.startswith(f"{PUBLIC}/twilio/voice/")
    digits = {"AccountSid": ACCOUNT, "Digits": "1"}
    for signature in ("", sign(SMS, digits), sign(f"{action}?x=1", digits)):
        status, _ = await stage.twilio.post(action, digits, signature, lambda address: real(stage, address))
        assert status == 403
    assert await untouched(stage)
    status, said = await stage.twilio.press(call["sid"], "1", lambda address: real(stage, address))
    assert status == 200
    assert "Thank you. It is yours." in said
    found = await alert(stage)
    assert (found.state, found.by) == (AlertState.ACKNOWLEDGED, "sue")
    await nobody_else_is_told(stage)
    assert len(stage.twilio.calls) == 1


async def test_a_link_is_good_for_its_agent_and_its_alert_and_fourteen_days(stage: Stage) -> None:
    staffed(stage, ANN_BY_SMS)
    await begin(stage, late(1001), late(1002, ship_by=at("12:05")))
    first = link_in(stage.expect_call("ann", "1001"))
    await stage.fast_forward(minutes=5)
    second = link_in(stage.expect_call("ann", "1002"))
    assert (await press(stage, first, "acknowledge", alert="2"))[0] == 400
    for forged in (as_if_for(first, "bob"), as_if_for(first, "ann", alert=2), first.rpartition(".")[0], f"{first}x"):
        assert (await ask(stage, "GET", forged))[0] == 404
        assert (await press(stage, forged, "acknowledge"))[0] == 404
    assert await untouched(stage, 1)
    assert await untouched(stage, 2)
    assert (await press(stage, second, "acknowledge"))[0] == 200
    assert [(await alert(stage, number)).by for number in (1, 2)] == ["", "ann"]
    await stage.fast_forward(days=14, minutes=-6)
    stage.expect_call("ann", "1001")
    assert (await ask(stage, "GET", first))[0] == 200
    await stage.fast_forward(minutes=1)
    before = [await alert(stage, number) for number in (1, 2)]
    for answer in (await ask(stage, "GET", first), await press(stage, first, "resolve")):
        assert answer[0] == 404
        assert "older than 14 days" in answer[1]
    assert [await alert(stage, number) for number in (1, 2)] == before


def as_if_for(link: str, agent: str, alert: int = 1) -> str:
    """A link that somebody has changed, with the signature of the right one."""
    head, _, token = link.rpartition("/")
    told, _, signature = token.partition(".")
    _, made, _ = urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode().split(" ")
    changed = urlsafe_b64encode(f"{alert} {made} {agent}".encode()).decode().rstrip("=")
    assert f"{changed}.{signature}" != token
    return f"{head}/{changed}.{signature}"


async def test_who_is_no_agent_any_more_is_let_in_nowhere(stage: Stage) -> None:
    staffed(stage)
    await begin(stage)
    link = link_in(stage.expect_call("ann", "1001"))
    ann = stage.oncall["agents"].pop("ann")
    ladder = [{"tell": ["sue"], "by": ["sms"]}, {"tell": ["bob"], "by": ["sms"], "after": "10m"}]
    stage.oncall["policies"] = {"shipping": {"steps": ladder}}
    await stage.reload()
    assert (await ask(stage, "GET", link))[0] == 404
    assert (await press(stage, link, "acknowledge"))[0] == 404
    assert await reply(stage, ANN, "1a") == (200, "")
    assert await untouched(stage)
    await stage.fast_forward(minutes=10)
    assert await reply(stage, BOB, "1a") == (200, "Alert 1 is yours.")
    stage.expect_call("bob", "1001")
    stage.oncall["agents"]["ann"] = ann | {"called": "Anna"}
    await stage.reload()
    assert "For Anna." in (await ask(stage, "GET", link))[1]


async def test_who_is_under_way_when_the_daemon_stops_gets_an_answer(stage: Stage) -> None:
    staffed(stage, ANN_BY_SMS)
    await begin(stage)
    link = link_in(stage.expect_call("ann", "1001"))
    host, port = URL(real(stage, PUBLIC)).host, URL(real(stage, PUBLIC)).port
    head = f"POST {link.removeprefix(PUBLIC)} HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 18\r\n\r\n"
    reader, writer = await asyncio.open_connection(host, port)
    with closing(writer):
        writer.write((head + form).encode())
        assert b"100" in await reader.readuntil(b"\r\n\r\n")  # the form is being read
        stopped = asyncio.create_task(stage.close())
        while not await refused(str(host), port or 0):
            pass
        await a_while(stage)
        assert not stopped.done()
        writer.write(b"action=acknowledge")
        assert b" 303 " in await reader.readline()
        await stopped
    assert (await alert(stage)).by == "ann"
    await stage.open()
    await nobody_else_is_told(stage)


async def refused(host: str, port: int) -> bool:
    """Are no connections taken any more? One that waits to be taken as the door closes is reset."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    writer.close()
    await writer.wait_closed()
    return False


async def test_a_reply_that_is_not_clear_takes_nothing(stage: Stage) -> None:
    staffed(stage, ANN_BY_SMS)
    await begin(stage)
    stage.expect_call("ann", "1001")
    assert await reply(stage, ANN, "2a") == (200, "Nothing is known by 2.")
    for body in ("1", "a", "take 1", "1a please", "1x", "1a 1"):
        assert (await reply(stage, ANN, body))[0] == 200
        assert await untouched(stage)
    assert await reply(stage, "+12025550199", "1a") == (200, "")
    assert await untouched(stage)
