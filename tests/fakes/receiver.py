"""A pretend receiver of any HTTP POST: keeps what came, answers what it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.loopback import Loopback


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Reply:
    """What the receiver answers."""

    status: int = 200
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver(Loopback):
    """Keeps every request in `received` and answers `reply`."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Received] = []
        self.reply = Reply()

    async def answer(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.path, request.headers.copy(), await request.read()))
        return web.json_response(dict(self.reply.body), status=self.reply.status, headers=self.reply.headers)
