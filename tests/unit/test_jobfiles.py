from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from notifier.errors import Problem
from notifier.jobfiles import load_jobs
from notifier.jobtable import EVENTS, FORESEEN
from notifier.model.job import Condition, Job, Purpose, Subject
from notifier.tomlfile import Overlay, TomlFile

LEAST = 'event = "order.paid"\nwithin = "1d"\nchannels = ["sms"]\n'


def read(folder: Path, text: str, changes: str = "", name: str = "job") -> Job:
    problems: list[Problem] = []
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    jobs = load_jobs([folder], Overlay((TomlFile(Path("notifier.toml"), changes), ("jobs",))), problems)
    assert problems == []
    return jobs[name][0]


def mistakes(folder: Path, text: str, changes: str = "") -> list[str]:
    problems: list[Problem] = []
    (folder / "job.toml").write_text(text, encoding="utf-8")
    jobs = load_jobs([folder], Overlay((TomlFile(Path("notifier.toml"), changes), ("jobs",))), problems)
    assert jobs == {}
    return [str(problem).replace(f"{folder}/", "") for problem in sorted(problems)]


def test_every_key_arrives(tmp_path: Path) -> None:
    job = read(
        tmp_path,
        """# jobs/job.toml – says what a job does.
        event = "order.pay_by"
        before = ["1d", "2h"]
        after = "0s"
        at = "10:30"
        only_if = ["unpaid", { total_at_least = "100 CNY" }]
        within = "2wd"
        channels = ["sms", "mail"]
        purpose = "marketing"
        goal = "paid"
        merge = "10m"
        any_hour = true
        enabled = false
        """,
    )
    assert (job.name, job.about, job.file) == ("job", "says what a job does.", tmp_path / "job.toml")
    assert (job.event, job.subject, job.moment) == ("order.pay_by", Subject.ORDER, "pay_by")
    assert [str(step) for step in job.steps] == ["1d before", "2h before", "0s after"]
    assert (job.at, job.within.working_days, job.channels) == (time(10, 30), 2, ("sms", "mail"))
    assert [condition.name for condition in job.only_if] == ["unpaid", "total_at_least"]
    assert (job.purpose, job.goal, job.any_hour, job.enabled) == (Purpose.MARKETING, "paid", True, False)
    assert job.merge is not None
    assert job.merge.seconds == 600


def test_what_is_left_out(tmp_path: Path) -> None:
    job = read(tmp_path, LEAST)
    assert [str(step) for step in job.steps] == ["0s after"]
    assert (job.about, job.to, job.purpose, job.enabled, job.any_hour) == ("", "customer", Purpose.SERVICE, True, False)
    assert (job.at, job.merge, job.only_if, job.examples, job.goal, job.cron) == (None, None, (), (), "", "")


def test_a_job_by_the_calendar(tmp_path: Path) -> None:
    job = read(tmp_path, 'every = "0 9 * * MON-FRI"\nwithin = "1h"\nchannels = ["sms"]')
    assert (job.cron, job.event, job.subject) == ("0 9 * * MON-FRI", "", Subject.CALENDAR)
    assert len(job.steps) == 1


@pytest.mark.parametrize(
    ("comment", "about"),
    [
        ("# jobs/job.toml – nudges", "nudges"),
        ("# job.toml: nudges", "nudges"),
        ("# Nudges a customer.", "Nudges a customer."),
        ('about = "Spelled out."', "Spelled out."),
        ("", ""),
    ],
)
def test_what_a_job_is_about(tmp_path: Path, comment: str, about: str) -> None:
    assert read(tmp_path, f"{comment}\n{LEAST}").about == about


def test_examples_know_their_line_and_their_zone(tmp_path: Path) -> None:
    job = read(
        tmp_path,
        LEAST
        + """
[[example]]
order = { paid = 2026-03-01T09:00:00Z }
sends = 2026-03-01T09:00:00Z

[[example]]
zone = "Asia/Shanghai"
order = { paid = 2026-03-01T09:00:00, parcels = [{ shipped = 2026-03-02T09:00:00 }], tags = ["x"] }
sends = [2026-03-01T09:00:00, 2026-03-02T09:00:00+01:00]

[[example]]
order = {}
sends = "nothing"
""",
    )
    first, second, third = job.examples
    instant = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert (first.order, first.sends, first.zone, first.line) == ({"paid": instant}, (instant,), "UTC", 5)
    shanghai = ZoneInfo("Asia/Shanghai")
    assert second.order["paid"] == datetime(2026, 3, 1, 9, tzinfo=shanghai)
    assert second.order["parcels"][0]["shipped"] == datetime(2026, 3, 2, 9, tzinfo=shanghai)
    assert second.order["tags"] == ["x"]
    assert [instant.astimezone(UTC).hour for instant in second.sends] == [1, 8]
    assert (third.sends, third.line) == ((), 14)


def test_settings_change_a_job(tmp_path: Path) -> None:
    job = read(
        tmp_path, LEAST + 'after = ["1h", "2h"]\n', '[jobs.job]\nafter = "3h"\nenabled = false\nonly_if = ["paid"]'
    )
    assert ([str(step) for step in job.steps], job.enabled) == (["3h after"], False)
    assert job.only_if == (Condition("paid"),)
    assert job.within.text == "1d"


def test_later_folders_replace_whole_files(tmp_path: Path) -> None:
    ours, own = tmp_path / "ours", tmp_path / "own"
    for folder in (ours, own):
        folder.mkdir()
    (ours / "a.toml").write_text(LEAST + 'only_if = ["paid"]\n')
    (ours / "b.toml").write_text("is not = read")
    (own / "b.toml").write_text(LEAST)
    problems: list[Problem] = []
    jobs = load_jobs([ours, own, tmp_path / "missing"], Overlay(), problems)
    assert problems == []
    assert {name: job.file for name, (job, _) in jobs.items()} == {"a": ours / "a.toml", "b": own / "b.toml"}
    assert jobs["b"][0].only_if == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            LEAST + 'before = "1h"',
            'job.toml:4: before: "order.paid" is known only once it has come; before needs a deadline',
        ),
        (LEAST + "every = '0 9 * * MON'", "job.toml:4: every: stands beside event; a job has one of them"),
        (
            LEAST + 'to = "The Boss"',
            'job.toml:4: to: must be "customer" or the name of a policy in oncall.toml',
        ),
        (
            LEAST + 'only_if = ["tracked"]',
            "job.toml:4: only_if[1]: tracked asks about a parcel; this job is about something else",
        ),
        (
            LEAST + 'only_if = ["unpade"]',
            'job.toml:4: only_if[1]: there is no condition "unpade"; did you mean "unpaid"?',
        ),
        (LEAST + "only_if = [{ paid = 1 }]", "job.toml:4: only_if[1]: paid takes no argument"),
        (LEAST + 'merge = "2wd"', "job.toml:4: merge: needs an exact length of time; write it in s, m, h, d or w"),
        (LEAST + 'goal = "pade"', 'job.toml:4: goal: there is no moment "pade"; did you mean "paid"?'),
        (LEAST + 'chanels = ["x"]', 'job.toml:4: chanels: unknown key; did you mean "channels"?'),
        (LEAST + "[[example]]\norder = {}\nsends = []", "job.toml:6: example[1].sends: must be"),
        (LEAST + "[[example]]\norder = {}\nsends = 2026-03-01", "job.toml:6: example[1].sends: must be"),
        (
            'event = "parcel.shipped"\nwithin = "1d"\nchannels = ["sms"]\ngoal = "closes_by"',
            "job.toml:4: goal: there is no moment",
        ),
        ('event = "order.paid"\nchannels = ["sms"]', "job.toml:1: within: is missing. How much later"),
        ('within = "1d"\nchannels = ["sms"]', "job.toml:1: event: is missing: the moment the clock starts"),
        ('event = "order.paid"\nwithin = "1d"', 'job.toml:1: channels: is missing. "sms", "email", "chat"'),
        ('every = "daily"\nwithin = "1d"\nchannels = ["sms"]', "job.toml:1: every: 'daily' is not a cron line"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, text: str, told: str) -> None:
    found = mistakes(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(told)


def test_mistakes_in_a_change_point_into_the_settings(tmp_path: Path) -> None:
    changes = '\n[jobs.job]\nafter = "soon"\nevent = "order.placed"\nfast = true\n[jobs.jop]\nenabled = false\n'
    told = [line.partition(";")[0].partition(" '")[0] for line in mistakes(tmp_path, LEAST, changes)]
    assert told == [
        "notifier.toml:3: jobs.job.after:",
        "notifier.toml:4: jobs.job.event: the settings cannot change this of a job",
        "notifier.toml:5: jobs.job.fast: unknown key",
        "notifier.toml:6: jobs.jop: there is no such job",
    ]


def test_a_file_that_cannot_be_read_as_toml_is_told_once(tmp_path: Path) -> None:
    assert [line.partition(" the value")[0] for line in mistakes(tmp_path, "event = [")] == ["job.toml:1: is not TOML:"]


def test_all_moments_of_the_model_are_events() -> None:
    assert {"order.placed", "order.pay_by", "parcel.last_scan", "case.closes_by", "review.written"} < set(EVENTS)
    assert "order.updated" not in EVENTS
    assert set(EVENTS) > FORESEEN


def test_the_programs_own_troubles_are_told_to_the_staff_at_once(tmp_path: Path) -> None:
    least = 'event = "system.source_silent"\nwithin = "1d"\n'
    job = read(tmp_path, f'{least}to = "admins"')
    assert (job.subject, job.moment, [str(step) for step in job.steps]) == (
        Subject.SYSTEM,
        "source_silent",
        ["0s after"],
    )
    keys = (
        "channels = ['sms']",
        "after = '1h'",
        "at = '10:00'",
        "only_if = ['unpaid']",
        "merge = '1h'",
        "goal = 'paid'",
    )
    told = mistakes(tmp_path, least.replace("silent", "paused") + "\n".join(keys))
    assert [problem.split(": ")[1] for problem in told] == ["to", "after", "at", "only_if", "merge", "goal"]
    assert told[:2] == [
        'job.toml:1: to: must name a policy of oncall.toml: "system.source_paused" is nothing for customers',
        'job.toml:4: after: does not go with "system.source_paused": it is raised at once, and about no order',
    ]


def test_a_source_may_be_silent_for_a_while_before_it_is_worth_an_alert(tmp_path: Path) -> None:
    job = read(tmp_path, 'event = "system.source_silent"\nwithin = "1d"\nto = "admins"\nafter = ["10m", "4h"]')
    assert [str(step) for step in job.steps] == ["10m after", "4h after"]


def test_a_folder_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    folder, found = tmp_path / "jobs", list[Problem]()
    folder.write_text("this is no folder", encoding="utf-8")
    assert load_jobs([folder], Overlay(), found) == {}
    assert [str(problem) for problem in found] == [f"{folder}: cannot be read: Not a directory"]
