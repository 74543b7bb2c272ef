"""The commands about alerts: what they print, what they change, and their sentences when something is wrong."""

from __future__ import annotations

import asyncio
import getpass
import json
import shutil
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from notifier.alerting import Alerting, EndedElsewhere, Raising, oncall_desk
from notifier.cli.app import run
from notifier.cli.handle import tell_if_late
from notifier.clock import VirtualClock
from notifier.interfaces import Result, Store
from notifier.model.alert import AlertKey
from notifier.model.job import Urgency
from notifier.model.order import Money
from notifier.model.reminder import State
from notifier.rules.ladder import agent_of
from notifier.settings import Settings, load_settings
from notifier.store import open_store
from tests.fakes.orders import make_job
from tests.fakes.rows import LEASE, attempt

SHIPPED = (Path(__file__).parents[2] / "config" / "oncall.toml").read_text(encoding="utf-8")
SETTINGS = """\
[shop]
name = "Panda Tea"
time_zone = "Asia/Shanghai"
[clock]
start = 2026-03-02T06:00:00Z
[channels.outbox]
type = "maildir"
folder = "outbox"
[sources.shop]
type = "files"
folder = "in"
"""
AGENTS = """
[agents.ann]
email = "ann@example.com"
[agents.bob]
email = "bob@example.com"
[policies.orders]
steps = [{ tell = ["ann", "bob"], by = ["email"], after = "0s" }, { tell = ["office"], by = ["email"], after = "4h" }]
times = 0
"""
RAISED = datetime(2026, 3, 2, 5, tzinfo=UTC)
LATE = make_job("ship-deadline", "order.ship_by", "6h before", to="orders", channels=())
ANGRY = replace(LATE, name="bad-review", urgency=Urgency.URGENT)
LOST = replace(LATE, name="parcel-stalled", urgency=Urgency.LOW)


class Office:
    """A folder with settings, a database with three alerts, and commands that look at it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = furnished(folder)
        self.database = folder / "var" / "notifier.db"
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run a command; what it printed, which goes to standard error when it fails with a sentence."""
        assert run(["--config", str(self.file), *arguments]) == code
        told = self._capsys.readouterr()
        return told.err if code else told.out

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self(*arguments, "--format", "json"))
        return found

    def during(self, work: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
        """Do something with the store, as a daemon would."""

        async def done() -> None:
            store = await open_store(load_settings(self.file).store_url)
            try:
                await work(store)
            finally:
                await store.close()

        asyncio.run(done())

    async def dial_all(self, store: Store) -> None:
        """Whoever is to be called by now is on their way to hear of it."""
        now = RAISED + timedelta(minutes=5)
        rows = await store.claim(now, now + LEASE, 100)
        attempts = [attempt(f"a{row.id}", row, channel="outbox", started=now) for row in rows]
        assert len(await store.intend(attempts, now)) == len(rows)

    async def answer_all(self, store: Store) -> None:
        """And they have heard of it."""
        await self.dial_all(store)
        heard = [Result(f"a{number}", State.ACCEPTED, "", "accepted") for number in range(1, 50)]
        await store.record(heard, RAISED + timedelta(minutes=5))


def furnished(folder: Path) -> Path:
    """The settings, with who is on call beside them."""
    file = folder / "notifier.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    (folder / "oncall.toml").write_text(SHIPPED + AGENTS, encoding="utf-8")
    return file


async def raise_three(settings: Settings) -> None:
    """1: order 1001 is late. 2: a review, raised twice. 3: a parcel, which is nothing to hurry for."""
    store, clock = await open_store(settings.store_url), VirtualClock(RAISED)
    desk = oncall_desk(settings.oncall, settings.jobs, "Asia/Shanghai")
    alerting = Alerting(store, lambda: desk, clock, EndedElsewhere(store))
    late = Raising(LATE, AlertKey("shop", "1001", LATE.name), 1, risk=Money(Decimal("30.00"), "CNY"))
    angry = Raising(ANGRY, AlertKey("shop", "1002", ANGRY.name, "r1"), what="two stars")
    lost = Raising(LOST, AlertKey("shop", "1003", LOST.name, "p1"))
    try:
        await alerting.raise_all([late, angry, lost])
        clock.advance(timedelta(minutes=5))
        await alerting.raise_all([angry])
    finally:
        await store.close()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; every test has its own copy."""
    folder = tmp_path_factory.mktemp("raised")
    asyncio.run(raise_three(load_settings(furnished(folder))))
    return folder / "var" / "notifier.db"


@pytest.fixture
def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, database: Path
) -> Office:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LOGNAME", "operator")
    made = Office(tmp_path, capsys)
    made.database.parent.mkdir()
    shutil.copyfile(database, made.database)
    return made


# Looking


def test_the_worst_comes_first_and_columns_that_say_nothing_are_left_out(office: Office) -> None:
    lines = office("alerts").splitlines()
    assert lines[0] == "Alerts"
    assert lines[1].split() == [
        *("id", "urgency", "state", "job", "order", "about", "opened", "times", "step", "risk", "what"),
    ]
    assert [line.split()[0] for line in lines[3:6]] == ["2", "1", "3"]
    assert lines[3].split(maxsplit=6)[:6] == ["2", "urgent", "open", "bad-review", "1002", "r1"]
    assert lines[3].endswith("two stars")
    assert " 2026-03-02 13:00 " in lines[4]
    assert "30.00 CNY" in lines[4]


def test_programs_get_every_column_and_the_exact_time(office: Office) -> None:
    [first, *_] = office.rows("alerts", "--order", "1001")
    assert first == {
        "id": 1,
        "urgency": "normal",
        "state": "open",
        "job": "ship-deadline",
        "order": "1001",
        "about": "",
        "opened": "2026-03-02T13:00:00+08:00",
        "started": "2026-03-02T13:00:00+08:00",
        "times": 1,
        "step": 2,
        "who": "",
        "risk": "30.00 CNY",
        "policy": "orders",
        "reason": "",
        "what": "",
    }
    assert office("alerts", "--format", "csv").splitlines()[0] == ",".join(first)


def test_what_is_over_is_listed_only_when_asked_for(office: Office) -> None:
    office("resolve", "1", "--as", "ann", "--reason", "shipped")
    office("ack", "3", "--as", "bob")
    assert [row["id"] for row in office.rows("alerts")] == [2, 3]
    assert [(row["id"], row["who"]) for row in office.rows("alerts", "--state", "acknowledged")] == [(3, "bob")]
    everything = office.rows("alerts", "--state", "resolved", "--state", "open", "--limit", "1")
    assert [row["id"] for row in everything] == [2]
    assert "shipped" in office("alerts", "--state", "resolved")
    assert office("alerts", "--order", "9") == "No alerts.\n"
    told = office("alerts", "--state", "opne", code=64)
    assert told == """notifier: there is no state 'opne'; did you mean "open"?\n"""


def test_one_alert_is_told_with_its_history_and_its_calls(office: Office) -> None:
    office.during(office.answer_all)
    office("note", "2", "called the customer", "--as", "bob")
    lines = [line.rstrip() for line in office("alert", "2").splitlines()]
    assert lines[0] == "Alert 2 (bad-review, order 1002, r1)"
    assert " ".join(lines[1:3]).strip() == (
        "It is urgent, opened 2026-03-02 13:00, raised 2 times, for orders. two stars. Nobody has it."
    )
    history = lines[lines.index("History") + 3 : lines.index("Calls") - 1]
    assert [line.split(maxsplit=2)[2] for line in history][:2] == ["opened", "raised"]
    assert history[2].split()[2:] == ["bob", "note", "called", "the", "customer"]
    calls = [line.split() for line in lines[lines.index("Calls") + 3 :] if line]
    assert calls == [
        ["2026-03-02", "13:00", "ann", "1", "accepted"],
        ["2026-03-02", "13:00", "bob", "1", "accepted"],
        ["2026-03-02", "17:00", "office", "2", "planned"],
    ]


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ([], "30.00 CNY are at stake. Nobody has it."),
        (["ack", "1", "--as", "ann"], "ann has it."),
        (["snooze", "1", "2h"], "Nobody is called before 2026-03-02 16:00."),
        (["resolve", "1", "--as", "ann"], "It is over since 2026-03-02 14:00, closed by ann."),
        (["resolve", "1", "--as", "ann", "--reason", "shipped"], "2026-03-02 14:00, closed by ann: shipped."),
    ],
)
def test_one_alert_says_where_it_stands(office: Office, done: list[str], told: str) -> None:
    if done:
        office(*done)
    assert told in " ".join(office("alert", "1").split())


def test_what_ended_by_itself_is_said_so(office: Office) -> None:
    async def over(store: Store) -> None:
        desk = oncall_desk(load_settings(office.file).oncall, {}, "UTC")
        alerting = Alerting(store, lambda: desk, VirtualClock(RAISED), EndedElsewhere(store))
        await alerting.resolve_all([(await alerting.get(3), "it has arrived")])

    office.during(over)
    assert "by itself: it has arrived." in " ".join(office("alert", "3").split())
    assert office("ack", "3") == (
        "Alert 3 (parcel-stalled, order 1003, p1) is over already, by itself: it has arrived.\n"
    )


# Deciding


def test_who_takes_an_alert_has_it_and_nobody_is_called_any_more(office: Office) -> None:
    assert office("ack", "1", "--as", "ann") == (
        "Alert 1 (ship-deadline, order 1001) is yours, ann: nobody is called because of it any more.\n"
    )
    assert office("ack", "1", "--as", "bob") == ("Alert 1 (ship-deadline, order 1001) was taken before, by ann.\n")

    async def look(store: Store) -> None:
        assert {call.state for call in (await store.calls([1]))[1]} == {State.CANCELLED}

    office.during(look)


def test_a_message_that_may_still_arrive_is_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    tell_if_late(False)
    assert capsys.readouterr().out == ""
    tell_if_late(True)
    assert capsys.readouterr().out == "A message because of it was already on its way, and may still arrive.\n"


def test_without_a_name_it_is_the_login_that_takes_it(office: Office) -> None:
    office("ack", "1")
    assert office.rows("alerts", "--state", "acknowledged")[0]["who"] == getpass.getuser() == "operator"


def test_who_closes_an_alert_is_named_and_the_others_are_told(office: Office) -> None:
    office.during(office.answer_all)
    assert office("resolve", "1", "--as", "ann", "--reason", "shipped") == (
        "Alert 1 (ship-deadline, order 1001) is closed; those who were called are told.\n"
    )
    assert office("resolve", "1", "--as", "bob") == (
        "Alert 1 (ship-deadline, order 1001) is over already, closed by ann: shipped.\n"
    )

    async def look(store: Store) -> None:
        waiting = [call for call in (await store.calls([1]))[1] if call.state is State.PLANNED]
        assert [agent_of(call.key) for call in waiting] == ["bob"]

    office.during(look)
    assert "bob over planned" in " ".join(office("alert", "1").split())


def test_an_alert_is_put_off_for_a_time_or_until_one(office: Office) -> None:
    assert office("snooze", "1", "2h", "--as", "ann") == (
        "Alert 1 (ship-deadline, order 1001) is put off: nobody is called before 2026-03-02 16:00.\n"
    )
    assert "before 2026-03-03 09:30." in office("snooze", "2", "2026-03-03T09:30")
    assert "started" in office("alerts").splitlines()[1]
    assert office("snooze", "1", "soon", code=64) == (
        "notifier: 'soon' is neither a length of time, such as 2h, nor a time, such as 2026-03-01T09:00\n"
    )
    assert "to a time that is still to come" in office("snooze", "1", "2026-03-01", code=64)


def test_a_note_is_kept(office: Office) -> None:
    assert office("note", "1", "the carrier calls back", "--as", "bob") == (
        "Alert 1 (ship-deadline, order 1001) has a new note.\n"
    )
    assert "the carrier calls back" in office("alert", "1")


@pytest.mark.parametrize("command", [["alert"], ["ack"], ["resolve"], ["snooze", "2h"], ["note", "hello"]])
def test_an_alert_that_is_not_there_is_64(office: Office, command: list[str]) -> None:
    name, *more = command
    assert office(name, "12", *more, code=64) == "notifier: there is no alert 12\n"
    assert "Invalid value for 'ALERT'" in office(name, "twelve", *more, code=64)


def test_an_agent_that_is_not_there_is_64(office: Office) -> None:
    told = office("ack", "1", "--as", "anne", code=64)
    assert told == """notifier: there is no agent 'anne' in oncall.toml; did you mean "ann"?\n"""


def test_a_login_without_a_name_has_to_say_who_it_is(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert office("ack", "1", code=64) == "notifier: your login has no name; say who you are with --as\n"
    assert "is yours, ann" in office("ack", "1", "--as", "ann")
