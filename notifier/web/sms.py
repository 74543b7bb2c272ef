"""Agents' replies by SMS: `12a` takes alert 12, `12c` closes it. Twilio posts them to `/twilio/sms`."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from notifier.channels import twiml
from notifier.errors import NotifierError, UsageError
from notifier.model.alert import AlertState
from notifier.model.oncall import Agent
from notifier.rules.replies import Act, Reply, parse_reply
from notifier.web.desk import Office
from notifier.web.signature import signed_form

_HELP_AGAIN = timedelta(minutes=10)


def sms_router(office: Office) -> APIRouter:
    """The route for incoming SMS."""
    router = APIRouter()
    answers = _Answers(office)

    @router.post("/twilio/sms")
    async def incoming(request: Request) -> Response:
        """Do what an agent's SMS says, and answer with a sentence. Strangers get no answer and change nothing."""
        form, account = await signed_form(request, office)
        agent = office.site().agent_with(form.get("From", ""), account.country)
        text = await answers.to(form.get("Body", ""), agent) if agent else ""
        return Response(twiml.message(text), media_type="text/xml")

    return router


class _Answers:
    """Carries out what a reply says, and words the answer."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._helped: dict[str, datetime] = {}

    async def to(self, body: str, agent: Agent) -> str:
        """The answer to this agent's reply, after it was carried out."""
        wishes = parse_reply(body)
        if not wishes:
            return self._help(agent)
        return " ".join([await self._answer(wish, agent) for wish in wishes])

    async def _answer(self, wish: Reply, agent: Agent) -> str:
        site, desk = self._office.site(), self._office.desk
        say = site.words(agent).say
        try:
            if wish.act is Act.CLOSE:
                alert = await desk.resolve(wish.number, agent.name)
            else:
                alert = await desk.acknowledge(wish.number, agent.name, "SMS")
        except UsageError:
            return say("sms_unknown", number=wish.number)
        except NotifierError:
            return say("trouble")
        mine, over = alert.by == agent.name, alert.state is AlertState.RESOLVED
        if over:
            return say("sms_closed" if mine and wish.act is Act.CLOSE else "sms_over", number=wish.number)
        return say("sms_taken" if mine else "sms_theirs", number=wish.number, who=site.called(alert.by))

    def _help(self, agent: Agent) -> str:
        """How it works, at most once in ten minutes: two machines that answer each other must fall silent."""
        now = self._office.clock.now()
        before = self._helped.get(agent.name)
        if before is not None and before <= now < before + _HELP_AGAIN:
            return ""
        self._helped[agent.name] = now
        return self._office.site().words(agent).say("sms_help")
