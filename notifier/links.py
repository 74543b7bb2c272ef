"""Links that an agent can follow without a password: the token in them says which alerts, whose, and that we made it.

Guarantee: nobody without the secret makes or changes a token, and none is good for longer than `GOOD_FOR`. It is no
proof of who holds it: whoever an agent forwards the message to can follow the link too.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.exc import BadData
from itsdangerous.signer import HMACAlgorithm

from notifier.clock import Clock, SystemClock

GOOD_FOR = timedelta(days=14)
MOST_ALERTS = 500
PAGE = "/a/"
CALL = "/twilio/voice/"

_LONGEST = 4000
_META = "link secret"
_SIGNATURE_BYTES = 16


class Ticket(NamedTuple):
    """What a token stands for: these alerts, in the order of their numbers, as told to this agent."""

    numbers: tuple[int, ...]
    agent: str


class Links:
    """Makes and reads links under `public_url`, where people reach the web application.

    Without a `public_url` there are no links: they are empty texts. `clock` says when a token was made.
    """

    def __init__(self, public_url: str, secret: str, clock: Clock | None = None) -> None:
        self.public_url = public_url.rstrip("/")
        self._clock = clock or SystemClock()
        # django-concat, the default, would hash the key with SHA-1.
        self._signer = Signer(
            secret, "alert link", key_derivation="hmac", digest_method=hashlib.sha256, algorithm=_Mac()
        )

    def to_alert(self, number: int, agent: str) -> str:
        """The address of the page on which this agent takes this alert; empty without a public URL."""
        return self.to_alerts([number], agent)

    def to_alerts(self, numbers: Sequence[int], agent: str) -> str:
        """The address of one page for these alerts, for the first `MOST_ALERTS` of them; empty without a public URL."""
        return f"{self.public_url}{PAGE}{self.token(numbers, agent)}" if self.public_url else ""

    def token(self, numbers: Sequence[int], agent: str) -> str:
        """The token alone: letters, digits, hyphens, underscores and one dot."""
        ordered = sorted(set(numbers[:MOST_ALERTS]))
        # Numbers of a bundle lie close together: their distances are short where they are not.
        steps = [number - before for number, before in zip(ordered, [0, *ordered], strict=False)]
        told = f"{'.'.join(map(str, steps))} {int(self._clock.now().timestamp()):x} {agent}"
        return self._signer.sign(base64_encode(told)).decode()

    def read(self, token: str, now: datetime) -> tuple[int, str] | None:
        """The alert and the agent of a token for one alert. None if it is not ours, too old, or for several."""
        ticket = self.ticket(token, now)
        return (ticket.numbers[0], ticket.agent) if ticket and len(ticket.numbers) == 1 else None

    def ticket(self, token: str, now: datetime) -> Ticket | None:
        """What a token stands for; None if it is not ours or older than `GOOD_FOR` at `now`.

        It has to be ours letter for letter: base64 is read past line ends and the like, which an address that is made
        of the token must not hold.
        """
        try:
            given = token[: _LONGEST + 1].encode("ascii")
            signed = self._signer.unsign(given)
            told = base64_decode(signed).decode()
        except (BadData, BadSignature, UnicodeError):
            return None
        if self._signer.sign(signed) != given or len(given) > _LONGEST:
            return None
        steps, made, agent = told.split(" ", 2)
        if now - datetime.fromtimestamp(int(made, 16), UTC) >= GOOD_FOR:
            return None
        numbers: list[int] = []
        for step in steps.split("."):
            numbers.append((numbers[-1] if numbers else 0) + int(step))
        return Ticket(tuple(numbers), agent)


def call_address(link: str) -> str:
    """Where a phone call that was told `link` posts the keys that were pressed; empty for no link."""
    head, found, token = link.rpartition(PAGE)
    return f"{head}{CALL}{token}" if found else ""


class Keeper(Protocol):
    """Where one value is kept under a name."""

    async def meta(self, name: str) -> str | None: ...

    async def set_meta(self, name: str, value: str) -> None: ...


async def link_secret(store: Keeper, configured: str = "") -> str:
    """The secret that links are signed with: the configured one, or one made at the first start and kept ever since."""
    if configured:
        return configured
    secret = await store.meta(_META)
    if not secret:
        secret = secrets.token_urlsafe(32)
        await store.set_meta(_META, secret)
    return secret


class _Mac(HMACAlgorithm):
    """HMAC-SHA-256 cut to 128 bits, as RFC 2104 allows: links stand in SMS, where every character counts."""

    def __init__(self) -> None:
        super().__init__(hashlib.sha256)

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:_SIGNATURE_BYTES]
