from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import BadFiles, NotifierError, UsageError
from notifier.model.job import Purpose
from notifier.model.shop import QuietHours, ReturnRight, WorkCalendar
from notifier.registry import adapter, shipped_types
from notifier.settings import Settings, channels_for, load_settings, read_settings
from notifier.settings.places import data_folder, find_settings
from notifier.shipped import shipped
from tests.fakes.adapters import Ledger, Paper, PaperOptions

BAD = Path(__file__).parents[1] / "bad_settings"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAPER = '[channels.paper]\ntype = "tests.fakes.adapters:Paper"\ntray = 1\n'


def write(folder: Path, text: str, channel: str = PAPER) -> Path:
    """A settings file in `folder`, with a channel that takes SMS."""
    file = folder / "notifier.toml"
    file.write_text(text + "\n" + channel, encoding="utf-8")
    return file


def load(folder: Path, text: str = "", channel: str = PAPER, *sets: str) -> Settings:
    return load_settings(write(folder, text, channel), sets, now=NOW)


def problems(folder: Path, text: str, *sets: str, channel: str = PAPER) -> list[str]:
    with pytest.raises(BadFiles) as caught:
        load(folder, text, channel, *sets)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_all_mistakes_of_all_files_are_reported_at_once(case: str) -> None:
    reading = read_settings(BAD / case / "notifier.toml", now=NOW)
    told = str(BadFiles([*reading.problems, *reading.warnings])).replace(f"{BAD / case}/", "")
    assert told == (BAD / case / "expected.txt").read_text(encoding="utf-8").strip()
    assert "hunter2" not in told


def test_settings_with_mistakes_are_refused() -> None:
    with pytest.raises(BadFiles) as caught:
        load_settings(BAD / "country" / "notifier.toml", now=NOW)
    assert caught.value.exit_code == 64


def test_a_shift_with_a_hole_stops_nothing() -> None:
    settings = load_settings(BAD / "oncall-hole" / "notifier.toml", now=NOW)
    assert len(settings.warnings) == 2


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.shop.name, settings.shop.zone, settings.shop.currency) == ("Shop", "UTC", "CNY")
    assert settings.shop.return_right == ReturnRight(7, "midnight")
    assert settings.sending.quiet_hours[Purpose.SERVICE] == QuietHours(time(22), time(8))
    assert (settings.sending.weekly_cap, settings.sending.daily_cap) == (2, 6)
    assert settings.store_url == f"sqlite:///{tmp_path}/var/notifier.db"
    assert settings.folder == tmp_path
    assert settings.jobs["unpaid-nudge"].steps[0].offset.text == "12h"
    assert settings.template_folders == (shipped("templates"),)
    assert settings.job_folders == (shipped("jobs"),)
    assert (settings.clock.start, settings.clock.speed) == (None, 1)
    assert (settings.log.format, settings.log.level) == ("auto", "info")


def test_every_setting_of_the_shop_arrives(tmp_path: Path) -> None:
    shop = load(
        tmp_path,
        """
        [shop]
        name = "Panda Tea"
        time_zone = "Asia/Shanghai"
        language = "zh-CN"
        currency = "USD"
        public_url = "https://shop.example.com/"
        contact = "help@example.com"
        return_address = "1 Tea Road"
        return_carriers = "SF"
        return_window = { days = 14, from = "delivery" }
        holidays = [2026-12-24]
        workdays = [2026-12-26]
        greetings = [{ name = "Tea day", date = 2026-05-21 }]
        """,
    ).shop
    assert (shop.name, shop.zone, shop.language, shop.currency) == ("Panda Tea", "Asia/Shanghai", "zh-CN", "USD")
    assert (shop.public_url, shop.contact) == ("https://shop.example.com", "help@example.com")
    assert (shop.return_address, shop.return_carriers) == ("1 Tea Road", "SF")
    assert shop.return_right == ReturnRight(14, "delivery")
    assert shop.calendar == WorkCalendar("", frozenset({date(2026, 12, 24)}), frozenset({date(2026, 12, 26)}))
    assert shop.greetings == {date(2026, 5, 21): "Tea day"}


def test_greetings_are_worked_out_for_the_years_around(tmp_path: Path) -> None:
    text = (
        '[shop]\ncountry = "CN"\ngreetings = ["Mid-Autumn Festival", { name = "春节", holiday = "Chinese New Year" }]'
    )
    greetings = load(tmp_path, text).shop.greetings
    assert greetings[date(2026, 9, 25)] == "Mid-Autumn Festival"
    assert greetings[date(2027, 2, 6)] == "春节"
    assert {day.year for day in greetings} == {2025, 2026, 2027, 2028, 2029}


def test_a_trial_in_the_past_greets_in_the_past(tmp_path: Path) -> None:
    text = '[shop]\ncountry = "CN"\ngreetings = ["National Day"]\n[clock]\nstart = 2017-09-01T00:00:00Z\nspeed = 60'
    settings = load_settings(write(tmp_path, text))
    assert date(2017, 10, 1) in settings.shop.greetings
    assert settings.clock.start == datetime(2017, 9, 1, tzinfo=UTC)


def test_a_holiday_needs_a_country(tmp_path: Path) -> None:
    assert problems(tmp_path, '[shop]\ngreetings = ["National Day"]') == [
        'notifier.toml:2: shop.greetings[1]: needs the country whose holiday it is, such as country = "CN"'
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{}", "needs either a holiday or a date"),
        ('{ holiday = "x", date = 2026-01-01 }', "needs either a holiday or a date"),
        ("{ date = 2026-01-01 }", "needs a name, because the date alone does not tell it"),
    ],
)
def test_a_greeting_is_a_holiday_or_a_named_date(tmp_path: Path, entry: str, message: str) -> None:
    assert problems(tmp_path, f"[shop]\ngreetings = [{entry}]") == [f"notifier.toml:2: shop.greetings[1]: {message}"]


def test_sending_rules(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[send]\nweekly_cap = 0\ndaily_cap = 1\nbatch = 9\n"
        'quiet_hours = { service = "none", marketing = "20:30-9:05" }',
    )
    service, marketing = (settings.sending.quiet_hours[purpose] for purpose in Purpose)
    assert service.start == service.end
    assert marketing == QuietHours(time(20, 30), time(9, 5))
    assert (settings.sending.weekly_cap, settings.sending.daily_cap, settings.send.batch) == (0, 1, 9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('shop.language = "english"', 'shop.language: must be a language\'s short name, such as "en" or "zh-CN"'),
        ('shop.country = "China"', 'shop.country: must be two capital letters, such as "CN"'),
        (
            'shop.public_url = "shop.example.com"',
            "shop.public_url: must be a web address, such as https://shop.example.com",
        ),
        ('shop.name = ""', "shop.name: must not be empty"),
        (f'shop.name = "{"x" * 61}"', "shop.name: must not be longer than 60 characters"),
        ("shop.holidays = [2026]", "shop.holidays[1]: must be a date without a time, such as 2026-10-01"),
        ('shop.holidays = "x"', 'shop.holidays: must be a list, such as ["one", "two"]'),
        (
            "clock.start = 2026-03-01T09:00:00",
            "clock.start: must be an instant with its zone, such as 2026-10-01T09:00:00Z",
        ),
        ('clock.start = "soon"', "clock.start: must be an instant without quotes, such as 2026-10-01T09:00:00Z"),
        ("clock.speed = 0", "clock.speed: must be more than 0"),
        ("send.batch = 2.5", "send.batch: must be a whole number"),
        ("send.quiet_hours = 3", "send.quiet_hours: must be a table"),
        ("send = 3", "send: must be a table"),
        ("sources = 3", "sources: must be a table"),
        ("jobs = 3", "jobs: must be a table"),
        (
            'store.url = "postgresql://db.example.com/x"',
            'store.url: must be a file: sqlite:/// and its path, such as "sqlite:///var/notifier.db"',
        ),
        ('store.url = "postgresql://[x"', "store.url: is not a URL"),
        ("store.url = { env = 3 }", 'store.url: the env needs a name in quotes, as in { env = "name" }'),
        ("sned.batch = 3", 'sned: unknown key; did you mean "send"?'),
        ('folders.jobs = "no/where"', "folders.jobs: there is no folder no/where"),
        ('folders.templates = "no/where"', "folders.templates: there is no folder no/where"),
        ("folders.jobs = 3", "folders.jobs: must be text in quotes"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, text: str, message: str) -> None:
    assert problems(tmp_path, text) == [f"notifier.toml:1: {message}"]


def test_without_any_channel_that_alone_is_said(tmp_path: Path) -> None:
    assert problems(tmp_path, "", channel="") == [
        'notifier.toml:1: channels: there is none; a first one is [channels.outbox] with type = "maildir"'
    ]


def test_changes_from_the_command_line_win(tmp_path: Path) -> None:
    sets = (
        "jobs.unpaid-nudge.after=6h",
        'jobs.unpaid-nudge.channels=["sms"]',
        "send.weekly_cap=9",
        "send.weekly_cap=7",
    )
    settings = load(tmp_path, '[jobs.unpaid-nudge]\nafter = "8h"\nenabled = false', PAPER, *sets)
    job = settings.jobs["unpaid-nudge"]
    assert (job.steps[0].offset.text, job.channels, job.enabled) == ("6h", ("sms",), False)
    assert settings.sending.weekly_cap == 7


def test_mistakes_on_the_command_line_point_there(tmp_path: Path) -> None:
    told = problems(tmp_path, "", "jobs.unpaid-nudge.after=soon", "send.batch=many")
    assert [line.partition(" '")[0] for line in told] == [
        "--set: jobs.unpaid-nudge.after:",
        "--set: send.batch: must be a whole number",
    ]
    with pytest.raises(UsageError):
        load(tmp_path, "", PAPER, "nonsense")


def test_adapters_get_their_own_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INK", "hunter2")
    text = """
    [channels.a]
    type = "tests.fakes.adapters:Paper"
    tray = 2
    kind = "email"
    ink = { env = "INK" }
    [channels.b]
    type = "tests.fakes.adapters:Pigeon"
    [channels.c]
    type = "tests.fakes.adapters:Pigeon"
    enabled = false
    [sources.d]
    type = "tests.fakes.adapters:Ledger"
    shelf = "x"
    every = "0 9 * * MON"
    [sources.e]
    type = "tests.fakes.adapters:Ledger"
    shelf = "x"
    enabled = false
    """
    settings = load(tmp_path, text)
    a = settings.channels["a"]
    assert isinstance(a.options, PaperOptions)
    assert a.options.ink is not None
    assert (a.cls, a.name, a.kind, a.options.tray) == (Paper, "a", "email", 2)
    assert a.options.ink.get_secret_value() == "hunter2"
    assert [(name, channel.kind) for name, channel in settings.channels.items()] == [
        ("a", "email"),
        ("b", "chat"),
        ("paper", "sms"),
    ]
    assert [(source.name, source.cls) for source in settings.sources.values()] == [("d", Ledger)]
    assert "hunter2" not in repr(settings)


def test_commands_that_send_nothing_need_no_secrets(tmp_path: Path) -> None:
    secret = PAPER + 'ink = { credential = "ink" }\nurl = { file = "url" }\n'
    settings = load_settings(write(tmp_path, "", secret), secrets=False, now=NOW)
    options = settings.channels["paper"].options
    assert isinstance(options, PaperOptions)
    assert options.ink is not None
    assert options.ink.get_secret_value() == ""
    with pytest.raises(BadFiles, match="only there under systemd"):
        load_settings(tmp_path / "notifier.toml", now=NOW)


def test_secrets_come_from_credentials_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "ink").write_text("blue\n")
    (tmp_path / "url").write_text("https://me:hunter2@example.com")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "given"))
    options = (
        load(tmp_path, "", PAPER + 'ink = { credential = "ink" }\nurl = { file = "url" }').channels["paper"].options
    )
    assert isinstance(options, PaperOptions)
    assert options.ink is not None
    assert options.url is not None
    assert options.ink.get_secret_value() == "blue"
    assert options.url.get_secret_value() == "https://me:hunter2@example.com"


@pytest.mark.parametrize("url", ["sqlite:////srv/n.db", "sqlite:///:memory:"])
def test_absolute_stores_stay_as_they_are(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, f'store.url = "{url}"').store_url == url


def test_the_store_may_be_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "sqlite:///x%23.db")
    folder = tmp_path / "a b#"
    folder.mkdir()
    assert load(folder, 'store.url = { env = "DB" }').store_url == f"sqlite:///{tmp_path}/a%20b%23/x%23.db"


def test_channels_of_a_job(tmp_path: Path) -> None:
    text = """
    [channels.mail-a]
    type = "tests.fakes.adapters:Paper"
    tray = 1
    kind = "email"
    [channels.mail-b]
    type = "tests.fakes.adapters:Paper"
    tray = 1
    kind = "email"
    [jobs.revisit]
    channels = ["mail-b", "chat", "email", "sms"]
    [jobs.unpaid-nudge]
    channels = ["sms", "mail-a"]
    """
    settings = load(tmp_path, text)
    assert channels_for(settings.jobs["revisit"], settings.channels) == ("mail-b", "mail-a", "paper")
    assert channels_for(settings.jobs["unpaid-nudge"], settings.channels) == ("paper", "mail-a")


def test_own_folders_replace_shipped_files(tmp_path: Path) -> None:
    for name in ("jobs", "templates"):
        (tmp_path / name).mkdir()
    (tmp_path / "jobs" / "revisit.toml").write_text('event="order.paid"\nwithin="1d"\nchannels=["sms"]\n')
    (tmp_path / "jobs" / "thanks.toml").write_text('event="order.paid"\nwithin="1d"\nchannels=["sms"]\n')
    settings = load(tmp_path)
    assert settings.job_folders == (shipped("jobs"), tmp_path / "jobs")
    assert settings.template_folders == (tmp_path / "templates", shipped("templates"))
    assert settings.jobs["revisit"].event == "order.paid"
    assert {"thanks", "unpaid-nudge"} <= settings.jobs.keys()


def test_the_shipped_folder_is_not_read_twice(tmp_path: Path) -> None:
    settings = load(tmp_path, f"folders.jobs = '{shipped('jobs')}'")
    assert settings.job_folders == (shipped("jobs"),)


@pytest.mark.parametrize(
    "text",
    [
        'shop.time_zone = "Asia/Shanghai"',
        "shop.holidays = [2026-01-02]",
        "shop.workdays = [2026-01-03]",
        'shop.greetings = [{ name = "Tea", date = 2026-05-21 }]',
        "shop.return_window.days = 8",
        'jobs.unpaid-nudge.after = "11h"',
        'jobs.unpaid-nudge.only_if = ["unpaid"]',
        "jobs.unpaid-nudge.enabled = false",
        'jobs.unpaid-nudge.within = "2d"',
    ],
)
def test_the_digest_changes_with_what_changes_plans(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).digest != load(tmp_path).digest


@pytest.mark.parametrize(
    "text", ['shop.name = "Tea"', "send.batch = 3", 'log.level = "debug"', 'store.url = "sqlite:///x"']
)
def test_the_digest_stays_otherwise(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).digest == load(tmp_path).digest


class TestPlaces:
    def test_the_file_is_searched_in_this_order(self, tmp_path: Path) -> None:
        (tmp_path / "config").mkdir()
        found = find_settings(None, {}, tmp_path)
        assert (found.file, found.home, found.data) == (shipped("config") / "notifier.toml", tmp_path, tmp_path)
        (tmp_path / "config" / "notifier.toml").touch()
        found = find_settings(None, {}, tmp_path)
        assert (found.file, found.home) == (Path("config/notifier.toml"), tmp_path)
        (tmp_path / "notifier.toml").touch()
        assert find_settings(None, {}, tmp_path).file == Path("notifier.toml")
        named = tmp_path / "other.toml"
        named.touch()
        environment = {"NOTIFIER_CONFIG": str(named)}
        assert find_settings(None, environment, tmp_path).file == named
        assert find_settings(Path("notifier.toml"), environment, tmp_path).file == Path("notifier.toml")

    @pytest.mark.parametrize("environment", [{}, {"NOTIFIER_CONFIG": "nowhere.toml"}])
    def test_a_named_file_must_be_there(self, tmp_path: Path, environment: dict[str, str]) -> None:
        given = None if environment else Path("nowhere.toml")
        with pytest.raises(BadFiles, match=r"nowhere.toml: there is no such settings file; `notifier init` makes one"):
            find_settings(given, environment, tmp_path)

    def test_under_systemd_data_is_in_the_state_directory(self, tmp_path: Path) -> None:
        found = find_settings(None, {"STATE_DIRECTORY": "/var/lib/tea:/var/lib/other"}, tmp_path)
        assert (found.home, found.data) == (tmp_path, Path("/var/lib/tea"))

    @pytest.mark.parametrize(("home", "data"), [("/etc/notifier", "/var/lib/notifier"), ("/srv/tea", "/srv/tea")])
    def test_commands_find_the_data_of_a_system_service(self, home: str, data: str) -> None:
        assert data_folder(Path(home), {}) == Path(data)
        assert data_folder(Path(home), {"STATE_DIRECTORY": "/var/lib/tea"}) == Path("/var/lib/tea")


class TestRegistry:
    def test_nothing_is_imported_to_list_the_types(self) -> None:
        assert {"smtp", "twilio"} <= shipped_types("channel").keys()
        assert {"sql", "http", "files"} == shipped_types("source").keys()

    def test_a_source_is_no_channel(self) -> None:
        with pytest.raises(ValueError, match=r"inherits from notifier.options.ChannelOptions"):
            adapter("channel", "tests.fakes.adapters:Ledger")

    @given(st.text(alphabet="ab:.", max_size=8))
    def test_any_other_type_is_refused(self, type_: str) -> None:
        with pytest.raises(ValueError, match=r"there is no source type|cannot be loaded"):
            adapter("source", type_)


def test_shipped_files_are_found_in_a_wheel_and_in_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "notifier"
    (tmp_path / "jobs").mkdir()
    with pytest.raises(NotifierError, match="install shop-notifier again"):
        shipped("jobs", package)
    (tmp_path / "pyproject.toml").touch()
    assert shipped("jobs", package) == tmp_path / "jobs"
    (package / "shipped_files" / "jobs").mkdir(parents=True)
    assert shipped("jobs", package) == package / "shipped_files" / "jobs"
