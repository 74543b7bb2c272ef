"""The examples of the shipped jobs are true, and an example that is not is reported with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.examples import check_examples
from notifier.jobfiles import load_jobs
from notifier.model.job import Job, Subject
from notifier.shipped import shipped
from notifier.tomlfile import Overlay

JOB = """\
event = "order.placed"
after = "12h"
only_if = ["unpaid"]
within = "24h"
channels = ["sms"]

[[example]]
order = {{ placed = 2026-03-01T09:00:00Z }}
sends = {sends}
"""


def jobs_of(folder: Path) -> list[Job]:
    problems: list[object] = []
    found = [job for job, _ in load_jobs([folder], Overlay(), problems).values()]  # type: ignore[arg-type]
    assert problems == []
    return found


@pytest.mark.parametrize("job", jobs_of(shipped("jobs")), ids=lambda job: job.name)
def test_every_example_of_a_shipped_job_holds(job: Job) -> None:
    assert [str(problem) for problem in check_examples([job])] == []
    assert job.examples or job.digest or job.subject is Subject.SYSTEM, "a job that is shipped shows what it does"


@pytest.mark.parametrize(
    ("sends", "told"),
    [
        ("2026-03-01T20:00:00Z", "it sends 2026-03-01T21:00:00+00:00, not 2026-03-01T20:00:00+00:00"),
        ('"nothing"', "it sends 2026-03-01T21:00:00+00:00, not nothing"),
        (
            "[2026-03-01T21:00:00Z, 2026-03-01T22:00:00Z]",
            "it sends 2026-03-01T21:00:00+00:00, not 2026-03-01T21:00:00+00:00 and 2026-03-01T22:00:00+00:00",
        ),
    ],
)
def test_a_wrong_example_is_reported_with_its_line(tmp_path: Path, sends: str, told: str) -> None:
    (tmp_path / "nudge.toml").write_text(JOB.format(sends=sends), encoding="utf-8")
    assert [str(problem) for problem in check_examples(jobs_of(tmp_path))] == [
        f"{tmp_path / 'nudge.toml'}:7: example: {told}"
    ]


def test_an_order_that_makes_no_sense_is_reported_too(tmp_path: Path) -> None:
    text = JOB.format(sends='"nothing"').replace("placed = 2026-03-01T09:00:00Z", 'total = "a lot"')
    (tmp_path / "nudge.toml").write_text(text, encoding="utf-8")
    (problem,) = check_examples(jobs_of(tmp_path))
    assert (problem.line, problem.message[:24]) == (7, "the order makes no sense")
