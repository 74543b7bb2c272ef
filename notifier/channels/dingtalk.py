"""DingTalk (钉钉) group robots. Source: https://open.dingtalk.com/document/robots/custom-robot-access."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from notifier.channels.group_robot import GroupRobot, Mention, Posting, RobotOptions
from notifier.channels.http_door import WebAddress
from notifier.channels.verdicts import Meaning
from notifier.interfaces import Surroundings
from notifier.model.message import Outcome, Refused
from notifier.options import Secret

_MINUTE = timedelta(minutes=1)
_MUTED = timedelta(minutes=10)


class DingTalkOptions(RobotOptions):
    """`[channels.NAME] type = "dingtalk"`.

    `access_token` is what follows `access_token=` in the robot's address; `secret` (SEC…) signs, for robots whose
    security setting is a signature. More than 20 messages a minute mute the robot for ten minutes.
    """

    access_token: Secret
    secret: Secret | None = None
    base_url: WebAddress = "https://oapi.dingtalk.com"


class DingTalk(GroupRobot):
    """Says a text in the group of one DingTalk robot."""

    Options = DingTalkOptions
    provider = "DingTalk"
    most_bytes = 20_000
    meanings: Mapping[int, Meaning] = {
        -1: Meaning("later", "busy", _MINUTE),
        40035: Meaning("never", "a parameter is missing"),
        130101: Meaning("later", "more than 20 messages in a minute: muted for ten minutes", _MUTED),
        300001: Meaning("down", "the access_token is wrong, or the robot was removed"),
        300005: Meaning("down", "the access_token is wrong, or the robot was removed"),
        310000: Meaning("down", "the robot's security setting (signature, clock, IP address) does not let us in"),
        400013: Meaning("down", "the group was dissolved"),
        400101: Meaning("down", "the access_token is wrong"),
        400102: Meaning("down", "the robot is disabled"),
        400105: Meaning("never", "this kind of message is not supported"),
        400106: Meaning("down", "the robot was removed"),
        410100: Meaning("later", "too many messages: muted for ten minutes", _MUTED),
        430101: Meaning("never", "the text holds a link that DingTalk takes for unsafe"),
        430102: Meaning("never", "DingTalk finds the text unfit"),
        430104: Meaning("never", "DingTalk finds the content unfit"),
    }

    def __init__(self, name: str, options: DingTalkOptions, around: Surroundings) -> None:
        super().__init__(name, options, around)
        self._access_token = options.access_token
        self._secret = options.secret

    def content(self, text: str, mention: Mention) -> Mapping[str, Any]:
        """A text message."""
        at: dict[str, Any] = {"isAtAll": mention.everybody}
        if mention.mobile:
            at["atMobiles"] = [mention.mobile]
        if mention.user:
            at["atUserIds"] = [mention.user]
        return {"msgtype": "text", "text": {"content": text}, "at": at}

    def posting(self, content: Mapping[str, Any], now: datetime) -> Posting:
        """The signature is over the time in milliseconds; DingTalk takes it for an hour."""
        params = {"access_token": self._access_token.get_secret_value()}
        if self._secret is not None:
            timestamp = str(int(now.timestamp() * 1000))
            params |= {"timestamp": timestamp, "sign": dingtalk_sign(timestamp, self._secret.get_secret_value())}
        return Posting(f"{self._base_url}/robot/send", content, params)

    def refusal(self, number: int, fields: Mapping[str, Any], wait: timedelta | None) -> Outcome:
        """310000 is every security setting at once; a missing keyword is the text's fault alone."""
        if number == 310000 and "keyword" in str(fields.get("errmsg", "")).lower():
            return Refused("DingTalk error 310000: the text lacks the keyword that the robot insists on")
        return super().refusal(number, fields, wait)


def dingtalk_sign(timestamp: str, secret: str) -> str:
    """base64(HMAC-SHA256(secret, timestamp LF secret)), not yet percent-encoded."""
    return b64encode(hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)).decode()
