"""The program as a service: signals, one daemon a database, and what it tells systemd."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import timedelta

from notifier.model.reminder import State
from tests.fakes.smtp_server import Act
from tests.stories.program import Program
from tests.stories.stage import Stage
from tests.stories.world import order, write_settings

TWELVE_HOURS = timedelta(hours=12)


async def test_told_to_stop_it_finishes_what_is_under_way_and_leaves_the_rest_for_later(stage: Stage) -> None:
    stage.mail.will("dot", Act.SILENCE)
    stage.show(order(1001), order(1002), order(1003))
    stage.use("unpaid-nudge", channels=["email"])
    stage.settings["channels"]["mail"]["concurrency"] = 1
    stage.clock.jump(TWELVE_HOURS)
    async with stage.program("run") as program:
        await stage.mail.ends(1)
        program.signal(signal.SIGTERM)
        await stage.manager.wait_for("STOPPING=1")
        stage.mail.take_it_at_last()
        assert await program.ended(seconds=15) == 0
    assert len(stage.mail.ended) == 1
    states = Counter([(await stage.reminder(number)).state for number in (1001, 1002, 1003)])
    assert states == {State.ACCEPTED: 1, State.PLANNED: 2}

    await stage.open()
    await stage.fast_forward(minutes=1)
    for taken in stage.mail.taken:
        stage.expect_mail(int(taken.rcpt.partition("buyer")[2][:4]))
    assert len(stage.mail.taken) == 3


async def test_a_second_daemon_on_the_same_database_does_not_start(stage: Stage) -> None:
    await stage.open("unpaid-nudge")
    async with stage.program("run") as second:
        assert await second.ended() == 75
        assert "Another notifier (process" in second.log.read_text("utf-8")


async def test_settings_with_mistakes_do_not_start_and_all_are_told(stage: Stage) -> None:
    stage.settings["shop"]["time_zone"] = "Mars/Olympus"
    stage.settings["sources"]["shop"]["every"] = "often"
    async with Program(write_settings(stage.folder, stage.settings), "run") as program:
        assert await program.ended() == 64
        told = program.log.read_text("utf-8")
        assert told.count("notifier.toml:") == 2


async def test_systemd_hears_how_it_is_going(stage: Stage) -> None:
    await stage.open("unpaid-nudge")
    await stage.manager.wait_for("READY=1")
    await stage.fast_forward(hours=1)
    await stage.manager.wait_for("WATCHDOG=1")
    await stage.reload()
    await stage.manager.wait_for("RELOADING=1")
    await stage.manager.wait_for("STATUS=reading shop; sending by text, mail")
    await stage.manager.wait_for("READY=1")
    await stage.fast_forward(hours=1)
    await stage.manager.wait_for("WATCHDOG=1")
    await stage.close()
    await stage.manager.wait_for("STOPPING=1")


async def test_sighup_reloads_the_real_command(stage: Stage) -> None:
    stage.use("unpaid-nudge")
    async with stage.program("run") as program:
        await stage.manager.wait_for("READY=1", 30)
        program.signal(signal.SIGHUP)
        await stage.manager.wait_for("RELOADING=1")
        await stage.manager.wait_for("READY=1")
        program.signal(signal.SIGTERM)
        assert await program.ended(seconds=15) == 0


async def test_a_second_start_finds_the_texts_as_they_were(stage: Stage) -> None:
    stage.use("unpaid-nudge")
    for _ in range(2):
        async with stage.program("run") as program:
            await stage.manager.wait_for("READY=1", 30)
            program.signal(signal.SIGTERM)
            assert await program.ended(seconds=15) == 0
    assert len(stage.logged("all texts can be sent")) == 1
