"""The web application over real sockets: what links, replies and keys do, and what nobody else can."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from notifier.channels.twilio_voice import TwilioVoice, TwilioVoiceOptions
from notifier.errors import ListenError
from notifier.links import GOOD_FOR
from notifier.model.alert import AlertState
from notifier.model.job import Urgency
from notifier.model.order import Money
from notifier.web.desk import Account, Site
from notifier.web.server import WebServer
from notifier.web.view import MOST_SHOWN
from tests.fakes.front import LI, PUBLIC, Answer, Front, front
from tests.fakes.letters import deliver, surroundings
from tests.fakes.root_log import root_log
from tests.fakes.staff import ANN, BOB, HOUR, NOON
from tests.fakes.twilio import ACCOUNT, SENDER, TOKEN, TwilioFake

OPEN, TAKEN, OVER = AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.RESOLVED
SMS = f"{PUBLIC}/twilio/sms"


@pytest.fixture
async def web() -> AsyncIterator[Front]:
    async with front() as opened:
        yield opened


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioFake]:
    async with TwilioFake(surroundings().clock) as fake:
        yield fake


async def state(web: Front, number: int = 1) -> tuple[AlertState, str]:
    alert = await web.alerting.get(number)
    return alert.state, alert.by


async def untouched(web: Front) -> bool:
    """Is alert 1 as it was opened, with nothing in its history but that?"""
    entries = await web.store.history(1)
    return await state(web) == (OPEN, "") and [entry.what for entry in entries] == ["opened"]


# ── the page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_page_says_what_is_wrong(web: Front) -> None:
    await web.open(risk=Money(Decimal("30.00"), "CNY"), urgency=Urgency.URGENT)
    page = await web.ask("GET", web.links.to_alert(1, "ann"))
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    text = re.sub(r"<[^>]*>", "", page.text)
    for said in ("order 1001", "Order 1001", "CN¥30.00 at risk", "Nobody has it yet.", "urgent", "For Ann.", "Opened"):
        assert said in text
    assert re.findall(r'name="action" value="([^"]+)"', page.text) == [
        "acknowledge",
        "resolve",
        "snooze-1h",
        "snooze-4h",
    ]
    for private in ("Anna Smith", "anna@example.com", "13800138000", "West Lake"):
        assert private not in page.text


async def test_the_page_speaks_its_readers_language_and_time(web: Front) -> None:
    await web.open()
    page = await web.ask("GET", web.links.to_alert(1, "li"))
    assert '<html lang="zh-CN">' in page.text
    for said in ("还没有人接手。", "我来处理", "发给小李。", "最晚发货 3月3日周二 02:00", "开始于 3月2日周一 20:00"):
        assert said in page.text


@pytest.mark.parametrize("path", ["/health", "/a/x.y", "/nowhere", "/a/{token}", "/twilio/sms"])
async def test_every_answer_is_locked_down(web: Front, path: str) -> None:
    await web.open()
    answer = await web.ask("GET", PUBLIC + path.format(token=web.links.token([1], "ann")))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "Server" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
async def test_a_scanner_changes_nothing(web: Front, method: str) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    headers = {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch", "X-Moz": "prefetch"}
    for address in (link, f"{link}?action=acknowledge", f"{link}?alert=1&action=resolve"):
        answer = await web.ask(method, address, headers=headers)
        assert answer.status == (200 if method in ("GET", "HEAD") else 405)
    assert await untouched(web)


async def test_a_button_takes_it(web: Front) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    answer = await web.press(link, "acknowledge", alert="1")
    assert answer.status == 303
    assert await state(web) == (TAKEN, "ann")
    page = await web.ask("GET", f"{PUBLIC}/a/{answer.headers['Location']}")
    assert "You have it." in page.text
    assert "Ann took it: link" in page.text
    assert 'value="acknowledge"' not in page.text
    others = await web.ask("GET", web.links.to_alert(1, "bob"))
    assert "Ann has it." in others.text


async def test_pressing_twice_or_later_changes_nothing_more(web: Front) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    answers = await asyncio.gather(*(web.press(link, "acknowledge") for _ in range(5)))
    assert {answer.status for answer in answers} == {303}
    assert (await web.press(web.links.to_alert(1, "bob"), "acknowledge")).status == 303
    assert await state(web) == (TAKEN, "ann")
    assert [entry.what for entry in await web.store.history(1)] == ["opened", "acknowledged"]


async def test_a_button_closes_it(web: Front) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    assert (await web.press(link, "resolve", alert="1")).status == 303
    assert await state(web) == (OVER, "ann")
    page = await web.ask("GET", link)
    assert "You closed it." in page.text
    assert "<form" not in page.text
    assert (await web.press(link, "snooze-1h", alert="1")).status == 303
    assert await state(web) == (OVER, "ann")
    assert "Ann closed it." in (await web.ask("GET", web.links.to_alert(1, "bob"))).text


@pytest.mark.parametrize(("action", "length"), [("snooze-1h", HOUR), ("snooze-4h", 4 * HOUR)])
async def test_a_button_puts_it_off(web: Front, action: str, length: timedelta) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    assert (await web.press(link, action, alert="1")).status == 303
    alert = await web.alerting.get(1)
    assert (alert.state, alert.started) == (OPEN, NOON + length)
    assert "Put off until" in (await web.ask("GET", link)).text
    web.clock.advance(length)
    assert "Nobody has it yet." in (await web.ask("GET", link)).text


async def test_an_alert_that_ended_by_itself(web: Front) -> None:
    alert = await web.open()
    await web.alerting.resolve_all([(alert, "shipped")])
    page = await web.ask("GET", web.links.to_alert(1, "ann"))
    assert "It is over." in page.text
    assert "Over by itself: shipped" in page.text


async def test_notes_are_shown_without_customers_data(web: Front) -> None:
    await web.open()
    await web.alerting.note(1, "bob", "called <b>her</b> at +1 202 555 0123, wrote to anna@example.com")
    page = await web.ask("GET", web.links.to_alert(1, "ann"))
    assert "Bob noted: called &lt;b&gt;her&lt;/b&gt; at ***123, wrote to ***@***" in page.text


async def test_an_alert_about_no_order(web: Front) -> None:
    await web.open(order="", what="the shop has been silent for 2 hours")
    page = await web.ask("GET", web.links.to_alert(1, "ann"))
    assert page.status == 200
    assert "Order " not in re.sub(r"<h2>.*</h2>", "", page.text)


async def test_an_alert_whose_job_is_gone(web: Front) -> None:
    await web.open(what="parcel lost, ask +1 202 555 0123")
    web.jobs.clear()
    page = await web.ask("GET", web.links.to_alert(1, "ann"))
    assert "<h2>Alert 1: parcel lost, ask ***123</h2>" in page.text


# ── bundles ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_bundle_is_taken_one_by_one_or_whole(web: Front) -> None:
    for number in range(1, 5):
        await web.open(order=f"100{number}")
    link = web.links.to_alerts([3, 1, 2], "ann")
    page = await web.ask("GET", link)
    assert [text for text in ("order 1001", "order 1002", "order 1003") if text not in page.text] == []
    assert "order 1004" not in page.text
    assert "I take them all" in page.text
    assert (await web.press(link, "acknowledge", alert="2")).status == 303
    assert [await state(web, n) for n in (1, 2, 3, 4)] == [(OPEN, ""), (TAKEN, "ann"), (OPEN, ""), (OPEN, "")]
    assert (await web.press(link, "acknowledge")).status == 303
    assert [await state(web, n) for n in (1, 2, 3, 4)] == [(TAKEN, "ann")] * 3 + [(OPEN, "")]
    assert "I take them all" not in (await web.ask("GET", link)).text


async def test_a_link_is_only_for_its_own_alerts(web: Front) -> None:
    await web.open()
    await web.open(order="1002")
    assert (await web.press(web.links.to_alert(2, "ann"), "acknowledge", alert="1")).status == 400
    assert await state(web, 1) == await state(web, 2) == (OPEN, "")


async def test_a_big_bundle_says_how_many_more(web: Front) -> None:
    for number in range(MOST_SHOWN + 3):
        await web.open(order=f"2{number:03}")
    link = web.links.to_alerts(range(1, MOST_SHOWN + 4), "ann")
    page = await web.ask("GET", link)
    assert page.text.count("<article") == MOST_SHOWN
    assert "And 3 more" in page.text
    await web.press(link, "acknowledge")
    assert await state(web, MOST_SHOWN + 3) == (TAKEN, "ann")


async def test_alerts_that_are_deleted_are_left_out(web: Front) -> None:
    await web.open()
    link = web.links.to_alerts([1, 99], "ann")
    assert (await web.ask("GET", link)).text.count("<article") == 1
    assert (await web.press(link, "acknowledge")).status == 303
    assert await state(web) == (TAKEN, "ann")
    assert (await web.ask("GET", web.links.to_alert(99, "ann"))).status == 404


# ── who may not ───────────────────────────────────────────────────────────────────────────────────────────────────────


def forged(web: Front) -> dict[str, str]:
    good = web.links.token([1], "ann")
    return {
        "cut off": good[:-3],
        "nothing": "x",
        "another alert": web.links.token([2], "ann").partition(".")[0] + "." + good.partition(".")[2],
        "another secret": type(web.links)(PUBLIC, "fedcba9876543210", web.clock).token([1], "ann"),
        "no agent any more": web.links.token([1], "zoe"),
        "not ASCII": "%F0%9F%8E%81",
    }


@pytest.mark.parametrize(
    "which", ["cut off", "nothing", "another alert", "another secret", "no agent any more", "not ASCII"]
)
async def test_bad_tokens_lead_nowhere(web: Front, which: str) -> None:
    await web.open()
    link = f"{PUBLIC}/a/{forged(web)[which]}"
    for answer in (await web.ask("GET", link), await web.press(link, "acknowledge")):
        assert answer.status == 404
        assert "This link leads nowhere" in answer.text
        assert "1001" not in answer.text
    assert await untouched(web)


@pytest.mark.parametrize(
    "tail", ["%0d%0a%0d%0a", "%0a%0a%0a%0a", "=", "%3f%3f%3f%3f", "::::", "/", "//evil.example.org"]
)
async def test_nothing_is_added_to_a_token(web: Front, tail: str) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann") + tail
    with root_log() as lines:
        answers = [await web.ask("GET", link), await web.press(link, "acknowledge")]
    for answer in answers:
        assert answer.status == 404
        assert "Location" not in answer.headers
    assert await untouched(web)
    assert web.links.token([1], "ann") not in "\n".join(lines)


@pytest.mark.parametrize("path", ["/a/{token}/", "/health/", "/twilio/sms/", "/twilio/voice/{token}/"])
async def test_nobody_is_led_where_the_host_header_says(web: Front, path: str) -> None:
    await web.open()
    address = PUBLIC + path.format(token=web.links.token([1], "ann"))
    for method in ("GET", "POST"):
        answer = await web.ask(method, address, headers={"Host": "evil.example.org"})
        assert (answer.status, answer.headers.get("Location")) == (404, None)


async def test_old_tokens_lead_nowhere(web: Front) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    web.clock.advance(GOOD_FOR)
    assert (await web.ask("GET", link)).status == 404
    assert (await web.press(link, "acknowledge")).status == 404
    assert await untouched(web)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Origin": "https://notifier.example.com"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://shop.example.com"}, 403),
        ({"Origin": "http://notifier.example.com"}, 403),
    ],
)
async def test_forms_of_other_sites_are_refused(web: Front, headers: dict[str, str], status: int) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    answer = await web.ask("POST", link, data={"action": "acknowledge"}, headers=headers)
    assert answer.status == status
    assert await untouched(web) == (status == 403)


@pytest.mark.parametrize(
    ("details", "status"),
    [
        ({"data": {"action": "delete"}}, 400),
        ({"data": {}}, 400),
        ({"data": {"action": "acknowledge", "alert": "one"}}, 400),
        ({"json": {"action": "acknowledge"}}, 400),
        ({"data": b"action=acknowledge", "headers": {"Content-Type": "text/plain"}}, 400),
        ({"data": b"\xff\xfe", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 400),
        ({"data": {f"f{number}": "x" for number in range(300)} | {"action": "acknowledge"}}, 400),
    ],
)
async def test_odd_forms_do_nothing(web: Front, details: dict[str, Any], status: int) -> None:
    await web.open()
    answer = await web.ask("POST", web.links.to_alert(1, "ann"), **details)
    assert answer.status == status
    assert await untouched(web)


async def test_health_says_ok_and_nothing_else(web: Front) -> None:
    answer = await web.ask("GET", f"{PUBLIC}/health")
    assert (answer.status, answer.text) == (200, "ok")
    for path in ("/docs", "/openapi.json", "/redoc", "/", "/a/", "/static/../etc/passwd"):
        assert (await web.ask("GET", PUBLIC + path)).status == 404


# ── replies by SMS ────────────────────────────────────────────────────────────────────────────────────────────────────


async def reply(web: Front, body: str, sender: str = ANN.phone) -> tuple[int, str]:
    return await TwilioFake().receive(SMS, sender, SENDER, body, through=web.real)


@pytest.mark.parametrize("body", ["1a", "A 1", " 1 A. "])
async def test_a_reply_takes_it(web: Front, body: str) -> None:
    await web.open()
    assert await reply(web, body) == (200, "Alert 1 is yours.")
    assert await state(web) == (TAKEN, "ann")
    assert [entry.text for entry in await web.store.history(1)][-1] == "SMS"


async def test_a_reply_closes_it(web: Front) -> None:
    await web.open()
    assert await reply(web, "1c") == (200, "Alert 1 is closed.")
    assert await state(web) == (OVER, "ann")
    assert await reply(web, "1a") == (200, "Alert 1 is over already.")
    assert await reply(web, "1c", BOB.phone) == (200, "Alert 1 is over already.")


async def test_several_wishes_in_one_text(web: Front) -> None:
    await web.open()
    await web.open(order="1002")
    answer = await reply(web, "1a 2c 99a")
    assert answer == (200, "Alert 1 is yours. Alert 2 is closed. Nothing is known by 99.")
    assert await state(web, 1) == (TAKEN, "ann")
    assert await state(web, 2) == (OVER, "ann")


async def test_whoever_was_slower_is_told_so(web: Front) -> None:
    await web.open()
    await reply(web, "1a", BOB.phone)
    assert await reply(web, "1a") == (200, "Bob has alert 1 already.")
    assert await state(web) == (TAKEN, "bob")


async def test_the_answer_is_in_the_agents_language(web: Front) -> None:
    await web.open()
    assert await reply(web, "1接", LI.phone) == (200, "告警 1 由您负责。")
    assert await state(web) == (TAKEN, "li")


async def test_strangers_change_nothing_and_get_no_answer(web: Front) -> None:
    await web.open()
    for sender in ("+12025550199", "", "Shop", "12345", "+12025550101,+12025550199"):
        assert await reply(web, "1a", sender) == (200, "")
    assert await untouched(web)


async def test_what_is_not_understood_is_explained_once(web: Front) -> None:
    await web.open()
    status, text = await reply(web, "on holiday until Monday")
    assert (status, "12a takes alert 12" in text) == (200, True)
    web.clock.advance(timedelta(minutes=9))
    assert await reply(web, "on holiday until Monday") == (200, "")
    web.clock.advance(timedelta(minutes=1))
    assert "12a" in (await reply(web, "on holiday until Monday"))[1]
    assert await untouched(web)


async def test_numbers_of_the_staff_may_be_written_as_at_home(web: Front) -> None:
    await web.open()
    web.site = Site({"ann": replace(ANN, phone="(202) 555-0101")}, {ACCOUNT: Account(TOKEN, "US")})
    assert await reply(web, "1a") == (200, "Alert 1 is yours.")


# ── Twilio, and who only says so ──────────────────────────────────────────────────────────────────────────────────────

FIELDS = {"AccountSid": ACCOUNT, "From": ANN.phone, "To": SENDER, "Body": "1a", "MessageSid": "SM1"}


def sign(url: str, fields: dict[str, str], token: str = TOKEN) -> str:
    signature: str = RequestValidator(token).compute_signature(url, fields)
    return signature


async def post_sms(web: Front, fields: dict[str, str], signature: str | None, url: str = SMS) -> Answer:
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    return await web.ask("POST", url, data=fields, headers=headers)


async def test_the_signature_is_made_over_the_public_address_with_its_query(web: Front) -> None:
    await web.open()
    url = f"{SMS}?b=2&a=%C3%A9&empty="
    assert (await post_sms(web, FIELDS, sign(url, FIELDS), url)).status == 200
    assert await state(web) == (TAKEN, "ann")


async def test_a_replay_changes_nothing_more(web: Front) -> None:
    await web.open()
    for _ in range(3):
        assert (await post_sms(web, FIELDS, sign(SMS, FIELDS))).status == 200
    assert [entry.what for entry in await web.store.history(1)] == ["opened", "acknowledged"]


OTHER_ACCOUNT = FIELDS | {"AccountSid": "AC" + "9" * 32}


@pytest.mark.parametrize(
    ("fields", "signature"),
    [
        (FIELDS, None),
        (FIELDS, ""),
        (FIELDS, "x" * 28),
        (FIELDS, "é" * 28),
        (FIELDS, sign(SMS, FIELDS, "another token")),
        (FIELDS, sign(SMS, FIELDS, "")),
        (FIELDS, sign(SMS, FIELDS | {"Body": "2a"})),
        (FIELDS | {"Body": "1c"}, sign(SMS, FIELDS)),
        (FIELDS | {"Extra": "1"}, sign(SMS, FIELDS)),
        (FIELDS, sign(f"{SMS}?a=1", FIELDS)),
        (FIELDS, sign(SMS.replace("https", "http"), FIELDS)),
        (FIELDS, sign("https://evil.example.org/shop/twilio/sms", FIELDS)),
        (OTHER_ACCOUNT, sign(SMS, OTHER_ACCOUNT)),
        ({"Body": "1a", "From": ANN.phone}, sign(SMS, {"Body": "1a", "From": ANN.phone})),
    ],
)
async def test_what_twilio_has_not_signed_is_refused(web: Front, fields: dict[str, str], signature: str | None) -> None:
    await web.open()
    with root_log() as lines:
        answer = await post_sms(web, fields, signature)
    assert answer.status == 403
    assert await untouched(web)
    for private in (TOKEN, ANN.phone, "127.0.0.1", "1a"):
        assert private not in "\n".join(lines)


async def test_the_host_header_counts_for_nothing(web: Front) -> None:
    await web.open()
    evil = "https://evil.example.org/shop/twilio/sms"
    headers = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "https"}
    bad = await web.ask("POST", SMS, data=FIELDS, headers=headers | {"X-Twilio-Signature": sign(evil, FIELDS)})
    assert bad.status == 403
    assert await untouched(web)
    good = await web.ask("POST", SMS, data=FIELDS, headers=headers | {"X-Twilio-Signature": sign(SMS, FIELDS)})
    assert good.status == 200


async def test_without_an_account_nothing_is_let_in(web: Front) -> None:
    await web.open()
    web.site = replace(web.site, accounts={})
    assert (await post_sms(web, FIELDS, sign(SMS, FIELDS))).status == 403
    assert await untouched(web)


@pytest.mark.parametrize("path", ["/twilio/sms", "/twilio/voice/x", "/a/{token}"])
async def test_too_much_is_refused(web: Front, path: str) -> None:
    await web.open()
    address = PUBLIC + path.format(token=web.links.token([1], "ann"))
    fields = {"action": "acknowledge", "Body": "x" * 300_000}
    with contextlib.suppress(aiohttp.ClientError):  # refused before all of it was sent
        assert (await web.ask("POST", address, data=fields)).status == 413
    assert await untouched(web)


async def test_too_much_in_pieces_is_refused(web: Front) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"action=acknowledge&x="
        while True:
            yield b"x" * 65_536

    await web.open()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with contextlib.suppress(aiohttp.ClientError):  # refused before all of it was sent
        assert (await web.ask("POST", web.links.to_alert(1, "ann"), data=endless(), headers=kind)).status == 413
    assert await untouched(web)


# ── keys pressed in a call ────────────────────────────────────────────────────────────────────────────────────────────


async def ring(web: Front, twilio: TwilioFake, *numbers: int, agent: str = "ann") -> str:
    """Call an agent about these alerts; the call's SID."""
    given = {"type": "twilio-voice", "account_sid": ACCOUNT, "token": SecretStr(TOKEN), "sender": SENDER}
    options = TwilioVoiceOptions.model_validate(given | {"base_url": twilio.url})
    channel = TwilioVoice("phone", options, surroundings())
    await deliver(channel, text="Order 1001 is late", link=web.links.to_alerts(numbers, agent))
    await channel.close()
    return str(twilio.calls[-1]["sid"])


async def test_key_one_takes_it(web: Front, twilio: TwilioFake) -> None:
    await web.open()
    sid = await ring(web, twilio, 1)
    status, answer = await twilio.press(sid, "1", through=web.real)
    assert (status, said(answer)) == (200, ["Thank you. It is yours."])
    assert "<Hangup />" in answer
    assert await state(web) == (TAKEN, "ann")
    assert (await web.store.history(1))[-1].text == "call"
    assert (await twilio.press(sid, "1", through=web.real))[0] == 200
    assert len(await web.store.history(1)) == 2


async def test_key_one_takes_all_of_a_bundle(web: Front, twilio: TwilioFake) -> None:
    await web.open()
    await web.open(order="1002")
    await web.alerting.acknowledge(2, "bob")
    await twilio.press(await ring(web, twilio, 1, 2, 99), "1", through=web.real)
    assert await state(web, 1) == (TAKEN, "ann")
    assert await state(web, 2) == (TAKEN, "bob")


@pytest.mark.parametrize("key", ["9", "0", "#"])
async def test_any_other_key_says_it_again(web: Front, twilio: TwilioFake, key: str) -> None:
    await web.open()
    sid = await ring(web, twilio, 1)
    status, answer = await twilio.press(sid, key, through=web.real)
    assert status == 200
    text, keys, *_ = said(answer)
    assert "order 1001" in text
    assert "press 1" in keys
    assert await untouched(web)
    twilio.calls[-1]["twiml"] = answer
    await twilio.press(sid, "1", through=web.real)
    assert await state(web) == (TAKEN, "ann")


async def test_whoever_was_slower_hears_so(web: Front, twilio: TwilioFake) -> None:
    await web.open()
    sid = await ring(web, twilio, 1)
    await web.alerting.acknowledge(1, "bob")
    assert said((await twilio.press(sid, "1", through=web.real))[1]) == ["Bob has it already. Thank you."]
    await web.alerting.resolve(1, "bob")
    assert said((await twilio.press(sid, "1", through=web.real))[1]) == ["It is over already. Thank you."]


async def test_the_call_speaks_the_agents_language(web: Front, twilio: TwilioFake) -> None:
    await web.open()
    sid = await ring(web, twilio, 1, agent="li")
    answer = (await twilio.press(sid, "1", through=web.real))[1]
    assert 'language="zh-CN"' in answer
    assert said(answer) == ["谢谢，由您负责。"]


async def test_an_old_call_takes_nothing(web: Front, twilio: TwilioFake) -> None:
    await web.open()
    sid, nobody = await ring(web, twilio, 1), await ring(web, twilio, 99)
    for key in ("1", "9"):
        assert said((await twilio.press(nobody, key, through=web.real))[1])[0].startswith("This call is too old")
    web.clock.advance(GOOD_FOR)
    assert said((await twilio.press(sid, "1", through=web.real))[1])[0].startswith("This call is too old")
    assert await untouched(web)


async def test_a_key_that_twilio_has_not_signed(web: Front) -> None:
    await web.open()
    address = f"{PUBLIC}/twilio/voice/{web.links.token([1], 'ann')}"
    fields = {"AccountSid": ACCOUNT, "Digits": "1"}
    assert (await web.ask("POST", address, data=fields)).status == 403
    signature = {"X-Twilio-Signature": sign(SMS, fields)}
    assert (await web.ask("POST", address, data=fields, headers=signature)).status == 403
    assert await untouched(web)


def said(answer: str) -> list[str]:
    return [verb.text or "" for verb in ElementTree.fromstring(answer).iter("Say")]


# ── the server ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_under_way_is_answered_before_the_end(web: Front) -> None:
    await web.open()
    web.calls_end.clear()
    pressed = asyncio.create_task(web.press(web.links.to_alert(1, "ann"), "acknowledge"))
    await web.waiting.wait()
    stopping = asyncio.create_task(web.server.stop())
    while await listening(web):
        pass
    ended, _ = await asyncio.wait([pressed, stopping], timeout=0.3)
    assert not ended
    web.calls_end.set()
    assert (await pressed).status == 303
    await stopping
    assert await state(web) == (TAKEN, "ann")


async def listening(web: Front) -> bool:
    """Are new connections taken?"""
    async with aiohttp.ClientSession() as fresh:
        try:
            async with fresh.get(web.real(f"{PUBLIC}/health")) as answer:
                return answer.status == 200
        except aiohttp.ClientConnectorError:
            return False


async def test_nothing_is_confirmed_while_a_call_is_on_its_way(web: Front) -> None:
    await web.open()
    web.calls_end.clear()
    pressed = asyncio.create_task(web.press(web.links.to_alert(1, "ann"), "acknowledge"))
    await web.waiting.wait()
    web.waiting.clear()
    looking = asyncio.create_task(web.ask("GET", web.links.to_alert(1, "bob")))
    await web.waiting.wait()
    assert (await web.ask("GET", f"{PUBLIC}/health")).status == 200
    assert not pressed.done()
    assert not looking.done()
    web.calls_end.set()
    assert (await pressed).status == 303
    assert "Ann has it." in (await looking).text


async def test_whoever_hangs_up_halfway_does_no_harm(web: Front) -> None:
    await web.open()
    token = web.links.token([1], "ann")
    with root_log() as lines:
        _, writer = await asyncio.open_connection("127.0.0.1", web.server.port)
        head = f"POST /a/{token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\naction=ack".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await web.ask("GET", f"{PUBLIC}/health")).status == 200
        await web.server.stop()
    assert await untouched(web)
    assert not re.search(f"Traceback|{re.escape(token)}", "\n".join(lines))


async def test_tokens_are_not_logged(web: Front) -> None:
    await web.open()
    token = web.links.token([1], "ann")
    with root_log() as lines:
        await web.ask("GET", f"{PUBLIC}/a/{token}")
        await web.press(f"{PUBLIC}/a/{token}", "acknowledge")
    assert token not in "\n".join(lines)


async def test_trouble_with_the_store_is_said_in_plain_words(web: Front) -> None:
    await web.open()
    link = web.links.to_alert(1, "ann")
    web.store.broken = True
    for answer in (await web.ask("GET", link), await web.press(link, "acknowledge")):
        assert answer.status == 503
        assert "Try again in a minute" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    assert await reply(web, "1a") == (200, "This cannot be done at the moment")
    web.store.broken = False
    assert await untouched(web)


async def test_a_failure_inside_is_locked_down_and_says_nothing(web: Front) -> None:
    await web.open()
    web.jobs = None  # type: ignore[assignment]
    token = web.links.token([1], "ann")
    with root_log() as lines:
        answer = await web.ask("GET", f"{PUBLIC}/a/{token}")
    assert (answer.status, answer.text) == (500, "Internal Server Error")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert token not in "\n".join(lines)


async def test_a_port_that_is_taken_is_said_at_once(web: Front) -> None:
    other = WebServer(web.server.app, "127.0.0.1", web.server.port)
    with pytest.raises(ListenError, match=f"cannot listen at 127.0.0.1 port {web.server.port}: Address") as caught:
        await other.start()
    assert caught.value.exit_code == 74
    await other.stop()


async def test_it_listens_at_an_ipv6_address(web: Front) -> None:
    server = WebServer(web.server.app, "::1", 0)
    await server.start()
    async with aiohttp.ClientSession() as session, session.get(f"http://[::1]:{server.port}/health") as answer:
        assert answer.status == 200
    await server.stop()


async def test_an_address_that_is_not_ours_is_refused(web: Front) -> None:
    with pytest.raises(ListenError, match="cannot listen"):
        await WebServer(web.server.app, "192.0.2.1", 0).start()


async def test_signals_stay_the_daemons(web: Front) -> None:
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, asked.append, "stop")
    server = WebServer(web.server.app, "127.0.0.1", 0)
    try:
        serving = await server.start()
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{server.port}/health") as answer:
            assert answer.status == 200
        os.kill(os.getpid(), signal.SIGTERM)
        ended, _ = await asyncio.wait([serving], timeout=0.3)
        assert not ended
    finally:
        await server.stop()
        loop.remove_signal_handler(signal.SIGTERM)
    assert asked == ["stop"]
