"""Feishu (飞书) and Lark group robots. Source: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from notifier.channels.group_robot import GroupRobot, Mention, Posting, RobotOptions
from notifier.channels.http_door import WebAddress, whole_number
from notifier.channels.verdicts import Meaning
from notifier.interfaces import Surroundings
from notifier.model.message import Outcome, TryLater
from notifier.options import Rate, RateLimit, Secret

_MINUTE = timedelta(minutes=1)
_AT_TAG = re.compile(r"<(?=\s*/?\s*at\b)", re.IGNORECASE)


class FeishuOptions(RobotOptions):
    """`[channels.NAME] type = "feishu"`.

    `hook` is the last part of the robot's address; `secret` signs, for robots with signature verification. Feishu
    takes 100 a minute and 5 a second, fewer at full and half hours. Lark: base_url = "https://open.larksuite.com".
    """

    hook: Secret
    secret: Secret | None = None
    base_url: WebAddress = "https://open.feishu.cn"
    rate: RateLimit | None = Rate(count=80, seconds=60)


class Feishu(GroupRobot):
    """Says a text in the group of one Feishu or Lark robot."""

    Options = FeishuOptions
    provider = "Feishu"
    most_bytes = 20_000  # 20 KB for the whole request, signature included
    meanings: Mapping[int, Meaning] = {
        9499: Meaning("never", "the request makes no sense"),
        11232: Meaning("later", "too many messages; full and half hours are the worst", _MINUTE),
        11246: Meaning("never", "the content is not valid"),
        19001: Meaning("down", "the hook is wrong, or the robot was removed"),
        19002: Meaning("never", "a parameter is wrong"),
        19021: Meaning("down", "the signature does not fit; check secret and this machine's clock"),
        19022: Meaning("down", "this machine's IP address is not among those the robot lets in"),
        19024: Meaning("never", "the text lacks the keyword that the robot insists on"),
    }

    def __init__(self, name: str, options: FeishuOptions, around: Surroundings) -> None:
        super().__init__(name, options, around)
        self._hook = options.hook
        self._secret = options.secret

    def content(self, text: str, mention: Mention) -> Mapping[str, Any]:
        """A text message. `<at …>` inside the text would call people by order data, so it is made plain."""
        plain = _AT_TAG.sub("＜", text)
        user = "all" if mention.everybody else mention.user or mention.mobile
        called = f'<at user_id="{user}"></at> ' if user else ""
        return {"msg_type": "text", "content": {"text": called + plain}}

    def posting(self, content: Mapping[str, Any], now: datetime) -> Posting:
        """The signature stands in the body and is taken for an hour."""
        body = dict(content)
        if self._secret is not None:
            timestamp = str(int(now.timestamp()))
            body |= {"timestamp": timestamp, "sign": feishu_sign(timestamp, self._secret.get_secret_value())}
        hook = quote(self._hook.get_secret_value(), safe="")
        return Posting(f"{self._base_url}/open-apis/bot/v2/hook/{hook}", body)

    def number_of(self, fields: Mapping[str, Any]) -> int | None:
        """`code`; older robots say `StatusCode` when all is well."""
        return whole_number(fields.get("code", fields.get("StatusCode")))

    def refusal(self, number: int, fields: Mapping[str, Any], wait: timedelta | None) -> Outcome:
        """9499 is a malformed request and, with other words, a request too many."""
        if number == 9499 and "too many" in str(fields.get("msg", "")).lower():
            return TryLater("Feishu error 9499: too many requests", wait or _MINUTE)
        return super().refusal(number, fields, wait)


def feishu_sign(timestamp: str, secret: str) -> str:
    """base64(HMAC-SHA256(timestamp LF secret, nothing)): the text to sign is the key, and what is signed is empty."""
    return b64encode(hmac.digest(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256)).decode()
