"""WeCom (企业微信) group robots. Source: https://developer.work.weixin.qq.com/document/path/91770 and /90313."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from notifier.channels.group_robot import GroupRobot, Mention, Posting, RobotOptions
from notifier.channels.http_door import WebAddress
from notifier.channels.verdicts import Meaning
from notifier.errors import RenderError
from notifier.interfaces import Surroundings
from notifier.options import Secret

_MINUTE = timedelta(minutes=1)
_MOST_TEXT = 2048


class WeComOptions(RobotOptions):
    """`[channels.NAME] type = "wecom"`. `key` is what follows `key=` in the robot's address; it takes 20 a minute."""

    key: Secret
    base_url: WebAddress = "https://qyapi.weixin.qq.com"


class WeCom(GroupRobot):
    """Says a text in the group of one WeCom robot."""

    Options = WeComOptions
    provider = "WeCom"
    most_bytes = 8192
    meanings: Mapping[int, Meaning] = {
        -1: Meaning("later", "busy", _MINUTE),
        40008: Meaning("never", "this kind of message is not supported"),
        40058: Meaning("never", "a parameter is wrong"),
        44004: Meaning("never", "the text is empty"),
        45002: Meaning("never", "the text is too long"),
        45009: Meaning("later", "more than 20 messages in a minute", _MINUTE),
        45033: Meaning("later", "too many requests at once", _MINUTE),
        93000: Meaning("down", "the robot's key is wrong, or the robot was removed"),
        93004: Meaning("down", "the robot is disabled"),
        93008: Meaning("down", "the robot is not in the group any more"),
    }

    def __init__(self, name: str, options: WeComOptions, around: Surroundings) -> None:
        super().__init__(name, options, around)
        self._key = options.key

    def content(self, text: str, mention: Mention) -> Mapping[str, Any]:
        """A text message; the text itself may have 2048 bytes."""
        if len(text.encode()) > _MOST_TEXT:
            raise RenderError(f"The chat text is longer than the {_MOST_TEXT} bytes {self.provider} takes.")
        said: dict[str, Any] = {"content": text}
        if mention.everybody or mention.user:
            said["mentioned_list"] = [mention.user or "@all"]
        if mention.mobile:
            said["mentioned_mobile_list"] = [mention.mobile]
        return {"msgtype": "text", "text": said}

    def posting(self, content: Mapping[str, Any], now: datetime) -> Posting:
        """WeCom signs nothing: who knows the key may speak."""
        return Posting(f"{self._base_url}/cgi-bin/webhook/send", content, {"key": self._key.get_secret_value()})
