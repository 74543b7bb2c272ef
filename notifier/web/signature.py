"""Lets nothing in under Twilio's name that Twilio has not signed.

Source: https://www.twilio.com/docs/usage/security#validating-requests – HMAC-SHA1 with the account's token over the
address as Twilio knows it and all fields. Twilio signs no time: a replay is possible, so whoever uses this must do
nothing twice.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from twilio.request_validator import RequestValidator

from notifier import logs
from notifier.web.desk import Account, Office
from notifier.web.forms import Form, read_form

_log = logs.get(__name__)


async def signed_form(request: Request, office: Office) -> tuple[Form, Account]:
    """The form of a request that Twilio made for one of our accounts, and that account. Raises HTTPException 403.

    The address is made of `[web] public_url` and the path and query exactly as they came; never of the Host header,
    which is whoever's who sends it.
    """
    form = await read_form(request)
    account = office.site().accounts.get(form.get("AccountSid", ""))
    signature = request.headers.get("x-twilio-signature", "")
    if account is None or not RequestValidator(account.token).validate(_address(request, office), form, signature):
        _log.warning("a request without Twilio's signature was refused", known_account=account is not None)
        raise HTTPException(403, "not signed by Twilio for this account and address")
    return form, account


def _address(request: Request, office: Office) -> str:
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1")
    return f"{office.links.public_url}{path}{'?' if query else ''}{query}"
