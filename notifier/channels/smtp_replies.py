"""What a mail server's answers mean for a message.

Codes: RFC 5321 section 4.2; enhanced status codes: RFC 3463 and its registry. Only the codes that speak of the mailbox
itself make us give up an address; policy, our sender and the size of the message are never the recipient's fault.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from notifier.model.message import Outcome, Receipt, Refused, TryLater, Unknown

Step = Literal["sender", "recipient", "message"]

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_QUEUED_AS = re.compile(r"(?:queued as|\bid[=:]?) ?<?([A-Za-z0-9._-]{4,64})", re.IGNORECASE)
_ADDRESS = re.compile(r"<?[^\s<>()\"',;:]+@[^\s<>()\"',;:]+>?")
_NOT_ALLOWED_IN = frozenset({530, 534, 535, 538})
_NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_OUR_ADDRESS = frozenset({"5.1.7", "5.1.8"})


class Reply(NamedTuple):
    """One answer; the lines of a longer one are joined by spaces."""

    code: int
    text: str

    @property
    def kind(self) -> int:
        """2 done, 3 go on, 4 not now, 5 never; anything else makes no sense."""
        return self.code // 100

    @property
    def status(self) -> str:
        """The enhanced status code it begins with, or nothing."""
        match = _STATUS.match(self.text)
        return match[0] if match else ""


def said(code: int, text: str) -> str:
    """A server's words for our lists and logs: one short line, without anybody's address."""
    words = text[:1000]
    if not words.isprintable():
        words = "".join(c if c.isprintable() else " " for c in words)
    if "@" in words:
        words = _ADDRESS.sub("(address)", words)
    return f"{code} {words}"[:200].strip()


def not_allowed_in(code: int) -> bool:
    """True for the codes that say that the server wants other credentials than ours: the channel is down."""
    return code in _NOT_ALLOWED_IN


def refusal(step: Step, reply: Reply) -> Outcome:
    """The outcome of a message that was turned down at this step and so has surely not left.

    1. What passes by itself: every 4xx, a full mailbox, an answer out of step → TryLater.
    2. What is wrong with us – credentials, our sender's address – meets every message → TryLater, channel down.
    3. The rest → Refused; only a mailbox that does not exist any more is suppressed.
    """
    why = f"the mail server refuses the {step}: {said(*reply)}"
    status, too_large = reply.status, reply.status == "5.3.4" or (reply.code == 552 and step != "recipient")
    if reply.kind != 5 or reply.code == 503:
        return TryLater(why)
    if not_allowed_in(reply.code) or status in _OUR_ADDRESS or (step == "sender" and not too_large):
        return TryLater(why, channel_down=True)
    if status == "5.2.2" or (reply.code == 552 and not too_large):
        return TryLater(why)  # RFC 5321 section 4.5.3.1.10: a full mailbox, whatever its first digit
    return Refused(why, suppress=status in _NO_SUCH_MAILBOX)


def verdict(reply: Reply) -> Outcome:
    """The outcome of a message whose final dot was answered."""
    if reply.kind == 2:
        queued = _QUEUED_AS.search(reply.text)
        return Receipt(reference=queued[1] if queued else "", detail=said(*reply))
    if reply.kind in {4, 5}:
        return refusal("message", reply)
    return Unknown(f"the mail server took the message and answered what makes no sense: {said(*reply)}")
