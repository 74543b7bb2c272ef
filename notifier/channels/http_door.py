"""The way out over HTTP: one kept aiohttp session a channel, and what its failures say about the message."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import aiohttp
from pydantic import AfterValidator
from yarl import URL

from notifier.model.message import Outcome, TryLater, Unknown

_LONGEST_WAIT = timedelta(days=1)


class NoAnswer(Exception):
    """There is no usable answer; `outcome` says whether the message may have left nevertheless."""

    def __init__(self, outcome: TryLater | Unknown) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def retry_after(self, now: datetime) -> timedelta | None:
        """The Retry-After header: seconds, or a date seen from `now`. None when it is missing or makes no sense."""
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit() and len(value) < 10:
            return min(timedelta(seconds=int(value)), _LONGEST_WAIT)
        try:
            wait = parsedate_to_datetime(value) - now
        except (ValueError, TypeError):
            return None
        return min(max(wait, timedelta(0)), _LONGEST_WAIT)

    def fields(self) -> Mapping[str, Any]:
        """The JSON object in the body; empty when there is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def whole_number(value: Any) -> int | None:
    """A number out of somebody's JSON, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class NotTaken(Exception):
    """An answer came, but not with a 2xx status; raised where a library between us and the door would lose it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


class HttpDoor:
    """Asks once and never again: no retry, no redirect, no proxy or password from the environment.

    `timeout` ends the whole request; a third of it, at most ten seconds, may go into connecting, so that a host that
    does not answer at all is told apart from one that has our request. Answers longer than `limit` bytes are refused.
    """

    def __init__(self, timeout: timedelta, connections: int, limit: int = 262_144) -> None:
        total = timeout.total_seconds()
        self._timeout = aiohttp.ClientTimeout(total=total, connect=min(10.0, total / 3))
        self._connections = connections
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None

    async def request(self, method: str, url: str, **details: Any) -> Answer:
        """One request, one whole answer, whatever its status. `details` are aiohttp's: data, params, headers.

        Raises NoAnswer: TryLater as long as no byte can have left, Unknown from then on.
        """
        if self._session is None:
            self._session = self._open()
        try:
            async with self._session.request(method, URL(url), allow_redirects=False, **details) as response:
                body = await self._read(response)
                return Answer(response.status, response.headers, body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NoAnswer(TryLater(f"no connection ({type(error).__name__})")) from None
        except TimeoutError:
            raise NoAnswer(Unknown("no answer in time; it may have arrived")) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer(Unknown(f"the connection broke ({type(error).__name__}); it may have arrived")) from None

    async def close(self) -> None:
        """Close every kept connection. The door can be used again afterwards."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        length = response.content_length
        if length is not None and length <= self._limit and "Content-Encoding" not in response.headers:
            return await response.read()
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > self._limit:
                raise NoAnswer(Unknown(f"HTTP {response.status} with an endless answer; it may have been taken"))
        return b"".join(chunks)


def unclean(answer: Answer, now: datetime) -> Outcome | None:
    """What an HTTP status means that says nothing about the message itself; None for 2xx and other 4xx.

    429: the door is shut, the message was not looked at. 408 and everything outside 2xx and 4xx is doubt.
    """
    if answer.status == 429:
        return TryLater("HTTP 429: too many requests", answer.retry_after(now))
    if 300 <= answer.status < 400:
        return Unknown(f"HTTP {answer.status}: redirects are not followed; put the final address into the settings")
    if answer.status == 408 or not (200 <= answer.status < 300 or 400 <= answer.status < 500):
        return Unknown(f"HTTP {answer.status}: it may have been taken")
    return None


def _web_address(value: str) -> str:
    url = URL(value)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("is not a web address; write it as https://host/path")
    if url.user or url.password or url.fragment:
        raise ValueError("must not hold a user, password or #fragment")
    try:
        address = ipaddress.ip_address(url.host)
    except ValueError:
        return value
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise ValueError("points to an address that no service has")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
"""An http(s) address from the settings. Order data never becomes part of an address."""
