"""The web application inside the daemon: there when it is asked for, and no trouble to anything else."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from notifier.errors import ListenError
from tests.fakes.twilio import SENDER
from tests.stories.stage import Stage
from tests.stories.world import order

PUBLIC = "https://notifier.example.com"


def real(stage: Stage, address: str) -> str:
    """Where a public address is really served."""
    assert stage.daemon.web is not None
    return address.replace(PUBLIC, f"http://127.0.0.1:{stage.daemon.web.port}")


async def health(stage: Stage) -> str:
    async with aiohttp.ClientSession() as session, session.get(real(stage, f"{PUBLIC}/health")) as answer:
        return await answer.text()


async def test_nothing_listens_without_a_public_address(stage: Stage) -> None:
    await stage.open("unpaid-nudge")
    assert stage.daemon.web is None


async def test_it_answers_from_the_start_until_the_end(stage: Stage) -> None:
    stage.settings["web"] = {"public_url": PUBLIC, "port": 0}
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    assert await health(stage) == "ok"
    assert stage.logged("the web application listens")
    await stage.fast_forward(hours=12)
    stage.expect_sms(1001)
    address = real(stage, f"{PUBLIC}/health")
    await stage.close()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(address)


async def test_twilio_is_known_by_the_settings_of_the_channels(stage: Stage) -> None:
    stage.settings["web"] = {"public_url": PUBLIC, "port": 0}
    await stage.open("unpaid-nudge")
    url = f"{PUBLIC}/twilio/sms"
    assert await stage.twilio.receive(url, "+12025550199", SENDER, "1a", lambda address: real(stage, address)) == (
        200,
        "",
    )
    fields = {"AccountSid": stage.twilio.account, "From": "+12025550199", "Body": "1a"}
    status, _ = await stage.twilio.post(url, fields, "forged", lambda address: real(stage, address))
    assert status == 403
    assert stage.logged("a request without Twilio's signature was refused")


async def test_a_reload_leaves_it_as_it_is_and_says_so(stage: Stage) -> None:
    stage.settings["web"] = {"public_url": PUBLIC, "port": 0}
    await stage.open("unpaid-nudge")
    stage.settings["web"] = {"public_url": "https://other.example.com", "port": 0}
    await stage.reload()
    assert stage.logged("[web] changes with the next start")
    assert await health(stage) == "ok"


async def test_a_port_that_is_taken_ends_the_start(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stage.settings["web"] = {"public_url": PUBLIC, "port": taken.getsockname()[1]}
        with pytest.raises(ListenError, match="Choose another host or port"):
            await stage.open("unpaid-nudge")
    stage.settings["web"]["port"] = 0
    await stage.open()
    assert await health(stage) == "ok"
