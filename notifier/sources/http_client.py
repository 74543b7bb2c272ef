"""Asks a shop over HTTP: one request, one whole answer, within limits of time and size."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import aiohttp
from yarl import URL

from notifier.errors import SourceError
from notifier.sources.http_options import Basic, Bearer, Header, HttpOptions, Query

_CHUNK = 65_536


class Rejected(SourceError):
    """The shop answered with another status than 200."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class ShopClient:
    """One kept session. It follows no redirects and takes no proxy from the environment.

    A question goes out a second time only when the connection broke before any answer, as kept ones do.

    Every failure is a SourceError that names the host and no more of the address, which may hold secrets or ids.
    """

    def __init__(self, name: str, options: HttpOptions) -> None:
        self._name = name
        self._options = options
        self._seconds = options.timeout.total_seconds()
        self._session: aiohttp.ClientSession | None = None
        self._parameters: dict[str, str] = {}

    async def get(self, url: URL) -> tuple[bytes, str]:
        """The body of the answer and the address of its `Link: rel="next"`, "" when it has none."""
        if self._session is None:
            self._session = self._open()
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._session.get(self._signed(url), allow_redirects=False) as response,
            ):
                self._check(response, url)
                link = response.links["next"]["url"] if "next" in response.links else ""
                return await self._body(response, url), str(link)
        except TimeoutError:
            raise self._error(url, f"did not answer within {self._seconds:g} s") from None
        except aiohttp.ClientConnectorError as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise self._error(url, f"cannot be reached: {reason}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._error(url, f"broke off its answer: {type(error).__name__}") from None

    async def close(self) -> None:
        """Close the session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        auth, headers = self._options.auth, dict(self._options.headers)
        match auth:
            case Bearer():
                headers["Authorization"] = f"Bearer {auth.token.get_secret_value()}"
            case Header():
                headers[auth.name] = auth.value.get_secret_value()
            case Query():
                self._parameters = {key: value.get_secret_value() for key, value in auth.parameters.items()}
            case Basic():
                pair = f"{auth.user}:{auth.password.get_secret_value()}"
                headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return aiohttp.ClientSession(
            headers={"Accept": "application/json", "Accept-Encoding": "gzip, deflate"} | headers,
            timeout=aiohttp.ClientTimeout(total=self._seconds),
            connector=aiohttp.TCPConnector(limit=self._options.concurrency),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _signed(self, url: URL) -> URL:
        return url.update_query(self._parameters) if self._parameters else url

    def _check(self, response: aiohttp.ClientResponse, url: URL) -> None:
        status = response.status
        if status != 200:
            raise Rejected(self._sentence(url, _meaning(status, response.headers.get("Retry-After", ""))), status)
        kind = response.content_type
        if not (kind in self._options.content_types or kind.endswith("+json")):
            raise self._error(url, f"sent {kind} instead of JSON")

    async def _body(self, response: aiohttp.ClientResponse, url: URL) -> bytes:
        """The whole body; the limit counts what a compressed one becomes, while it is being unpacked."""
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._options.max_bytes:
                raise self._error(url, f"sent more than {self._options.max_bytes} bytes; ask for smaller pages")
        return bytes(body)

    def _sentence(self, url: URL, what: str) -> str:
        return f"source {self._name}: {url.host} {what}"

    def _error(self, url: URL, what: str) -> SourceError:
        return SourceError(self._sentence(url, what))


def _meaning(status: int, retry_after: str) -> str:
    """What a status other than 200 says, for a person."""
    wait: Any = retry_after.strip()[:40]
    if status in {429, 503} and wait and wait.isprintable():
        wish = f"{wait} s" if wait.isdigit() else f"until {wait}"
        return f"asks to wait {wish} (HTTP {status})"
    if status in {401, 403}:
        return f"refuses our credentials (HTTP {status}); check auth"
    if 300 <= status < 400:
        return f"redirects (HTTP {status}), which is not followed; write the final address into the settings"
    return f"answered HTTP {status}"
