"""Alerts that go on in spite of everything: restarts, crashes, reloads, clocks that jump."""

from __future__ import annotations

import copy
import signal
from datetime import timedelta

import pytest

from notifier.interfaces import AlertSelection
from notifier.model.alert import Alert, AlertState
from tests.fakes.smtp_server import Act
from tests.stories.office import DUE, STAFF, late, staff
from tests.stories.stage import Stage


async def alert_of(stage: Stage) -> Alert:
    """The only alert."""
    (found,) = await stage.ask(lambda store: store.list_alerts(AlertSelection(tuple(AlertState))))
    return found


async def ann_is_called(stage: Stage) -> None:
    """It is ten o'clock, and Ann hears of an order."""
    stage.oncall = copy.deepcopy(STAFF)
    stage.show(late(1001))
    await stage.open("ship-deadline", **DUE)
    await stage.fast_forward(hours=1)
    stage.expect_call("ann", "1001")


async def the_rest_is_on_time(stage: Stage) -> None:
    """The last call was Sue's: the whole again after an hour, then nothing."""
    for minutes, agent in ((60, "ann"), (10, "bob"), (20, "sue")):
        await stage.fast_forward(minutes=minutes - 1, seconds=59)
        stage.expect_silence()
        await stage.fast_forward(seconds=1)
        stage.expect_call(agent, "1001")
    await stage.fast_forward(days=1)


# Restarts


async def test_a_restart_between_two_steps_changes_nothing(stage: Stage) -> None:
    await ann_is_called(stage)
    await stage.close()
    stage.clock.jump(timedelta(minutes=5))
    await stage.open()
    await stage.fast_forward(minutes=4, seconds=59)
    stage.expect_silence()
    await stage.fast_forward(seconds=1)
    stage.expect_call("bob", "1001")
    await stage.fast_forward(minutes=20)
    stage.expect_call("sue", "1001")
    await the_rest_is_on_time(stage)


async def test_steps_that_were_missed_are_made_up_for_at_once_and_nothing_twice(stage: Stage) -> None:
    """Down from five past ten to half past, when both Bob and Sue should have been called."""
    await ann_is_called(stage)
    await stage.close()
    stage.clock.jump(timedelta(minutes=30))
    await stage.open()
    stage.expect_call("bob", "1001")
    stage.expect_call("sue", "1001")
    await the_rest_is_on_time(stage)


async def test_an_alert_that_ended_while_nobody_looked_is_told_at_the_start(stage: Stage) -> None:
    await ann_is_called(stage)
    await stage.close()
    stage.clock.jump(timedelta(minutes=30))
    stage.change(1001, state="cancelled", cancelled=stage.clock.now().isoformat())
    await stage.open()
    await stage.fast_forward(seconds=1)
    stage.expect_call("ann", "alert 1 is over")
    await stage.fast_forward(days=1)


async def test_a_call_whose_end_nobody_saw_is_made_again(stage: Stage) -> None:
    """Killed while Sue's mail server thinks about it: she may hear of it twice, but not never."""
    stage.oncall = staff(shipping={"steps": [{"tell": ["sue"], "by": ["email"]}], "times": 0})
    stage.mail.will("dot", Act.SILENCE)
    stage.show(late(1001))
    stage.use("ship-deadline", **DUE)
    stage.clock.jump(timedelta(hours=1))
    async with stage.program("run", doomed=True) as program:
        await stage.mail.ends(1)
        program.signal(signal.SIGKILL)
        assert await program.ended() == -signal.SIGKILL
    stage.clock.jump(timedelta(minutes=1))
    await stage.open()
    await stage.fast_forward(minutes=1)
    stage.expect_call("sue", "1001")
    assert len(stage.mail.ended) == 2
    assert stage.logged("messages to the staff are in doubt after a crash; they are sent again")
    await stage.fast_forward(days=1)


# Reloads


async def test_a_policy_that_changes_in_the_middle_is_followed_from_there_on(stage: Stage) -> None:
    """Ann was told at ten. Now Sue comes after her, five minutes later, and Bob is gone from the ladder."""
    await ann_is_called(stage)
    stage.oncall["policies"]["shipping"] = {
        "steps": [{"tell": ["ann"], "by": ["sms"]}, {"tell": ["sue"], "by": ["email"], "after": "5m"}],
        "times": 0,
    }
    await stage.fast_forward(minutes=1)
    await stage.reload()
    await stage.fast_forward(minutes=3, seconds=59)
    stage.expect_silence()
    await stage.fast_forward(seconds=1)
    stage.expect_call("sue", "1001")
    await stage.fast_forward(days=1)


async def test_a_step_that_should_have_been_by_now_is_made_up_for_when_a_reload_brings_it(stage: Stage) -> None:
    await ann_is_called(stage)
    stage.oncall["policies"]["shipping"]["steps"][1:1] = [{"tell": ["sue"], "by": ["sms"], "after": "1m"}]
    await stage.fast_forward(minutes=5)
    await stage.reload()
    stage.expect_call("sue", "1001")
    await stage.fast_forward(minutes=6)
    stage.expect_call("bob", "1001")


async def test_a_job_that_goes_to_another_policy_takes_its_open_alerts_along(stage: Stage) -> None:
    await ann_is_called(stage)
    stage.oncall["policies"]["night"] = {"steps": [{"tell": ["sue"], "by": ["sms"], "after": "2m"}], "times": 0}
    stage.settings["jobs"]["ship-deadline"] |= {"to": "night", "urgency": "low"}
    await stage.reload()
    alert = await alert_of(stage)
    assert (alert.policy, alert.urgency) == ("night", "low")


async def test_mistakes_in_the_new_settings_leave_the_ladder_as_it_was(stage: Stage) -> None:
    await ann_is_called(stage)
    stage.oncall["policies"]["shipping"]["steps"] = [{"tell": ["nobody-we-know"]}]
    await stage.reload()
    assert stage.logged("the settings have mistakes, the old ones stay")
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")


async def test_a_job_that_is_switched_off_ends_its_alerts_and_says_so(stage: Stage) -> None:
    await ann_is_called(stage)
    stage.use("unpaid-nudge")
    await stage.reload()
    stage.expect_call("ann", "alert 1 is over", "switched off")
    assert (await alert_of(stage)).state is AlertState.RESOLVED
    await stage.fast_forward(days=1)


async def test_a_job_that_asks_for_more_now_ends_the_alerts_that_it_would_not_raise_any_more(stage: Stage) -> None:
    await ann_is_called(stage)
    stage.settings["jobs"]["ship-deadline"]["only_if"] = ["paid", "unshipped", {"total_at_least": "1000 EUR"}]
    await stage.reload()
    stage.expect_call("ann", "alert 1 is over", "total is too small")
    assert (await alert_of(stage)).state is AlertState.RESOLVED
    await stage.fast_forward(days=1)


# Clocks


async def test_a_machine_that_slept_calls_everybody_once_with_what_they_missed(stage: Stage) -> None:
    await ann_is_called(stage)
    await stage.fast_forward(days=1)
    stage.expect_call("bob", "1001")
    stage.expect_call("ann", "1001")
    stage.expect_call("sue", "1001")
    await stage.fast_forward(days=1)


async def test_a_deadline_that_moves_ends_the_alert_until_it_comes_near_again(stage: Stage) -> None:
    stage.settings["sources"]["shop"]["every"] = "5m"
    await ann_is_called(stage)
    stage.change(1001, ship_by="2026-03-02T18:00:00Z")
    await stage.fast_forward(minutes=5)
    stage.expect_call("ann", "alert 1 is over", "its moment has changed")
    await stage.fast_forward(hours=5, minutes=54, seconds=59)
    stage.expect_silence()
    await stage.fast_forward(seconds=1)
    stage.expect_call("ann", "alert 1", "6:00")


@pytest.mark.parametrize("back", [timedelta(minutes=3), timedelta(hours=5)])
async def test_a_clock_that_was_put_back_calls_nobody_twice(stage: Stage, back: timedelta) -> None:
    await ann_is_called(stage)
    await stage.fast_forward(minutes=10)
    stage.expect_call("bob", "1001")
    await stage.fast_forward(seconds=-back.total_seconds())
    await stage.fast_forward(seconds=back.total_seconds())
    stage.expect_silence()
    await stage.fast_forward(minutes=20)
    stage.expect_call("sue", "1001")
    await the_rest_is_on_time(stage)
