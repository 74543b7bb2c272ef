"""`oncall.toml` as it is read: hours, dates, defaults, and where the file is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from notifier.clock import SystemClock
from notifier.errors import BadFiles
from notifier.interfaces import Surroundings
from notifier.model.job import Urgency
from notifier.model.oncall import Agent, Override, Period, Policy, PolicyStep, Shift
from notifier.model.shop import QuietHours, Shop
from notifier.settings import Settings, load_settings
from notifier.settings.hours import parse_hours
from notifier.settings.reach import Reach

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OUTBOX = '[shop]\ntime_zone = "Asia/Shanghai"\n[channels.outbox]\ntype = "maildir"\n'
SHIPPED = ["customer-service", "warehouse", "finance", "supervisors", "shipping", "reviews", "refunds", "admins"]
LEAST = '[agents.amy]\nemail = "amy@example.com"\n[policies]\n' + "".join(
    f'{name}.steps = [{{ tell = ["amy"] }}]\n' for name in SHIPPED
)


def load(folder: Path, oncall: str, settings: str = OUTBOX) -> Settings:
    (folder / "notifier.toml").write_text(settings, encoding="utf-8")
    (folder / "oncall.toml").write_text(LEAST + oncall, encoding="utf-8")
    return load_settings(folder / "notifier.toml", now=NOW)


def test_every_key_of_an_agent_arrives(tmp_path: Path) -> None:
    text = """
    [agents.ben]
    called = "Ben"
    role = "warehouse"
    email = "ben@example.com"
    phone = "+12025550124"
    chat = { outbox = "ben" }
    language = "zh-CN"
    time_zone = "America/New_York"
    hours = ["Mon-Fri 08:30-12:00", "Sat 20:00-04:00"]
    days_off = [2026-05-01, { from = 2026-12-30, until = 2027-01-02 }]
    """
    assert load(tmp_path, text).oncall.agents["ben"] == Agent(
        name="ben",
        called="Ben",
        role="warehouse",
        email="ben@example.com",
        phone="+12025550124",
        chat={"outbox": "ben"},
        language="zh-CN",
        zone="America/New_York",
        periods=(
            Period(frozenset(range(5)), time(8, 30), time(12)),
            Period(frozenset({5}), time(20), time(4)),
        ),
        days_off=frozenset(
            {date(2026, 5, 1), date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)}
        ),
    )


def test_every_key_of_a_shift_arrives_on_its_clock(tmp_path: Path) -> None:
    text = """
    [shifts.nights]
    agents = ["amy"]
    since = 2026-03-02
    turn = "2d"
    hours = ["22:00-06:00"]
    overrides = [
        { from = 2026-05-01, until = 2026-05-03, agent = "amy" },
        { from = 2026-05-01T18:00:00, until = 2026-05-01T18:00:00Z, agent = "amy" },
    ]
    """
    midnight = datetime(2026, 4, 30, 16, tzinfo=UTC)
    six = datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert load(tmp_path, text).oncall.shifts["nights"] == Shift(
        name="nights",
        agents=("amy",),
        since=date(2026, 3, 2),
        turn=2,
        periods=(Period(frozenset(range(7)), time(22), time(6)),),
        overrides=(
            Override(midnight, midnight + timedelta(3), "amy"),
            Override(six, six + timedelta(hours=8), "amy"),
        ),
    )
    moved = load(tmp_path, text + 'time_zone = "Asia/Tokyo"').oncall.shifts["nights"]
    assert (moved.zone, moved.overrides[0].start) == ("Asia/Tokyo", midnight - timedelta(hours=1))


def test_every_key_of_a_policy_arrives(tmp_path: Path) -> None:
    text = """
    [policies.night]
    steps = [{ tell = ["amy"], by = ["outbox"] }, { tell = ["team"], after = "90s" }]
    again = "2h"
    times = 0
    [policies.plain]
    steps = [{ tell = ["amy"] }]
    [groups]
    team = ["amy"]
    """
    oncall = load(tmp_path, text).oncall
    anyhow = ("chat", "sms", "email")
    assert oncall.policies["night"] == Policy(
        "night",
        (PolicyStep(("amy",), ("outbox",)), PolicyStep(("team",), anyhow, timedelta(seconds=90))),
        timedelta(hours=2),
        0,
    )
    assert oncall.policies["plain"] == Policy("plain", (PolicyStep(("amy",), anyhow),), timedelta(hours=1), 3)
    assert oncall.groups == {"team": ("amy",)}


def test_quiet_hours_by_urgency(tmp_path: Path) -> None:
    quiet = load(tmp_path, '[quiet]\nlow = "19:00-09:30"\n').oncall.quiet
    assert quiet[Urgency.LOW] == QuietHours(time(19), time(9, 30))
    assert quiet[Urgency.NORMAL] == QuietHours(time(22), time(7))
    assert quiet[Urgency.URGENT].start == quiet[Urgency.URGENT].end


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("13:00-24:00", range(7), time(13), time(0)),
        ("00:00-24:00", range(7), time(0), time(0)),
        ("Sat 20:00-04:00", [5], time(20), time(4)),
        ("sat-mon 8:00-9:05", [5, 6, 0], time(8), time(9, 5)),
        (" Mon-Wed , FRI  08:00 - 12:00 ", [0, 1, 2, 4], time(8), time(12)),
    ],
)
def test_hours(text: str, days: list[int], start: time, end: time) -> None:
    assert parse_hours(text) == Period(frozenset(days), start, end)


@pytest.mark.parametrize(
    "text", ["", "Mon", "8-12", "Mon 08:00", "Mon 08:00-25:00", "24:00-08:00", "Mon-Fri08:00-12:00"]
)
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(ValueError, match="are no hours"):
        parse_hours(text)


def test_the_users_own_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    assert load(tmp_path, "").oncall.agents.keys() == {"amy"}
    (tmp_path / "oncall.toml").rename(tmp_path / "people.toml")
    assert load_settings(tmp_path / "notifier.toml", now=NOW).oncall.agents.keys() == {"office"}
    named = load_settings(tmp_path / "notifier.toml", ["folders.oncall=people.toml"], now=NOW)
    assert named.oncall.agents.keys() == {"amy"}


def test_it_is_found_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    assert load(tmp_path / "config", "").oncall.agents.keys() == {"amy"}


def test_a_file_that_the_settings_name_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(f'{OUTBOX}[folders]\noncall = "people.toml"\n')
    with pytest.raises(BadFiles) as caught:
        load_settings(tmp_path / "notifier.toml", now=NOW)
    assert str(caught.value).endswith(f":6: folders.oncall: there is no file {tmp_path}/people.toml")


def test_the_shipped_file_fits_whatever_channels_there_are(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text('[channels.paper]\ntype = "tests.fakes.adapters:Pigeon"\n')
    jobs = ["unpaid-nudge", "payment-reminder"]
    with pytest.raises(BadFiles) as caught:
        load_settings(tmp_path / "notifier.toml", [f"jobs.{name}.enabled=false" for name in jobs], now=NOW)
    assert "oncall" not in str(caught.value)


def test_channels_of_ones_own_are_known_by_their_kind(tmp_path: Path) -> None:
    text = """
    [channels.paper]
    type = "tests.fakes.adapters:Paper"
    tray = 1
    [channels.letters]
    type = "tests.fakes.adapters:Paper"
    tray = 2
    kind = "email"
    [channels.pigeon]
    type = "tests.fakes.adapters:Pigeon"
    [channels.robot]
    type = "dingtalk"
    access_token = { env = "NO_SUCH_VARIABLE" }
    """
    (tmp_path / "notifier.toml").write_text(text)
    channels = load_settings(tmp_path / "notifier.toml", secrets=False, now=NOW).channels
    reach = Reach(channels, Surroundings(Shop(), SystemClock(), tmp_path))
    everything = ("chat", "sms", "email", "voice", "fax")
    assert reach.by(Agent("a", phone="+12025550123"), everything) == ("paper",)
    assert reach.by(Agent("a", email="a@example.com"), everything) == ("letters",)
    assert reach.by(Agent("a", chat={"robot": "@all"}), everything) == ("robot",)
    assert reach.by(Agent("a", chat={"pigeon": "x"}, phone="1", email="a"), ("letters", "sms", "chat")) == (
        "letters",
        "paper",
        "pigeon",
    )
    assert reach.by(Agent("a", email="a@example.com"), ("chat", "sms")) == ()
