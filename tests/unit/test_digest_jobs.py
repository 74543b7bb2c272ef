"""Job files of digests: what they may say, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.errors import Problem
from notifier.jobfiles import load_jobs
from notifier.model.job import Days, Job
from notifier.model.shop import Shop
from notifier.rules.plan import Planner
from notifier.settings import read_settings
from notifier.tomlfile import Overlay
from tests.fakes.orders import PLACED, make_order

GOOD = """\
# jobs/list.toml – lists.
digest   = "refund-rate"
every    = "45 8 * * *"
within   = "3h"
to       = "customer-service"
channels = ["email"]
on       = "last-workday"
silent   = false
limits   = { rate = 0.1, orders = 3 }
"""


def load(folder: Path, text: str) -> tuple[Job | None, list[str]]:
    (folder / "list.toml").write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    jobs = load_jobs([folder], Overlay(), problems)
    told = [f"{problem.line}: {problem.key}: {problem.message}" for problem in sorted(problems)]
    return (jobs["list"][0] if "list" in jobs else None), told


def test_a_digest_says_what_when_to_whom_and_how(tmp_path: Path) -> None:
    job, problems = load(tmp_path, GOOD)
    assert problems == []
    assert job is not None
    assert (job.digest, job.cron, job.to, job.on, job.silent) == (
        "refund-rate",
        "45 8 * * *",
        "customer-service",
        Days.LAST_WORKDAY,
        False,
    )
    assert job.limits == {"rate": 0.1, "orders": 3.0}


def test_no_order_is_asked_about_a_digest(tmp_path: Path) -> None:
    job, _ = load(tmp_path, GOOD)
    assert job is not None
    planner = Planner([job], Shop())
    assert planner.jobs == {}
    assert planner.plan(make_order(), PLACED).wanted == ()
    assert not planner.by_calendar


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"refund-rate"', '"refund-rat"', '2: digest: there is no digest "refund-rat"; did you mean "refund-rate"?'),
        ("rate = 0.1", "rote = 0.1", '9: limits.rote: the refund-rate has no such limit; did you mean "rate"?'),
        ("rate = 0.1", 'rate = "x"', "9: limits.rate: must be a number"),
        ('"last-workday"', '"sunday"', '7: on: must be "any", "workday" or "last-workday"'),
        (
            'to       = "customer-service"\n',
            "",
            "1: to: must name who gets it: a policy, group, shift or",
        ),
        (
            "every    = ",
            'event    = "order.placed" # ',
            "3: event: a digest is sent at shift.start or shift.end, or by a cron line: every",
        ),
        ('channels = ["email"]\n', "", '1: channels: is missing. "sms", "email", "chat" or channels of the settings'),
        ("silent   = false", 'goal     = "paid"', "8: goal: does not go with a digest: it is about no single order"),
        (
            "silent   = false",
            'only_if  = ["paid"]',
            "8: only_if: does not go with a digest: it is about no",
        ),
    ],
)
def test_what_is_wrong_with_a_digest_is_said(old: str, new: str, problem: str, tmp_path: Path) -> None:
    assert old in GOOD
    job, problems = load(tmp_path, GOOD.replace(old, new))
    assert job is None
    assert len(problems) == 1
    assert problems[0].startswith(problem), problems[0]


def test_what_belongs_to_digests_is_refused_elsewhere(tmp_path: Path) -> None:
    text = 'event = "shift.start"\nwithin = "3h"\nchannels = ["email"]\non = "any"\nlimits = {}\n'
    _, problems = load(tmp_path, text)
    assert problems == [
        '1: event: "shift.start" is a moment of the staff: only a digest can be sent then',
        "4: on: is for digests; this job has none",
        "5: limits: is for digests; this job has none",
    ]


def test_work_begins_and_ends_before_and_after(tmp_path: Path) -> None:
    job, problems = load(tmp_path, GOOD.replace('every    = "45 8 * * *"', 'event = "shift.end"\nbefore = "15m"'))
    assert problems == []
    assert job is not None
    assert [str(step) for step in job.steps] == ["15m before"]


@pytest.mark.parametrize(("to", "known"), [("office", True), ("warehouse", True), ("refunds", True), ("nobody", False)])
def test_a_digest_goes_to_policies_groups_shifts_and_agents(to: str, known: bool, tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(
        f'[channels.outbox]\ntype = "maildir"\n[jobs.morning-list]\nto = "{to}"\n', encoding="utf-8"
    )
    told = [str(problem) for problem in read_settings(tmp_path / "notifier.toml").problems]
    assert told == [] if known else ('oncall.toml has nobody called "nobody"' in told[0])
