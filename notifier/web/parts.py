"""Builds the web application of the daemon. Apart from the other parts: FastAPI takes a while to import."""

from __future__ import annotations

from collections.abc import Callable

from notifier.channels.twilio_account import TwilioAccountOptions
from notifier.clock import Clock
from notifier.links import Links
from notifier.parts import build_texts
from notifier.pipeline import Pipeline
from notifier.render import Texts
from notifier.settings import Settings
from notifier.settings.tables import WebTable
from notifier.web.app import create_app
from notifier.web.desk import Account, Office, Site
from notifier.web.front import FrontDesk
from notifier.web.server import WebServer


def build_server(
    web: WebTable, settings: Callable[[], Settings], pipeline: Callable[[], Pipeline], links: Links, clock: Clock
) -> WebServer:
    """The server, ready to start. `settings` and `pipeline` give them as they are when somebody asks."""

    def texts() -> Texts:
        """Those that calls are written with: they are compiled already."""
        staff = pipeline().desk.staff
        return staff.texts if staff else build_texts(settings())

    desk = FrontDesk(pipeline().alerting, pipeline().store, texts, lambda: pipeline().desk.planner.jobs)
    office = Office(desk, links, clock, lambda: build_site(settings()))
    return WebServer(create_app(office), web.host, web.port)


def build_site(settings: Settings) -> Site:
    """Who may come in, and in whose words they are answered."""
    twilio = [one.options for one in settings.channels.values() if isinstance(one.options, TwilioAccountOptions)]
    accounts = {one.account_sid: Account(one.token.get_secret_value(), one.country or "") for one in twilio}
    return Site(settings.oncall.agents, accounts, settings.shop.language, settings.shop.zone)
