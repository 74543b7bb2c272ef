"""Pretend group robots of WeCom, DingTalk and Feishu: they check keys and signatures and fail in their own words."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from notifier.clock import Clock, SystemClock
from tests.fakes.loopback import Loopback, Trouble

KEY = "key-nobody-must-see"
SECRET = "SEC-nobody-must-see"
_HOUR = 3600
_AT = re.compile(r'<at user_id="([^"]*)"></at> ?')


@dataclass(frozen=True, slots=True)
class Said:
    """What appeared in a group, and whom it called."""

    text: str
    called: tuple[str, ...] = ()


class Robots(Loopback):
    """Keeps what was said, in `said`. `signed` False is a robot without signature check.

    `keyword` must stand in every text, as robots with that security setting insist; `clock` is the platforms' own.
    """

    def __init__(self, clock: Clock | None = None, signed: bool = True, keyword: str = "") -> None:
        super().__init__()
        self.clock = clock or SystemClock()
        self.signed = signed
        self.keyword = keyword
        self.said: list[Said] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        match (request.method, request.path):
            case ("POST", "/cgi-bin/webhook/send"):
                return web.json_response(self._wecom(request.query, body))
            case ("POST", "/robot/send"):
                return web.json_response(self._dingtalk(request.query, body))
            case ("POST", path) if path.startswith("/open-apis/bot/v2/hook/"):
                return web.json_response(self._feishu(path.rpartition("/")[2], body))
        return web.Response(status=404)

    def _wecom(self, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        if query.get("key") != KEY:
            return {"errcode": 93000, "errmsg": f"invalid webhook url, hint: [{query.get('key')}]"}
        if body["msgtype"] != "text":
            return {"errcode": 40008, "errmsg": "invalid message type"}
        text = body["text"]
        if len(text["content"].encode()) > 2048:
            return {"errcode": 45002, "errmsg": "content size out of limit"}
        self.said.append(
            Said(text["content"], (*text.get("mentioned_list", ()), *text.get("mentioned_mobile_list", ())))
        )
        return {"errcode": 0, "errmsg": "ok"}

    def _dingtalk(self, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        if query.get("access_token") != KEY:
            return {"errcode": 300005, "errmsg": "token is not exist"}
        timestamp = query.get("timestamp", "0")
        if self.signed and abs(int(timestamp) / 1000 - self.clock.now().timestamp()) > _HOUR:
            return {"errcode": 310000, "errmsg": "description:invalid timestamp"}
        expected = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        if self.signed and query.get("sign") != b64encode(expected).decode():
            return {"errcode": 310000, "errmsg": "description:sign not match; more:[https://ding-doc.dingtalk.com]"}
        text, at = body["text"]["content"], body["at"]
        if self.keyword not in text:
            return {"errcode": 310000, "errmsg": "description:keywords not in content"}
        everybody = ("@all",) if at["isAtAll"] else ()
        self.said.append(Said(text, (*everybody, *at.get("atMobiles", ()), *at.get("atUserIds", ()))))
        return {"errcode": 0, "errmsg": "ok"}

    def _feishu(self, hook: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if hook != KEY:
            return {"code": 19001, "msg": "param invalid: incoming webhook access token invalid", "data": {}}
        timestamp = body.get("timestamp", "0")
        expected = hmac.new(f"{timestamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()
        late = abs(int(timestamp) - self.clock.now().timestamp()) > _HOUR
        if self.signed and (late or body.get("sign") != b64encode(expected).decode()):
            return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
        if self.keyword not in body["content"]["text"]:
            return {"code": 19024, "msg": "Key Words Not Found", "data": {}}
        text = body["content"]["text"]
        self.said.append(Said(_AT.sub("", text), tuple(user.replace("all", "@all") for user in _AT.findall(text))))
        return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def answered(**fields: Any) -> Trouble:
    """HTTP 200 with an error in the body, as all three like it."""
    return Trouble(200, fields)
