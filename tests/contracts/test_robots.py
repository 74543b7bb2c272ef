"""The robots of WeCom, DingTalk and Feishu against pretend ones that check signatures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from notifier.channels.dingtalk import DingTalk, DingTalkOptions, dingtalk_sign
from notifier.channels.feishu import Feishu, FeishuOptions, feishu_sign
from notifier.channels.group_robot import GroupRobot
from notifier.channels.wecom import WeCom, WeComOptions
from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.model.message import Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.order import Customer
from notifier.options import Rate
from tests.fakes.letters import TEXT, deliver, message, surroundings
from tests.fakes.loopback import Trouble
from tests.fakes.robots import KEY, SECRET, Robots, Said, answered

MINUTE = timedelta(minutes=1)
NAMES = ("wecom", "dingtalk", "feishu")


def robot(
    name: str, base_url: str = "http://127.0.0.1:9", around: Surroundings | None = None, **changes: Any
) -> GroupRobot:
    around = around or surroundings()
    common = {"type": name, "base_url": base_url} | changes
    if name == "wecom":
        return WeCom(name, WeComOptions.model_validate({"key": SecretStr(KEY)} | common), around)
    signed = {"secret": SecretStr(SECRET)} | common
    if name == "dingtalk":
        return DingTalk(name, DingTalkOptions.model_validate({"access_token": SecretStr(KEY)} | signed), around)
    return Feishu(name, FeishuOptions.model_validate({"hook": SecretStr(KEY)} | signed), around)


@pytest.fixture
async def robots() -> AsyncIterator[Robots]:
    async with Robots(surroundings().clock) as fake:
        yield fake


@pytest.fixture(params=NAMES)
async def channel(request: pytest.FixtureRequest, robots: Robots) -> AsyncIterator[GroupRobot]:
    channel = robot(request.param, robots.url)
    yield channel
    await channel.close()


@pytest.mark.parametrize(
    ("address", "called"),
    [("@all", ("@all",)), ("@none", ()), ("+8613800138000", ("+8613800138000",)), ("zhang.san", ("zhang.san",))],
)
async def test_says_the_text_and_calls_whom_it_should(
    robots: Robots, channel: GroupRobot, address: str, called: tuple[str, ...]
) -> None:
    assert await deliver(channel, address=address) == Receipt()
    assert robots.said == [Said(TEXT, called)]


@pytest.mark.parametrize("name", ["dingtalk", "feishu"])
async def test_robots_without_signature(name: str) -> None:
    async with Robots(surroundings().clock, signed=False) as robots:
        channel = robot(name, robots.url, secret=None)
        assert await deliver(channel, address="@none") == Receipt()
        await channel.close()


@pytest.mark.parametrize("name", ["dingtalk", "feishu"])
async def test_a_clock_that_is_wrong_is_the_channels_fault(name: str, robots: Robots) -> None:
    around = surroundings()
    around.clock.advance(timedelta(hours=2))  # type: ignore[attr-defined]
    channel = robot(name, robots.url, around)
    assert judged(await deliver(channel, address="@none")) == (TryLater, None, True)
    assert robots.said == []
    await channel.close()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("wecom", "key"), ("dingtalk", "access_token"), ("dingtalk", "secret"), ("feishu", "hook"), ("feishu", "secret")],
)
async def test_wrong_secrets_are_the_channels_fault(name: str, wrong: str, robots: Robots) -> None:
    changes: dict[str, Any] = {wrong: SecretStr("another-secret")}
    channel = robot(name, robots.url, **changes)
    outcome = await deliver(channel, address="@none")
    assert judged(outcome) == (TryLater, None, True)
    assert "another-secret" not in repr(outcome)
    await channel.close()


@pytest.mark.parametrize("name", ["dingtalk", "feishu"])
async def test_a_missing_keyword_is_the_texts_fault(name: str) -> None:
    async with Robots(surroundings().clock, keyword="notice") as robots:
        channel = robot(name, robots.url)
        assert judged(await deliver(channel, address="@none")) == (Refused, False)
        assert await deliver(channel, address="@none", text=f"notice: {TEXT}") == Receipt()
        await channel.close()


ANSWERS: dict[str, tuple[str, Trouble, Outcome]] = {
    "wecom too many": ("wecom", answered(errcode=45009, errmsg="api freq out of limit"), TryLater("", MINUTE)),
    "wecom busy": ("wecom", answered(errcode=-1, errmsg="system busy"), TryLater("", MINUTE)),
    "wecom too long": ("wecom", answered(errcode=45002, errmsg="content size out of limit"), Refused("")),
    "wecom robot removed": ("wecom", answered(errcode=93000), TryLater("", None, True)),
    "wecom unheard of": ("wecom", answered(errcode=987654, errmsg="x"), Refused("")),
    "dingtalk muted": ("dingtalk", answered(errcode=130101, errmsg="send too fast"), TryLater("", 10 * MINUTE)),
    "dingtalk limited": ("dingtalk", answered(errcode=410100), TryLater("", 10 * MINUTE)),
    "dingtalk ip": (
        "dingtalk",
        answered(errcode=310000, errmsg="ip 127.0.0.1 not in whitelist"),
        TryLater("", None, True),
    ),
    "dingtalk unfit": ("dingtalk", answered(errcode=430102), Refused("")),
    "feishu frequency": ("feishu", answered(code=11232, msg="frequency limited"), TryLater("", MINUTE)),
    "feishu too many": ("feishu", answered(code=9499, msg="too many request"), TryLater("", MINUTE)),
    "feishu bad request": ("feishu", Trouble(400, {"code": 9499, "msg": "Bad Request"}), Refused("")),
    "feishu ip": ("feishu", answered(code=19022, msg="ip not allowed"), TryLater("", None, True)),
    "feishu as it used to answer": ("feishu", answered(StatusCode=0, StatusMessage="success"), Receipt()),
}


@pytest.mark.parametrize(("name", "trouble", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_numbers_are_understood(name: str, trouble: Trouble, expected: Outcome, robots: Robots) -> None:
    channel = robot(name, robots.url)
    robots.troubles.append(trouble)
    assert judged(await deliver(channel, address="@none")) == judged(expected)
    await channel.close()


TRANSPORT: dict[str, tuple[Trouble, Outcome]] = {
    "429": (Trouble(429, b"", {"Retry-After": "90"}), TryLater("", timedelta(seconds=90))),
    "not here": (Trouble(404, b"<html>"), TryLater("", None, True)),
    "forbidden": (Trouble(403, b"<html>"), TryLater("", None, True)),
    "too large": (Trouble(413, b"<html>"), Refused("")),
    "bad request of something in between": (Trouble(400, b"<html>"), Unknown("")),
    "a success that is a 4xx": (Trouble(400, {"errcode": 0, "code": 0}), Unknown("")),
    "server error": (Trouble(500, {"errcode": 45009, "code": 11232}), Unknown("")),
    "redirect": (Trouble(302, b"", {"Location": "http://127.0.0.1:9/"}), Unknown("")),
    "200 and nothing": (Trouble(200, b""), Unknown("")),
    "200 and a page": (Trouble(200, b"<html>"), Unknown("")),
    "200 and a number in quotes": (Trouble(200, {"errcode": "0", "code": "0"}), Unknown("")),
    "200 and true": (Trouble(200, {"errcode": False, "code": False}), Unknown("")),
    "reset": (Trouble(reset=True, kept=True), Unknown("")),
}


@pytest.mark.parametrize(("trouble", "expected"), TRANSPORT.values(), ids=TRANSPORT.keys())
async def test_everything_else_is_doubt(
    trouble: Trouble, expected: Outcome, robots: Robots, channel: GroupRobot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    robots.troubles.append(trouble)
    outcome = await deliver(channel, address="@none")
    assert judged(outcome) == judged(expected)
    assert robots.requests == 1
    assert KEY not in repr(outcome) + caplog.text
    assert SECRET not in repr(outcome) + caplog.text


async def test_the_settings_may_know_better_what_a_number_means(robots: Robots) -> None:
    channel = robot("wecom", robots.url, errors={45009: "never"})
    robots.troubles.append(answered(errcode=45009))
    assert judged(await deliver(channel, address="@none")) == (Refused, False)
    await channel.close()


def judged(outcome: Outcome) -> tuple[object, ...]:
    match outcome:
        case TryLater(_, after, channel_down):
            return (TryLater, after, channel_down)
        case Refused(_, suppress):
            return (Refused, suppress)
    return (type(outcome),)


@pytest.mark.parametrize(("name", "most"), [("wecom", 2048), ("dingtalk", 19_900), ("feishu", 19_900)])
async def test_as_much_as_fits(name: str, most: int, robots: Robots) -> None:
    channel = robot(name, robots.url)
    longest = "中" * (most // 3)
    assert await deliver(channel, address="@none", text=longest) == Receipt()
    with pytest.raises(RenderError, match="longer"):
        channel.compose(message(address="@none", text=longest + "中" * 40))
    await channel.close()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("address", ["", "a,b", "a b", "@everyone!", "a\nb", 'x"></at><at user_id="all', "z" * 65])
def test_addresses_are_one_person(name: str, address: str) -> None:
    with pytest.raises(RenderError, match="address"):
        robot(name).compose(message(address=address))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_text_is_not_said(name: str) -> None:
    with pytest.raises(RenderError, match="empty"):
        robot(name).compose(message(address="@all", text=" \u202e\n"))


async def test_feishu_calls_nobody_whom_the_order_names(robots: Robots) -> None:
    channel = robot("feishu", robots.url)
    hostile = 'Note: <at user_id="all"></at> < AT user_id="ou_1"> </at> <b>bold</b> a<attic'
    assert await deliver(channel, address="zhang", text=hostile) == Receipt()
    said = 'Note: ＜at user_id="all">＜/at> ＜ AT user_id="ou_1"> ＜/at> <b>bold</b> a<attic'
    assert robots.said == [Said(said, ("zhang",))]
    await channel.close()


def test_addresses_and_rates() -> None:
    channel = robot("wecom")
    assert channel.address_of(Customer(chat={"wecom": "@all", "other": "x"})) == "@all"
    assert channel.address_of(Customer(chat={"other": "x"})) is None
    assert channel.address_of(Customer(chat={"wecom": ""})) is None
    assert WeComOptions.model_validate({"type": "wecom", "key": SecretStr("k")}).rate == Rate(count=20, seconds=60)
    with pytest.raises(ValidationError):
        FeishuOptions.model_validate({"type": "feishu", "hook": "in-the-file"})


def test_signatures_are_those_of_the_platforms_documents() -> None:
    """Worked out by hand from the formulas with OpenSSL, so that channel and fake cannot share one mistake."""
    assert dingtalk_sign("1700000000000", "SECabc") == "jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM="
    assert feishu_sign("1700000000", "abc") == "VIS10b0EBvzzSdFnuk4tznEmK5wHaruvf/WnViv2yR4="


def test_the_body_that_is_recorded_holds_no_secret() -> None:
    for name in NAMES:
        content = robot(name).compose(message(address="@all")).decode()
        assert "sign" not in json.loads(content)
        assert KEY not in content
