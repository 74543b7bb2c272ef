"""The HTTP client the Twilio SDK is given: its own has no time-out, retries POSTs, and mixes up answers.

The SDK's client keeps the last response on itself across an await, so that concurrent callers can read each other's;
it hands aiohttp `timeout=None`; it hides Retry-After (twilio-python#925, #866). Importing this module imports the SDK.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from typing import Any

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from notifier.channels.http_door import HttpDoor, NotTaken

_HOME = "https://api.twilio.com"


class DoorClient(AsyncHttpClient):  # type: ignore[misc]
    """Sends the SDK's requests through our door; nothing of a request or an answer is kept here."""

    def __init__(self, door: HttpDoor, base_url: str) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._door = door
        self._base_url = base_url.rstrip("/")

    async def request(
        self,
        method: str,
        uri: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: Any = None,
        **_: Any,
    ) -> Any:
        """One request. Raises NoAnswer, and NotTaken for every status but 2xx."""
        headers = dict(headers or {})
        if auth:
            headers["Authorization"] = "Basic " + b64encode(":".join(auth).encode()).decode()
        url = self._base_url + uri.removeprefix(_HOME)
        answer = await self._door.request(method, url, params=params, data=data, headers=headers)
        if not 200 <= answer.status < 300:
            raise NotTaken(answer)
        return Response(answer.status, answer.body.decode(), answer.headers)


def open_account(account: str, token: str, door: HttpDoor, base_url: str) -> Any:
    """The SDK's client of an account, speaking through `door`: its `messages` and `calls` have `create_async`."""
    return Client(account, token, http_client=DoorClient(door, base_url))
