"""A pretend Twilio that speaks the API of 2010-04-01 (messages, calls) to the real SDK, and calls back as Twilio does.

In a test: `async with TwilioFake() as twilio`. As a process of its own: `python -m tests.fakes.twilio --port 8010`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from base64 import b64encode
from collections.abc import Callable, Mapping
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator
from yarl import URL

from notifier.clock import Clock, SystemClock
from tests.fakes.loopback import Loopback, Trouble

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "a-token-nobody-must-see"
SENDER = "+12025550100"

Resource = dict[str, Any]
Through = Callable[[str], str]
"""Where a public address is really served."""
_DIRECT: Through = str


def refusal(status: int, code: int, **headers: str) -> Trouble:
    """An error as Twilio words it; its message quotes the number, as Twilio's do."""
    body = {
        "code": code,
        "message": "The number +12025550123 and the text are quoted here.",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Trouble(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


class TwilioFake(Loopback):
    """Keeps every message it took in `messages` and every call in `calls`, the oldest first, as the resources that it
    hands out; `posted` are the forms they came in.

    `numbers` says what goes wrong with messages to a number, `troubles` what goes wrong next with anybody's;
    `listed_after` hides that many of the newest messages from lists, as a list that lags behind does.
    """

    def __init__(self, clock: Clock | None = None, account: str = ACCOUNT, token: str = TOKEN) -> None:
        super().__init__()
        self.account = account
        self.token = token
        self.clock = clock or SystemClock()
        self.messages: list[Resource] = []
        self.calls: list[Resource] = []
        self.posted: list[dict[str, str]] = []
        self.callbacks: dict[str, str] = {}
        self.numbers: dict[str, Trouble] = {}
        self.listed_after = 0
        self._login = "Basic " + b64encode(f"{account}:{token}".encode()).decode()
        self._sids = itertools.count(1)

    async def next_trouble(self, request: web.Request) -> Trouble | None:
        if request.method == "POST" and (trouble := self.numbers.get(str((await request.post()).get("To", "")))):
            return trouble
        return await super().next_trouble(request)

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self._login:
            return _error(401, 20003, "Authenticate")
        if request.path == f"/2010-04-01/Accounts/{self.account}/Calls.json":
            return await self._dial(request)
        start = f"/2010-04-01/Accounts/{self.account}/Messages"
        if request.path == f"{start}.json":
            return await self._create(request) if request.method == "POST" else self._list(request)
        sid = request.path.removeprefix(f"{start}/").removesuffix(".json")
        for message in self.messages:
            if message["sid"] == sid and request.method == "GET":
                return web.json_response(message)
        return _error(404, 20404, "The requested resource was not found")

    async def report(self, sid: str, status: str, error: int | None = None) -> int:
        """A message moves on; Twilio says so to its StatusCallback, signed. Returns the HTTP status of the answer."""
        message = next(message for message in self.messages if message["sid"] == sid)
        message.update(status=status, error_code=error, date_updated=format_datetime(self.clock.now()))
        fields = {
            "AccountSid": self.account,
            "From": message["from"] or "",
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "To": message["to"],
        }
        if error:
            fields["ErrorCode"] = str(error)
        return await self.call(self.callbacks[sid], fields)

    async def receive(self, url: str, sender: str, to: str, body: str, through: Through = _DIRECT) -> tuple[int, str]:
        """Somebody's SMS comes in; Twilio posts it to the number's webhook. Status of the answer, and the SMS that it
        sends back, empty for none."""
        sid = f"SM{next(self._sids):032x}"
        fields = {"AccountSid": self.account, "Body": body, "From": sender, "MessageSid": sid, "To": to}
        status, answer = await self.post(url, fields, through=through)
        return status, "".join(_texts(answer, "Message")) if status == 200 else ""

    async def press(self, sid: str, key: str, through: Through = _DIRECT) -> tuple[int, str]:
        """Whoever was called presses a key: Twilio posts it where the call's Gather says. Status and text of the
        answer; what that says is what the call does next."""
        call = next(call for call in self.calls if call["sid"] == sid)
        gather = ElementTree.fromstring(call["twiml"]).find("Gather")
        assert gather is not None, "this call asks for no key"
        fields = {"AccountSid": self.account, "CallSid": sid, "Digits": key, "From": call["from"], "To": call["to"]}
        return await self.post(gather.attrib["action"], fields, through=through)

    async def call(self, url: str, fields: Mapping[str, str], signature: str | None = None) -> int:
        """Post a form to a webhook as Twilio does, by default with the right signature for that URL."""
        return (await self.post(url, fields, signature))[0]

    async def post(
        self, url: str, fields: Mapping[str, str], signature: str | None = None, through: Through = _DIRECT
    ) -> tuple[int, str]:
        """The same; status and text of the answer. `through` turns the public address into the one to connect to."""
        signed = RequestValidator(self.token).compute_signature(url, dict(fields)) if signature is None else signature
        headers = {"X-Twilio-Signature": signed}
        async with (
            aiohttp.ClientSession() as session,
            session.post(URL(through(url), encoded=True), data=fields, headers=headers) as response,
        ):
            return response.status, await response.text()

    async def _create(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if complaint := _complaint(form):
            return _error(400, *complaint)
        self.posted.append(form)
        message = self._resource(form)
        self.messages.append(message)
        self.callbacks[message["sid"]] = form.get("StatusCallback", "")
        return web.json_response(message, status=201)

    async def _dial(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if complaint := _no_call(form):
            return _error(400, *complaint)
        self.posted.append(form)
        sid = f"CA{next(self._sids):032x}"
        shown = {"sid": sid, "account_sid": self.account, "to": form["To"], "from": form["From"], "status": "queued"}
        self.calls.append(shown | {"twiml": form["Twiml"], "said": _texts(form["Twiml"], ".//Say")})
        return web.json_response(shown, status=201)

    def _resource(self, form: Mapping[str, str]) -> Resource:
        sid, now = f"SM{next(self._sids):032x}", format_datetime(self.clock.now())
        return {
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "queued",
            "subresource_uris": {},
            "to": form["To"],
            "uri": f"/2010-04-01/Accounts/{self.account}/Messages/{sid}.json",
        }

    def _list(self, request: web.Request) -> web.Response:
        query = request.query
        shown = self.messages[: len(self.messages) - self.listed_after][::-1]
        found = [message for message in shown if _matches(message, query)]
        size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        more = len(found) > (page + 1) * size
        following = request.rel_url.update_query({"Page": str(page + 1), "PageSize": str(size)})
        return web.json_response(
            {
                "messages": found[page * size : (page + 1) * size],
                "next_page_uri": str(following) if more else None,
                "page": page,
                "page_size": size,
            }
        )


def _matches(message: Resource, query: Mapping[str, str]) -> bool:
    """The filters To, From, DateSent and its bounds; what is queued has no DateSent and is found by none of them."""
    if any(query.get(name, message[field]) != message[field] for name, field in (("To", "to"), ("From", "from"))):
        return False
    bounds = {name: query[name] for name in ("DateSent", "DateSent>", "DateSent<") if name in query}
    if not bounds:
        return True
    if message["date_sent"] is None:
        return False
    sent = parsedate_to_datetime(message["date_sent"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    if "DateSent" in bounds and not sent.startswith(bounds["DateSent"][:10]):
        return False
    return bounds.get("DateSent>", "") <= sent <= bounds.get("DateSent<", "9999")


def _complaint(form: Mapping[str, str]) -> tuple[int, str] | None:
    to, body, validity = form.get("To", ""), form.get("Body", ""), form.get("ValidityPeriod", "36000")
    checks = (
        (not to, 21604, "A 'To' phone number is required."),
        (not (to.startswith("+") and to[1:].isdigit() and 8 <= len(to) <= 16), 21211, f"Invalid 'To': {to}"),
        (not (form.get("From") or form.get("MessagingServiceSid")), 21603, "A 'From' phone number is required."),
        (not body, 21602, "Message body is required."),
        (len(body) > 1600, 21617, "The concatenated message body exceeds the 1600 character limit."),
        (not (validity.isdigit() and 1 <= int(validity) <= 36_000), 21647, "ValidityPeriod is out of range."),
    )
    return next(((code, text) for wrong, code, text in checks if wrong), None)


def _no_call(form: Mapping[str, str]) -> tuple[int, str] | None:
    to, twiml = form.get("To", ""), form.get("Twiml", "")
    checks = (
        (not to, 21201, "No 'To' number is specified"),
        (not (to.startswith("+") and to[1:].isdigit() and 8 <= len(to) <= 16), 21211, f"Invalid 'To': {to}"),
        (not form.get("From"), 21213, "Caller phone number is required"),
        (not 0 < len(twiml) <= 4000, 21218, "Twiml is required and at most 4000 characters"),
        (not form.get("Timeout", "60").isdigit(), 21220, "Timeout must be a number"),
    )
    return next(((code, text) for wrong, code, text in checks if wrong), None)


def _texts(twiml: str, path: str) -> list[str]:
    """What the verbs of this name say, in turn."""
    return [verb.text or "" for verb in ElementTree.fromstring(twiml).findall(path)]


def _error(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "status": status}, status=status)


async def _serve(port: int) -> None:
    fake = TwilioFake()
    await fake.open(port)
    print(fake.url, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until stopped, and print the address once it is open."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.twilio", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    port = parser.parse_args().port
    try:
        asyncio.run(_serve(port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
