"""The page behind an alert's link. GET shows it and changes nothing, whoever fetches it; only the buttons' POST does.

Mail scanners, previews and prefetching browsers follow every link they see, so that a GET must never acknowledge
(failures.md O8); they do not press buttons.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from notifier.errors import UsageError
from notifier.links import PAGE, Ticket
from notifier.model.alert import Alert
from notifier.model.oncall import Agent
from notifier.web.desk import Office
from notifier.web.forms import Form, read_form
from notifier.web.pages import Pages
from notifier.web.view import sheet_for

_SNOOZES = {"snooze-1h": timedelta(hours=1), "snooze-4h": timedelta(hours=4)}
_OURS = ("same-origin", "none")


def alert_router(office: Office, pages: Pages) -> APIRouter:
    """The routes of the page."""
    router = APIRouter()

    @router.api_route(f"{PAGE}{{token}}", methods=["GET", "HEAD"])
    async def show(token: str) -> Response:
        """The alert as it stands."""
        visitor = office.visitor(token)
        sheet = await sheet_for(office, *visitor) if visitor else None
        if sheet is None:
            return notice(office, pages, "lost", 404)
        return HTMLResponse(pages.render("alert", sheet=sheet, words=sheet.words))

    @router.post(f"{PAGE}{{token}}")
    async def act(request: Request, token: str) -> Response:
        """Do what the pressed button says, then lead back to the page, which says how the alert stands now.

        1. The token says who and which alerts; a form that another site made is refused.
        2. The deed is done for the one alert that the form names, or for all of the token's.
        """
        visitor = office.visitor(token)
        if visitor is None:
            return notice(office, pages, "lost", 404)
        if _from_elsewhere(request, office.links.public_url):
            return notice(office, pages, "cross", 403)
        ticket, agent = visitor
        form = await read_form(request)
        do, numbers = _deed(office, form.get("action", ""), agent), _chosen(form, ticket)
        if do is None or not numbers:
            return notice(office, pages, "cross", 400)
        for number in numbers:
            try:
                await do(number)
            except UsageError:
                continue  # deleted since; the page will not show it
        return Response(status_code=303, headers={"Location": token})

    return router


def notice(office: Office, pages: Pages, what: str, status: int) -> Response:
    """A page that says in plain words why there is nothing: "lost", "cross" or "trouble"."""
    return HTMLResponse(pages.render("notice", what=what, words=office.site().words(None)), status)


def _from_elsewhere(request: Request, public_url: str) -> bool:
    """Whether a browser says that another site made this form. Old browsers, and no browsers at all, say nothing.

    Our own pages send "null" as their origin, because they send no referrer.
    """
    site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin", "null")
    ours = urlsplit(public_url)
    return site not in _OURS or origin not in ("null", f"{ours.scheme}://{ours.netloc}")


def _deed(office: Office, action: str, agent: Agent) -> Callable[[int], Awaitable[Alert]] | None:
    """What a button does to an alert; None for a button that is not ours."""
    desk = office.desk
    if action == "acknowledge":
        return lambda number: desk.acknowledge(number, agent.name, "link")
    if action == "resolve":
        return lambda number: desk.resolve(number, agent.name)
    if action in _SNOOZES:
        until = office.clock.now() + _SNOOZES[action]
        return lambda number: desk.snooze(number, until, agent.name)
    return None


def _chosen(form: Form, ticket: Ticket) -> Sequence[int]:
    """The alert that the form names, if the ticket is for it; all of the ticket's when it names none."""
    if "alert" not in form:
        return ticket.numbers
    return [number for number in ticket.numbers if str(number) == form["alert"]]
