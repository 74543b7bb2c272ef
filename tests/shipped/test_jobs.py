"""The shipped job files: whole, explained, and shown by examples that hold."""

from __future__ import annotations

import pytest

from notifier.errors import Problem
from notifier.examples import check_examples
from notifier.jobfiles import load_jobs
from notifier.jobtable import EVENTS
from notifier.model.job import Condition, Purpose, Subject
from notifier.shipped import shipped
from notifier.tomlfile import Overlay

PROBLEMS: list[Problem] = []
JOBS = {name: job for name, (job, _) in load_jobs([shipped("jobs")], Overlay(), PROBLEMS).items()}
ABOUT_ORDERS = [name for name, job in JOBS.items() if job.subject is not Subject.SYSTEM and not job.digest]
FILES = {path.stem: path.read_text(encoding="utf-8") for path in shipped("jobs").glob("*.toml")}


def test_every_file_is_a_job() -> None:
    assert PROBLEMS == []
    assert JOBS.keys() == FILES.keys()
    assert len(JOBS) >= 14


@pytest.mark.parametrize("name", FILES)
def test_the_first_line_says_what_the_job_does(name: str) -> None:
    first = FILES[name].splitlines()[0]
    assert first == f"# jobs/{name}.toml – {JOBS[name].about}"
    assert first.endswith(".")


@pytest.mark.parametrize("name", FILES)
def test_the_examples_hold(name: str) -> None:
    assert check_examples([JOBS[name]]) == []


@pytest.mark.parametrize("name", ABOUT_ORDERS)
def test_examples_show_both_when_it_speaks_and_when_it_does_not(name: str) -> None:
    sends = [bool(example.sends) for example in JOBS[name].examples]
    assert len(sends) >= 4
    assert set(sends) == {True, False}


@pytest.mark.parametrize("name", FILES)
def test_a_first_import_of_old_orders_says_nothing_old(name: str) -> None:
    """What was due more than a week ago is not said; `within` is never that long."""
    within = JOBS[name].within
    assert within.exact
    assert within.seconds <= 7 * 86_400


def test_marketing_is_what_needs_consent() -> None:
    marketing = {name for name, job in JOBS.items() if job.purpose is Purpose.MARKETING}
    assert marketing == {"revisit", "holiday-greeting"}
    assert not any(JOBS[name].any_hour for name in marketing)


def test_what_counts_as_the_shops_fault_is_the_same_everywhere() -> None:
    def faults(name: str) -> list[Condition]:
        return [condition for condition in JOBS[name].only_if if condition.name == "case_reason"]

    assert faults("evidence-missing") == faults("evidence-request") == faults("freight-owed") != []


def test_an_old_customer_gets_a_message_or_a_call_and_never_both() -> None:
    message, call = ({condition.name for condition in JOBS[name].only_if} for name in ("revisit", "revisit-call"))
    assert call - message == {"no_marketing_consent", "nothing_refused"}
    assert message <= call


def test_the_programs_own_troubles_all_have_a_job() -> None:
    about = {job.event for job in JOBS.values() if job.subject is Subject.SYSTEM}
    assert about == {event for event in EVENTS if event.startswith("system.")}
