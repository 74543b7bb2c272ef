"""Settings and texts that change while the daemon runs."""

from __future__ import annotations

from datetime import timedelta

from notifier.model.reminder import State
from tests.fakes.smtp_server import Act
from tests.stories.stage import Stage
from tests.stories.world import START, order


async def test_a_reload_moves_what_is_planned(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    assert (await stage.reminder(1001)).due == START + timedelta(hours=12)
    stage.settings["jobs"]["unpaid-nudge"]["after"] = "6h"
    await stage.reload()
    assert (await stage.reminder(1001)).due == START + timedelta(hours=6)
    assert stage.logged("planned again")[0]["moved"] == 1
    await stage.fast_forward(hours=6)
    stage.expect_sms(1001)
    await stage.fast_forward(hours=6)


async def test_a_file_with_mistakes_changes_nothing_and_says_where(stage: Stage) -> None:
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    stage.settings["jobs"]["unpaid-nudge"]["after"] = "soon"
    stage.settings["shop"]["time_zone"] = "Mars/Olympus"
    await stage.reload()
    (line,) = stage.logged("the settings have mistakes, the old ones stay")
    assert len(line["mistakes"]) == 2
    assert all("notifier.toml:" in mistake for mistake in line["mistakes"])
    await stage.fast_forward(hours=12)
    stage.expect_sms(1001)


async def test_a_text_that_cannot_be_read_changes_nothing_either(stage: Stage) -> None:
    text = stage.folder / "templates" / "en" / "unpaid-nudge" / "sms.txt"
    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    text.parent.mkdir(parents=True)
    text.symlink_to("/proc/self/mem")
    await stage.reload()
    (line,) = stage.logged("the settings have mistakes, the old ones stay")
    assert "sms.txt: unpaid-nudge: cannot be read" in line["mistakes"][0]
    await stage.fast_forward(hours=12)
    stage.expect_sms(1001)


async def test_what_is_on_its_way_during_a_reload_is_said_once(stage: Stage) -> None:
    stage.mail.will("dot", Act.SILENCE)
    stage.show(order(1001))
    await stage.open("unpaid-nudge", channels=["email"])
    stage.jump(hours=12)
    await stage.mail.ends(1)
    stage.settings["channels"]["mail"]["sender"] = "Another Name <shop@example.com>"
    stage.write()
    stage.daemon.reload()
    await stage.manager.wait_for("RELOADING=1")
    stage.mail.take_it_at_last()
    await stage.settled()
    stage.expect_mail(1001)
    await stage.fast_forward(hours=1)
    assert (await stage.reminder(1001)).state is State.ACCEPTED


async def test_a_text_that_breaks_for_one_order_stops_no_other_and_is_mended_by_a_reload(stage: Stage) -> None:
    text = stage.folder / "templates" / "en" / "unpaid-nudge" / "sms.txt"
    text.parent.mkdir(parents=True)
    text.write_text("{{ shop.name }}: {{ order.id }}{% if order.note %} {{ lines[7].title }}{% endif %}", "utf-8")
    stage.show(order(1001, note="in a blue box, please"), order(1002))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=12)
    stage.expect_sms(1002)
    reminder = await stage.reminder(1001)
    assert reminder.state is State.PLANNED
    assert "sms.txt:1" in reminder.reason
    assert "sms.txt:1" in stage.logged("a text could not be made")[0]["why"]

    text.write_text("{{ shop.name }}: {{ order.id }} is waiting", "utf-8")
    await stage.reload()
    await stage.fast_forward(minutes=15)
    stage.expect_sms(1001, "is waiting")
