"""The key that an agent presses during a call: Twilio posts it to `/twilio/voice/<token>`."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from notifier.channels import twiml
from notifier.errors import UsageError
from notifier.links import CALL, Ticket
from notifier.model.alert import Alert, AlertState
from notifier.model.oncall import Agent
from notifier.web.desk import Office
from notifier.web.signature import signed_form
from notifier.web.view import existing, headline_of

_MOST_SPOKEN = 3


def voice_router(office: Office) -> APIRouter:
    """The route for keys."""
    router = APIRouter()

    @router.post(f"{CALL}{{token}}")
    async def pressed(request: Request, token: str) -> Response:
        """1 takes the alerts of the call, any other key says them again. A call that is too old takes nothing."""
        form, _ = await signed_form(request, office)
        visitor = office.visitor(token)
        if visitor is None:
            answer = _lost(office, None)
        elif form.get("Digits") == twiml.TAKE:
            answer = await _take(office, *visitor)
        else:
            answer = await _repeat(office, f"{office.links.public_url}{CALL}{token}", *visitor)
        return Response(answer, media_type="text/xml")

    return router


async def _take(office: Office, ticket: Ticket, agent: Agent) -> str:
    """Acknowledge all of them, and say thanks: only after the last, so that thanks mean that nobody else is called."""
    now: list[Alert] = []
    for number in ticket.numbers:
        try:
            now.append(await office.desk.acknowledge(number, agent.name, "call"))
        except UsageError:
            continue
    return _goodbye(office, now, agent) if now else _lost(office, agent)


def _goodbye(office: Office, alerts: Sequence[Alert], agent: Agent) -> str:
    site = office.site()
    words = site.words(agent)
    taken = [alert.by for alert in alerts if alert.state is AlertState.ACKNOWLEDGED]
    if agent.name in taken:
        told = words.say("call_taken")
    elif taken:
        told = words.say("call_theirs", who=site.called(taken[0]))
    else:
        told = words.say("call_over")
    return twiml.goodbye(told, words.language)


async def _repeat(office: Office, address: str, ticket: Ticket, agent: Agent) -> str:
    words = office.site().words(agent)
    alerts = await existing(office, ticket.numbers[:_MOST_SPOKEN])
    told = [await headline_of(office, alert, agent) for alert in alerts]
    return twiml.alarm("\n".join(told), words.language, address) if told else _lost(office, agent)


def _lost(office: Office, agent: Agent | None) -> str:
    words = office.site().words(agent)
    return twiml.goodbye(words.say("call_lost"), words.language)
