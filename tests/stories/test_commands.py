"""Every command on the command line: what it prints when all is well, and the sentence and exit code when it is not."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from notifier import __version__
from notifier.cli.app import app, run
from notifier.errors import Problem
from notifier.interfaces import Changes, Quarantined, Ruling, SourceMark, Store
from notifier.model.order import OrderState
from notifier.model.reminder import State
from notifier.settings import load_settings
from notifier.store import open_store
from tests.fakes.lived import live
from tests.fakes.orders import PLACED, make_order

HOUR = timedelta(hours=1)
ROOT = Path(__file__).parents[2]
SETTINGS = """\
[shop]
name = "Panda Tea"
time_zone = "Asia/Shanghai"
[clock]
start = 2026-03-02T06:00:00Z
[channels.outbox]
type = "maildir"
folder = "outbox"
[channels.text]
type = "console"
kind = "sms"
[sources.shop]
type = "files"
folder = "in"
"""
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


class Shop:
    """A folder with settings, a database in which three orders were lived through, and commands that look at it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.file = folder / "notifier.toml"
        self._capsys = capsys
        self.file.write_text(SETTINGS, encoding="utf-8")

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run a command; what it printed, which goes to standard error when it fails with a sentence."""
        assert run(["--config", str(self.file), *arguments]) == code
        told = self._capsys.readouterr()
        return told.out if code in {0, 1} else told.err

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self(*arguments, "--format", "json"))
        return found

    @property
    def database(self) -> Path:
        return self.folder / "var" / "notifier.db"

    def change(self, work: Any) -> None:
        """Change something in the database, as a daemon would."""

        async def changed() -> None:
            store = await open_store(load_settings(self.file).store_url)
            try:
                await work(store)
            finally:
                await store.close()

        asyncio.run(changed())


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Settings, and nothing else yet."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path, capsys)


async def live_a_day(folder: Path) -> Path:
    """A database: 1001 was never paid, 1002 was paid, 1003 cancelled; 1004 was not understood."""
    (folder / "notifier.toml").write_text(SETTINGS, encoding="utf-8")
    settings = load_settings(folder / "notifier.toml")
    orders = [
        make_order(),
        make_order(id="1002", state=OrderState.PAID, paid=PLACED + HOUR),
        make_order(id="1003", state=OrderState.CANCELLED, cancelled=PLACED + HOUR),
    ]
    store = await open_store(settings.store_url)
    try:
        await live(orders, PLACED + 20 * HOUR, list(settings.jobs.values()), settings.shop, store=store)
        broken = Quarantined("shop", "1004", PLACED, "placed: 'soon' is not a time")
        await store.apply(Changes(quarantine=[broken], now=PLACED))
    finally:
        await store.close()
    return folder / "var" / "notifier.db"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; every test has its own copy."""
    return asyncio.run(live_a_day(tmp_path_factory.mktemp("lived")))


@pytest.fixture
def shop(empty: Shop, database: Path) -> Shop:
    """A shop that was watched for a day."""
    empty.database.parent.mkdir()
    shutil.copyfile(database, empty.database)
    return empty


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notifier", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# The whole program


def test_the_program_tells_its_version_and_exits_with_its_code() -> None:
    assert command("--version").stdout == f"notifier {__version__}\n"
    wrong = command("--config", "nowhere.toml", "status")
    assert (wrong.returncode, wrong.stdout) == (64, "")
    assert wrong.stderr == "nowhere.toml: there is no such settings file; `notifier init` makes one\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from notifier.cli.app import run; run(['--help'])\n"
        "heavy = {'asyncio', 'pydantic', 'sqlalchemy', 'aiohttp', 'jinja2', 'rich', 'twilio', 'apprise', 'zoneinfo'}\n"
        "sys.exit(str(sorted(heavy & sys.modules.keys())) if heavy & sys.modules.keys() else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit codes: 0 fine, 64 usage or settings" in done.stdout


@pytest.mark.parametrize("arguments", [["explain", "1002"], ["schema"], ["--help"]], ids=" ".join)
def test_a_reader_that_has_seen_enough_is_no_failure(shop: Shop, arguments: Sequence[str]) -> None:
    """What one writes at the end of the command, the next while it is at work, the last before it begins."""
    script = 'set -o pipefail; "$@" | exec true'
    parts = [sys.executable, "-m", "notifier", "--config", str(shop.file), *arguments]
    done = subprocess.run(["bash", "-c", script, "-", *parts], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_told(shop: Shop) -> None:
    parts = [sys.executable, "-m", "notifier", "--config", str(shop.file), "status"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(parts, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (74, "notifier: No space left on device\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_listed_and_explains_itself(empty: Shop, name: str) -> None:
    assert f"\n  {name}" in empty("--help")
    told = empty(name, "--help")
    assert told.startswith(f"Usage: notifier {name}")
    assert len(told.splitlines()[2].strip()) > 30


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["simulat"], "No such command 'simulat'. Did you mean 'simulate'?"),
        (["explain"], "Missing argument"),
        (["status", "--loud"], "No such option: --loud"),
        (["reminders", "--limit", "0"], "Invalid value for '--limit'"),
    ],
)
def test_wrong_usage_is_64(empty: Shop, arguments: Sequence[str], told: str) -> None:
    assert told in empty(*arguments, code=64)


@pytest.mark.parametrize(
    "arguments", [["status"], ["reminders"], ["messages"], ["explain", "1"], ["backup", "copy.db"]]
)
def test_before_the_daemon_has_run_there_is_nothing_to_look_at(empty: Shop, arguments: Sequence[str]) -> None:
    assert empty(*arguments, code=74) == (
        f"notifier: There is no database at {empty.database} yet. It is made when the daemon starts: notifier run.\n"
    )


def test_a_file_that_is_no_database_is_named(shop: Shop) -> None:
    shop.database.write_bytes(b"not a database at all" * 100)
    assert f"{shop.database}: it is not a database" in shop("status", code=74)


# Setting up


def test_init_copies_everything_and_check_likes_it(empty: Shop) -> None:
    assert "check" in empty("init", "mine")
    empty.file = empty.folder / "mine" / "notifier.toml"
    told = empty("check").splitlines()
    assert told[0].startswith(f"{empty.file}: fine. ")
    assert told[1].startswith("To customers: 18 jobs. To the staff (1 agent): alerts of ")
    assert told[2:4] == ["Reads: no shop yet; add [sources.NAME].", "Sends by: outbox."]
    assert " ".join(told[4:]).endswith("before you send in earnest: nobody reads office@example.com.")
    assert (empty.folder / "mine" / "jobs" / "unpaid-nudge.toml").is_file()


def test_init_overwrites_nothing(empty: Shop) -> None:
    told = empty("init", ".", code=64)
    assert told == "notifier: . is not empty; name a new folder, so that nothing of yours is overwritten\n"
    assert empty("init", "notifier.toml", code=74) == "notifier: Not a directory: notifier.toml\n"


def test_check_shows_twelve_mistakes_of_three_kinds_of_file_at_once(empty: Shop) -> None:
    bad = ROOT / "tests" / "bad_settings" / "eight-mistakes"
    text = (bad / "notifier.toml").read_text(encoding="utf-8")
    empty.file.write_text(text.replace("tests.fakes.adapters:Paper", "console"), encoding="utf-8")
    (empty.folder / "jobs").mkdir()
    job = (bad / "jobs" / "unpaid-nudge.toml").read_text(encoding="utf-8")
    (empty.folder / "jobs" / "unpaid-nudge.toml").write_text(job, encoding="utf-8")
    folder = empty.folder / "templates" / "en" / "review-request"
    folder.mkdir(parents=True)
    (folder / "sms.txt").write_text("Thank you!\nYour order {{ order.nubmer }}", encoding="utf-8")
    lines = empty("check", code=64).replace(f"{empty.folder}/", "").splitlines()
    places = [line.split(": ")[0] for line in lines]
    assert sum(place.startswith("notifier.toml:") for place in places) == 8
    assert sum(place.startswith("jobs/unpaid-nudge.toml:") for place in places) == 3
    assert [place for place in places if place.startswith("templates/")] == ["templates/en/review-request/sms.txt:2"]
    assert len(lines) == 12


def test_check_shows_what_a_reload_would_change(shop: Shop) -> None:
    assert shop("check", "--diff").endswith("A reload would plan 0 reminders, move 0 and call off 0.\n")
    shop.file.write_text(SETTINGS + "[jobs.payment-deadline]\nenabled = false\n", encoding="utf-8")
    with shop.file.open("a", encoding="utf-8") as file:
        file.write('[jobs.unpaid-nudge]\nafter = ["12h", "22h"]\n')
    told = shop("check", "--diff")
    assert "+ unpaid-nudge for order 1001 due 2026-03-02 15:00\n" in told
    assert told.endswith("A reload would plan 1 reminder, move 0 and call off 0.\n")


@pytest.mark.parametrize(
    ("kind", "title"), [("settings", "notifier.toml"), ("oncall", "OnCallFile"), ("job", "JobFile")]
)
def test_schemas_are_json(empty: Shop, kind: str, title: str) -> None:
    assert json.loads(empty("schema", kind))["title"] == title
    assert (
        empty("schema", "kind", code=64) == "notifier: there is no schema 'kind'; there are settings, oncall and job\n"
    )


# Seeing what will be said, and why


def test_explain_tells_an_order_in_lines_that_fit(shop: Shop) -> None:
    told = shop("explain", "1001")
    assert told.startswith("Order 1001 of shop\nIt waits for its payment.")
    assert "  ✓ Mon 2 Mar, 08:00: unpaid-nudge by sms, 12 hours after the order was placed;" in told
    assert max(map(len, told.splitlines())) <= 80
    assert [line for line in told.splitlines() if line != line.rstrip()] == []


def test_explain_ends_with_64_for_an_order_that_nobody_knows(shop: Shop) -> None:
    assert run(["--config", str(shop.file), "explain", "1011"]) == 64
    assert "Did you mean 1001" in shop._capsys.readouterr().out
    assert run(["--config", str(shop.file), "explain", "1004"]) == 64
    assert "could not be understood: placed: 'soon' is not a time." in shop._capsys.readouterr().out


def test_explain_never_writes_control_characters_of_a_shop(shop: Shop) -> None:
    assert run(["--config", str(shop.file), "explain", "\x1b[2J1"]) == 64
    assert "\x1b" not in shop._capsys.readouterr().out


def test_preview_shows_an_sms_with_its_size(empty: Shop) -> None:
    facts, _, text = empty("preview", "unpaid-nudge", "--channel", "sms", "--language", "zh-CN").partition("\n\n")
    names = [line.partition(":")[0] for line in facts.splitlines()]
    assert names == ["job", "kind", "language", "encoding", "length", "parts"]
    assert "UCS-2" in facts
    assert text.startswith("【Panda Tea】")


def test_preview_shows_an_email_with_its_subject(empty: Shop) -> None:
    told = empty("preview", "review-request", "--channel", "outbox", "--language", "fr")
    assert "\nsubject: " in told
    assert "language:  en (there is no such text in fr)" in told


def test_preview_takes_a_stored_order(shop: Shop) -> None:
    assert "1001" in shop("preview", "unpaid-nudge", "--order", "1001")
    told = shop("preview", "unpaid-nudge", "--order", "1002", code=64)
    assert told == "notifier: unpaid-nudge has nothing to say about order 1002: the order is paid\n"


def test_preview_shows_an_alert_in_every_way_it_may_go_out(empty: Shop) -> None:
    told = empty("preview", "bad-review", "--language", "zh-CN")
    kinds = [line.split()[1] for line in told.splitlines() if line.startswith("kind:")]
    assert kinds == ["sms", "email", "chat", "voice"]
    assert "【Panda Tea】提醒 123：" in told
    assert "请按 1 接手。" in told


def test_preview_shows_an_alert_as_one_sms(empty: Shop) -> None:
    empty.file.write_text(SETTINGS + '[web]\npublic_url = "https://alerts.example.com"\n', encoding="utf-8")
    facts, _, text = empty("preview", "bad-review", "--channel", "text").partition("\n\n")
    assert "\nkind:      sms\n" in facts
    assert "\nparts:     2, each paid as one SMS" in facts
    assert text.startswith("Panda Tea: Alert 123: ")
    assert "Reply 123a to take it, 123c to close it. https://alerts.example.com/a/" in text


def test_preview_of_an_alert_takes_a_stored_order(shop: Shop) -> None:
    told = shop("preview", "bad-review", "--channel", "voice", "--order", "1002", code=64)
    assert told == "notifier: bad-review has nothing to say about order 1002: there is no review\n"
    job, words = shop.folder / "jobs" / "look.toml", shop.folder / "templates" / "en" / "look" / "alert.txt"
    for file in (job, words):
        file.parent.mkdir(parents=True)
    job.write_text('event = "order.placed"\nafter = "1h"\nwithin = "1d"\nto = "supervisors"\n', encoding="utf-8")
    words.write_text("Look at order {{ order.id }}{{ alert.risk | money if alert.risk else '' }}", encoding="utf-8")
    told = shop("preview", "look", "--channel", "voice", "--order", "1001")
    assert told.endswith("\n\nPanda Tea, alert 123. Look at order 1001. Press 1 to take it.\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["unpaid-nugde"], """there is no job 'unpaid-nugde'; did you mean "unpaid-nudge"?"""),
        (["unpaid-nudge", "--channel", "outbux"], """there is no channel 'outbux'; did you mean "outbox"?"""),
        (["daily-report"], "daily-report is a digest; see it with `notifier digest daily-report`"),
        (["unpaid-nudge", "--order", "9"], "no source has shown an order 9; `notifier explain 9` tells more"),
    ],
)
def test_preview_says_what_does_not_exist(shop: Shop, arguments: Sequence[str], told: str) -> None:
    assert shop("preview", *arguments, code=64) == f"notifier: {told}\n"


# Running it


def test_send_test_sends_one_message(empty: Shop) -> None:
    assert empty("send-test", "outbox", "anna@example.com").startswith("Taken as ")
    (mail,) = (empty.folder / "outbox" / "new").iterdir()
    assert "anna@example.com" in mail.read_text(encoding="utf-8")


def test_send_test_says_why_nothing_was_sent(empty: Shop) -> None:
    told = empty("send-test", "outbux", "anna@example.com", code=64)
    assert told == """notifier: there is no channel 'outbux'; did you mean "outbox"?\n"""
    smtp = '[channels.mail]\ntype = "smtp"\nhost = "127.0.0.1"\nport = 9\ntls = "none"\nsender = "a@example.com"\n'
    empty.file.write_text(SETTINGS + smtp, encoding="utf-8")
    assert empty("send-test", "mail", "anna", code=64).startswith("notifier: nothing was sent: ")
    assert run(["--config", str(empty.file), "send-test", "mail", "anna@example.com"]) == 74
    assert empty._capsys.readouterr().out.startswith("Not sent: ")


def test_import_lays_a_file_where_the_daemon_reads_it(empty: Shop) -> None:
    file = empty.folder / "old.csv"
    file.write_text("id,placed\n1,2026-03-01T09:00:00Z\n2,soon\n", encoding="utf-8")
    told = empty("import", "old.csv").splitlines()
    assert told[0].startswith("order 2 is left out: ")
    assert told[1] == "1 order of old.csv will be read with the next poll of shop."
    assert (empty.folder / "in" / "old.csv").read_bytes() == file.read_bytes()


def test_import_refuses_what_nobody_can_read(empty: Shop) -> None:
    (empty.folder / "bad.jsonl").write_bytes(b"\xff\xfe\x00\n")
    assert empty("import", "bad.jsonl", code=64).endswith(
        "bad.jsonl has no order that can be understood; nothing was imported\n"
    )
    assert "file 'nowhere.csv' does not exist" in empty("import", "nowhere.csv", code=64)
    assert list(empty.folder.glob("in/*")) == []


def test_import_needs_a_source_that_reads_files(empty: Shop) -> None:
    (empty.folder / "old.csv").write_text("id,placed\n1,2026-03-01T09:00:00Z\n", encoding="utf-8")
    empty.file.write_text(SETTINGS.partition("[sources")[0], encoding="utf-8")
    assert "the settings have no source that reads files" in empty("import", "old.csv", code=64)
    two = SETTINGS + '[sources.till]\ntype = "files"\nfolder = "till"\n'
    empty.file.write_text(two, encoding="utf-8")
    assert "several sources read files; name one of them with --source: shop, till" in empty(
        "import", "old.csv", code=64
    )
    assert "next poll of till" in empty("import", "old.csv", "--source", "till")


def test_backup_copies_the_database(shop: Shop) -> None:
    assert shop("backup", "copy.db") == "Copied to copy.db and checked.\n"
    shop.database.unlink()
    (shop.folder / "copy.db").rename(shop.database)
    assert len(shop.rows("reminders")) > 2
    assert "cannot be written" in shop("backup", "nowhere/copy.db", code=74)


# Looking at what it does


def test_messages_are_listed_with_masked_addresses(shop: Shop) -> None:
    rows = shop.rows("messages")
    assert [(row["order"], row["job"], row["to"], row["state"]) for row in rows] == [
        ("1001", "unpaid-nudge", "+86138****8000", "accepted"),
        ("1002", "order-confirmation", "+86138****8000", "accepted"),
    ]
    assert datetime.fromisoformat(rows[0]["time"]).utcoffset() == 8 * HOUR
    table = shop("messages", "--order", "1002")
    assert "1001" not in table
    assert "+8613800138000" not in table
    assert shop("messages", "--state", "held") == "No messages.\n"


def test_reminders_are_listed_and_chosen(shop: Shop) -> None:
    states = {(row["order"], row["job"]): row["state"] for row in shop.rows("reminders")}
    assert states["1002", "unpaid-nudge"] == "cancelled"
    (row,) = csv.DictReader(
        io.StringIO(shop("reminders", "--state", "cancelled", "--order", "1002", "--format", "csv"))
    )
    assert row["reason"] == "the order is paid"
    assert "2026-03-02 05:00" in shop("reminders", "--limit", "1", "--order", "1001", "--state", "accepted")
    assert "there is no state 'canceled'; did you mean" in shop("reminders", "--state", "canceled", code=64)


def test_status_says_what_waits_for_a_person_and_approve_goes_on(shop: Shop) -> None:
    async def trouble(store: Store) -> None:
        await store.set_mark(SourceMark("shop", "7", 3, PLACED, paused="a poll would cancel 600 plans"))
        await store.apply(Changes(inserts=[], now=PLACED))

    shop.change(trouble)
    told = shop("status")
    assert "shop    2026-03-01 17:00         0  paused: a poll would cancel 600 plans" in told
    assert "shop waits for: notifier approve shop\n" in told
    assert "1 order could not be understood: notifier doctor tells why\n" in told
    assert shop("approve", "shop") == "shop goes on with its next poll.\n"
    assert "shop goes on with its next poll\n" in shop("status")
    assert "there is no source 'shup'; did you mean" in shop("approve", "shup", code=64)


def test_status_counts_what_is_held(shop: Shop) -> None:
    shop.file.write_text(SETTINGS + '[jobs.unpaid-nudge]\nafter = ["12h", "22h"]\n', encoding="utf-8")

    async def hold(store: Store) -> None:
        settings = load_settings(shop.file)
        later = [make_order(id="1009", placed=PLACED + HOUR)]
        await live(later, PLACED + 2 * HOUR, list(settings.jobs.values()), settings.shop, store=store)
        (claimed,) = await store.claim(PLACED + 13 * HOUR, PLACED + 14 * HOUR, 1)
        await store.settle([Ruling(claimed.id, claimed.fence, State.HELD, "in doubt: no answer")], PLACED + 13 * HOUR)

    shop.change(hold)
    assert "1 message held until a person decides: notifier messages --state held\n" in shop("status")
    assert shop("approve", "shop") == "shop is not paused.\n"


# The environment


def findings(told: str) -> dict[str, tuple[str, str]]:
    """What the doctor said, by what it is about; its lines are put together again."""
    lines = told.replace("\n      ", " ").splitlines()
    return {line[6:].partition(": ")[0]: (line[:4].strip(), line[6:].partition(": ")[2]) for line in lines}


def test_doctor_finds_a_healthy_shop(shop: Shop) -> None:
    shop.file.write_text(SETTINGS.replace("[clock]\nstart = 2026-03-02T06:00:00Z\n", ""), encoding="utf-8")

    async def understood(store: Store) -> None:
        await store.apply(Changes(orders=[], quarantine=[], now=PLACED))

    shop.change(understood)
    found = findings(shop("doctor", code=1))
    assert {what: verdict for what, (verdict, _) in found.items() if verdict == "BAD"} == {"order 1004 of shop": "BAD"}
    assert found["order 1004 of shop"][1] == "could not be understood: placed: 'soon' is not a time"
    assert found["database"][1].startswith(str(shop.database))
    assert found["clock"][1].endswith("UTC, later than everything in the database")
    assert found["sources"] == ("ok", "shop (files, every 1m)")
    assert found["channel outbox"] == ("ok", "maildir for email")
    assert found["texts"] == ("ok", "well, in en, zh-CN")


def test_doctor_is_content_before_the_first_run(empty: Shop) -> None:
    found = findings(empty("doctor"))
    assert found["database"] == ("note", f"{empty.database} is not there yet; notifier run makes it")
    assert {verdict for verdict, _ in found.values()} == {"ok", "note"}


def test_doctor_names_mistakes_and_stops_there(empty: Shop) -> None:
    empty.file.write_text("\n".join(f"wrong{number} = 1" for number in range(7)), encoding="utf-8")
    told = empty("doctor", code=1)
    assert told.count("BAD   settings") == 6
    assert "more mistakes; notifier check shows them all" in told.replace("\n      ", " ")
    empty.file.unlink()
    assert "there is no such settings file" in empty("doctor", code=1).replace("\n      ", " ")


def test_problems_are_sorted_by_file_and_line() -> None:
    assert Problem(Path("a"), 1, "", "x") < Problem(Path("a"), 2, "", "x") < Problem(Path("b"), 1, "", "x")
