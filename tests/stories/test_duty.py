"""`notifier oncall`: next week's duty, and how an alert would climb."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from notifier.cli.app import run

SETTINGS = """
[shop]
time_zone = "Asia/Shanghai"
[clock]
start = 2026-03-06T18:00:00+08:00
[channels.outbox]
type = "maildir"
catch_all = false
"""
ONCALL = """
[agents.amy]
called = "Amy"
email = "amy@example.com"
hours = ["Mon-Fri 08:30-12:00", "Mon-Fri 13:00-24:00", "Sat 20:00-04:00"]
[agents.ben]
email = "ben@example.com"
hours = ["Mon-Sun 09:00-18:00"]
[agents.cleo]
phone = "+12025550124"
[groups]
team = ["amy", "ben"]
[shifts.days]
agents = ["amy"]
since = 2026-03-02
hours = ["Mon-Fri 09:00-17:00"]
[policies]
shipping.steps = [{ tell = ["amy"] }, { tell = ["ben"], after = "15m" }, { tell = ["cleo", "amy"], after = "5m" }]
shipping.times = 1
"""
OTHERS = ["customer-service", "warehouse", "finance", "supervisors", "reviews", "refunds", "admins"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "notifier.toml").write_text(SETTINGS)
    others = "".join(f'{name}.steps = [{{ tell = ["amy"] }}]\n{name}.times = 0\n' for name in OTHERS)
    (tmp_path / "oncall.toml").write_text(ONCALL + others)
    return tmp_path / "notifier.toml"


def told(capsys: pytest.CaptureFixture[str], settings: Path, *arguments: str) -> str:
    assert run(["--config", str(settings), "oncall", *arguments]) == 0
    return capsys.readouterr().out


def test_the_table_shows_duty_gaps_and_how_an_alert_climbs(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, settings, "--days", "2")
    duty, climb, warning = out.split("\n\n")
    assert [line.rstrip() for line in duty.splitlines()[3:]] == [
        "Fri 2026-03-06  team  00:00  08:30  — nobody —",
        "                      08:30  09:00  Amy",
        "                      09:00  12:00  Amy, ben",
        "                      12:00  13:00  ben",
        "                      13:00  18:00  Amy, ben",
        "                      18:00  24:00  Amy",
        "                days  09:00  12:00  Amy",
        "                      12:00  13:00  — nobody — (amy is off duty)",
        "                      13:00  17:00  Amy",
        "Sat 2026-03-07  team  00:00  09:00  — nobody —",
        "                      09:00  18:00  ben",
        "                      18:00  20:00  — nobody —",
        "                      20:00  24:00  Amy",
    ]
    assert duty.startswith("Duty from 2026-03-06, Asia/Shanghai\n")
    # Ben has gone home at six: the second step goes to those after him.
    assert [line.split(maxsplit=3)[-1] for line in climb.splitlines() if line.startswith("shipping")] == [
        "18:00  Amy              outbox"
    ]
    assert "2026-03-06 18:15  cleo             no channel reaches them" in climb
    assert "again  2026-03-06 19:20  the whole again  once" in climb
    assert "shifts.days: from 2026-03-09 12:00 to 13:00 nobody has it" in " ".join(warning.split())


def test_programs_get_whole_instants(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(told(capsys, settings, "--days", "1", "--format", "json"))
    assert rows[1] == {
        "day": "2026-03-06",
        "who": "team",
        "from": "2026-03-06T08:30:00+08:00",
        "until": "2026-03-06T09:00:00+08:00",
        "on_duty": "Amy",
    }
    assert rows[0]["on_duty"] == ""


def test_every_repeat_of_a_climb(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, settings, "--climb", "--urgency", "urgent", "--format", "csv")
    rows = [row for row in csv.DictReader(io.StringIO(out)) if row["policy"] == "shipping"]
    assert {row["repeat"] for row in rows} == {"0", "1"}
    assert rows[0] == {
        "policy": "shipping",
        "repeat": "0",
        "step": "1",
        "time": "2026-03-06T18:00:00+08:00",
        "who": "Amy",
        "by": "outbox",
    }


def test_a_fresh_installation_shows_its_office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["oncall"]) == 0
    out = capsys.readouterr().out
    assert out.count("00:00  24:00  Office") == 7 * 5
    assert "nobody" not in out
