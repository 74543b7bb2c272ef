"""Puts the web application together. FastAPI's part: which path leads where, and what every answer has in common."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from notifier import logs
from notifier.errors import NotifierError
from notifier.web.alert_page import alert_router, notice
from notifier.web.desk import Office
from notifier.web.forms import LARGEST
from notifier.web.pages import SAFE_HEADERS, Pages
from notifier.web.sms import sms_router
from notifier.web.voice import voice_router

_log = logs.get(__name__)


def create_app(office: Office) -> ASGIApp:
    """The application, ready for a server. It has no state of its own that must be closed.

    It sends nobody from one spelling of an address to another (`redirect_slashes`): that would lead the token wherever
    the Host header says, and without TLS.
    """
    app = FastAPI(title="notifier", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    pages = Pages()

    @app.get("/health")
    async def health() -> Response:
        """Whether this process answers. It tells nothing else."""
        return PlainTextResponse("ok")

    for router in (alert_router(office, pages), sms_router(office), voice_router(office)):
        app.include_router(router)

    @app.exception_handler(NotifierError)
    async def cannot(_: Request, error: NotifierError) -> Response:
        _log.error("a request could not be carried out", why=str(error))
        return notice(office, pages, "trouble", 503)

    @app.exception_handler(ClientDisconnect)
    async def gone(*_: object) -> Response:
        return Response(status_code=400)

    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST)
    return _SafeHeaders(app)


class _SafeHeaders:
    """Puts `SAFE_HEADERS` on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE_HEADERS)
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)
