"""The unit as systemd reads it. Needs systemd-analyze, which asks no running systemd."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from notifier.errors import EXIT_RUNNING, EXIT_USAGE
from notifier.settings.places import SEARCHED, SYSTEM_DATA
from notifier.shipped import shipped

UNIT = shipped("systemd") / "notifier.service"
DROP_IN = shipped("systemd") / "notifier.service.d" / "credentials.conf.example"
# Of ten, as systemd counts; most services of a distribution are at nine.
MOST_EXPOSED = 1.5


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit as on a machine where the program is installed: verification asks whether it is there."""
    text, found = re.subn(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8"))
    assert found == 1
    unit = tmp_path / "notifier.service"
    unit.write_text(text, encoding="utf-8")
    return unit


def analyze(*arguments: str) -> str:
    """What systemd-analyze says. It ends well even over keys that it does not know, but it does mention them."""
    done = subprocess.run(
        ["systemd-analyze", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def settings(unit: Path) -> configparser.SectionProxy:
    """The [Service] section; of a key that stands twice the last one."""
    parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser["Service"]


def test_systemd_has_nothing_to_say_about_it(installed: Path) -> None:
    assert analyze("verify", str(installed)) == ""


def test_systemd_would_say_something_about_a_mistake(installed: Path) -> None:
    installed.write_text(installed.read_text(encoding="utf-8").replace("Restart=", "Restrat="), encoding="utf-8")
    assert "Restrat" in analyze("verify", str(installed))


def test_the_drop_in_for_credentials_fits(installed: Path) -> None:
    folder = installed.parent / "notifier.service.d"
    folder.mkdir()
    (folder / "credentials.conf").write_text(DROP_IN.read_text(encoding="utf-8"), encoding="utf-8")
    assert analyze("verify", str(installed)) == ""


def test_little_of_the_machine_is_exposed(installed: Path) -> None:
    told = analyze("security", "--offline=yes", "--no-pager", str(installed))
    level = re.search(r"Overall exposure level for notifier\.service: ([\d.]+)", told)
    assert level, told
    assert float(level[1]) <= MOST_EXPOSED


def test_it_starts_without_any_credential() -> None:
    assert "LoadCredential" not in settings(UNIT)


def test_what_would_fail_again_is_not_tried_again() -> None:
    service = settings(UNIT)
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"].split() == [str(EXIT_USAGE), str(EXIT_RUNNING)]


def test_it_agrees_with_the_program() -> None:
    service = settings(UNIT)
    assert service["ExecStart"].split()[1:] == ["--config", str(SEARCHED[-1]), "run"]
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["Type"] == "notify"
    assert Path("/var/lib") / service["StateDirectory"] == SYSTEM_DATA
    assert Path("/etc") / service["ConfigurationDirectory"] == SEARCHED[-1].parent
