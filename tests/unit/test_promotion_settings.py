"""`[promotions.NAME]` as it is read: windows, changed jobs, hours, and every mistake in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from notifier.errors import BadFiles
from notifier.model.oncall import Period, SpecialHours
from notifier.settings import Settings, load_settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OUTBOX = '[shop]\ntime_zone = "Asia/Shanghai"\n[channels.outbox]\ntype = "maildir"\n'
CHANNELS = OUTBOX + '[channels.screen]\ntype = "console"\nkind = "sms"\n'
DAILY = frozenset(range(7))


def load(folder: Path, text: str, *sets: str) -> Settings:
    (folder / "notifier.toml").write_text(CHANNELS + text, encoding="utf-8")
    return load_settings(folder / "notifier.toml", sets, now=NOW)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(BadFiles) as caught:
        load(folder, text)
    first = CHANNELS.count("\n")
    told = (str(problem).removeprefix(f"{folder}/notifier.toml:") for problem in caught.value.problems)
    return [f"{int(line) - first}:{rest}" for line, _, rest in (each.partition(":") for each in told)]


def test_a_job_is_changed_on_top_of_its_own_settings(tmp_path: Path) -> None:
    text = """
    [jobs.unpaid-nudge]
    channels = ["screen"]
    [promotions.eleven]
    from = 2026-11-10T20:00:00
    until = 2026-11-12
    jobs.unpaid-nudge = { after = ["2h", "4h"], within = "1h", any_hour = true }
    """
    job = load(tmp_path, text).jobs["unpaid-nudge"]
    (variant,) = job.variants
    assert (variant.promotion, variant.job.channels, variant.job.any_hour) == ("eleven", ("screen",), True)
    assert [str(step.offset) for step in variant.job.steps] == ["2h", "4h"]
    assert [str(step.offset) for step in job.steps] == ["12h"]
    assert (variant.start, variant.end) == (
        datetime(2026, 11, 10, 12, tzinfo=UTC),
        datetime(2026, 11, 12, 16, tzinfo=UTC),
    )
    assert variant.job.only_if == job.only_if
    assert variant.job.file == job.file


def test_promotions_follow_each_other(tmp_path: Path) -> None:
    text = """
    [promotions.december]
    from = 2026-12-12
    until = 2026-12-12
    jobs.revisit.enabled = false
    [promotions.june]
    from = 2026-06-01T00:00:00+09:00
    until = 2026-06-18T18:00:00
    jobs.revisit.at = "18:00"
    [promotions.staff-only]
    from = 2026-06-19
    until = 2026-06-20
    """
    settings = load(tmp_path, text)
    assert [(v.promotion, v.job.enabled, v.job.at) for v in settings.jobs["revisit"].variants] == [
        ("june", True, time(18)),
        ("december", False, settings.jobs["revisit"].at),
    ]
    june, december = settings.jobs["revisit"].variants
    assert june.start == datetime(2026, 5, 31, 15, tzinfo=UTC)
    assert december.end - december.start == timedelta(1)
    assert settings.oncall.special == ()


def test_hours_hold_on_every_day_that_is_touched(tmp_path: Path) -> None:
    text = """
    [promotions.eleven]
    from = 2026-11-10T20:00:00
    until = 2026-11-12T00:00:00
    hours = { warehouse = ["08:00-24:00"], office = ["Mon-Fri 07:00-12:00"] }
    """
    own, group = (Period(frozenset(range(5)), time(7), time(12)),), (Period(DAILY, time(8), time(0)),)
    assert load(tmp_path, text).oncall.special == (
        SpecialHours(date(2026, 11, 10), date(2026, 11, 11), {"office": own}),
    )
    of_group = text.replace(', office = ["Mon-Fri 07:00-12:00"]', "")
    assert load(tmp_path, of_group).oncall.special[0].periods == {"office": group}


def test_what_a_promotion_changes_counts_for_the_digest(tmp_path: Path) -> None:
    window = "[promotions.eleven]\nfrom = 2026-11-10\nuntil = 2026-11-11\n"
    digests = [
        load(tmp_path, text).digest
        for text in ("", window, window + 'jobs.revisit.at = "18:00"', window + 'jobs.revisit.at = "19:00"')
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert load(tmp_path, window + 'hours.office = ["08:00-24:00"]').digest == digests[0], "plans of orders need none"


def test_a_promotion_may_be_changed_on_the_command_line(tmp_path: Path) -> None:
    text = "[promotions.eleven]\nfrom = 2026-11-10\nuntil = 2026-11-11\n"
    settings = load(tmp_path, text, "promotions.eleven.jobs.revisit.at=18:00")
    assert settings.jobs["revisit"].variants[0].job.at == time(18)


WINDOW = "[promotions.eleven]\nfrom = 2026-11-10\nuntil = 2026-11-12\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[promotions.x]\nuntil = 2026-11-10\n", ["1: promotions.x.from: is missing. When it begins, such as"]),
        ('[promotions.x]\nfrom = "2026"\nuntil = 2026-11-10\n', ["2: promotions.x.from: must be a date or a time"]),
        ("[promotions.x]\nfrom = 2026-11-10\nuntil = 2026-11-09\n", ["3: promotions.x.until: is not after from"]),
        (
            f"{WINDOW}[promotions.other]\nfrom = 2026-11-12\nuntil = 2026-11-13\n",
            ['5: promotions.other.from: begins before "eleven" ends; only one promotion may hold at a time'],
        ),
        (
            f"{WINDOW}hour = 1\njobs.unpaid-nugde.after = '1h'\n",
            [
                '4: promotions.eleven.hour: unknown key; did you mean "hours"?',
            ],
        ),
        (
            f"{WINDOW}jobs.unpaid-nugde.after = '1h'\n",
            ['4: promotions.eleven.jobs.unpaid-nugde: there is no such job; did you mean "unpaid-nudge"?'],
        ),
        (
            f"{WINDOW}[promotions.eleven.jobs.unpaid-nudge]\nto = 'admins'\nafter = '1 hour'\n",
            ["5: promotions.eleven.jobs.unpaid-nudge.to: a promotion cannot change this of a job"],
        ),
        (
            f"{WINDOW}[promotions.eleven.jobs.unpaid-nudge]\nafer = '1h'\nevent = 'order.paid'\n",
            [
                '5: promotions.eleven.jobs.unpaid-nudge.afer: unknown key; did you mean "after"?',
                "6: promotions.eleven.jobs.unpaid-nudge.event: unknown key; there are",
            ],
        ),
        (
            f"{WINDOW}[promotions.eleven.jobs.unpaid-nudge]\nafter = '1 hour'\nchannels = ['email', 'fax']\n",
            ["5: promotions.eleven.jobs.unpaid-nudge.after: '1 hour' is not a duration"],
        ),
        (
            f"{WINDOW}[promotions.eleven.jobs.unpaid-nudge]\nchannels = ['email', 'fax']\n",
            ['5: promotions.eleven.jobs.unpaid-nudge.channels[2]: there is no channel "fax"'],
        ),
        (
            f"{WINDOW}jobs.morning-list.enabled = false\njobs.revisit = 1\n",
            ["5: promotions.eleven.jobs.revisit: must be a table"],
        ),
        (
            f"{WINDOW}jobs.morning-list.enabled = false\n",
            ["4: promotions.eleven.jobs.morning-list: is about no order, so it has no moment in a promotion"],
        ),
        (
            f"{WINDOW}hours = {{ offise = ['08:00-24:00'] }}\n",
            ['4: promotions.eleven.hours.offise: there is no agent or group "offise"; did you mean "office"?'],
        ),
        (
            f"{WINDOW}hours = {{ office = ['8-24'] }}\n",
            ["4: promotions.eleven.hours.office[1]: '8-24' are no hours"],
        ),
    ],
)
def test_mistakes(tmp_path: Path, text: str, told: list[str]) -> None:
    found = mistakes(tmp_path, text)
    assert len(found) == len(told), found
    for one, start in zip(found, told, strict=True):
        assert one.startswith(start)
