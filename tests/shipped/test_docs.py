"""The guides for users: they name everything there is, nothing that is not, and their examples work."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import ValidationError

from notifier.channels.webhook import signature
from notifier.cli.app import app
from notifier.clock import SystemClock, VirtualClock
from notifier.examples import check_examples
from notifier.interfaces import Channel
from notifier.jobfiles import OVERRIDES, load_jobs
from notifier.jobtable import EVENTS, JobFile
from notifier.mistakes import did_you_mean
from notifier.model.message import Receipt, TryLater
from notifier.model.order import DEADLINES, MOMENTS, Customer
from notifier.model.reminder import State
from notifier.model.shop import Shop
from notifier.parts import build_channels
from notifier.registry import shipped_types
from notifier.render.context import VARIABLES
from notifier.render.sandbox import sandbox
from notifier.rules.conditions import CONDITIONS
from notifier.settings import load_settings, read_settings
from notifier.settings.oncalltables import AgentTable, PolicyTable, ShiftTable, StepTable
from notifier.settings.tables import SettingsFile
from notifier.shipped import shipped
from notifier.sources.mapping import GROUPS, MappingOptions
from notifier.tomlfile import Overlay
from tests.fakes.letters import NOW, deliver

ROOT = Path(__file__).parents[2]
FILES = {path.name: path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
JOBS, CONNECT, OPERATE = (TEXTS[f"{name}.md"] for name in ("jobs", "connect", "operate"))
COMMANDS: Mapping[str, object] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def words(text: str) -> set[str]:
    """Every word that stands between backticks."""
    return {word.strip("\"'[]{},:") for span in re.findall(r"`([^`\n]+)`", text) for word in span.split()}


def missing(wanted: Iterable[str], text: str) -> set[str]:
    return set(wanted) - words(text)


def block(text: str, language: str, holding: str) -> str:
    """The code block in which something stands."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(code for code in blocks if holding in code)


def row(text: str, first: str) -> set[str]:
    """The words of the table row that begins with `first`."""
    return words(next(line for line in text.splitlines() if line.startswith(f"| {first}")).removeprefix(f"| {first}"))


def test_every_condition_is_explained() -> None:
    assert missing(CONDITIONS, JOBS) == set()


def test_every_moment_is_listed_and_no_other() -> None:
    named = {
        word for word in words(JOBS) if re.fullmatch(r"(order|parcel|case|review|calendar|system|shift)\.[a-z_]+", word)
    }
    attributes = {"order.state", "order.note"}  # used in texts
    assert named - attributes == set(EVENTS)


def test_every_key_of_a_job_is_explained() -> None:
    explained = {line.split("`")[1] for line in JOBS.splitlines() if line.startswith("| `")}
    assert JobFile.model_fields.keys() <= explained
    assert missing(OVERRIDES, JOBS.partition("## Changing a shipped job")[2].partition("## ")[0]) == set()


def test_every_shipped_job_is_in_the_readme() -> None:
    assert missing((path.stem for path in shipped("jobs").glob("*.toml")), TEXTS["README.md"]) == set()


def test_every_table_of_the_settings_is_mentioned() -> None:
    guides = JOBS + CONNECT + OPERATE
    assert {table for table in SettingsFile.model_fields if not re.search(rf"`\[+{table}[.\]]", guides)} == set()


def test_every_variable_and_filter_of_texts_is_explained() -> None:
    texts = JOBS.partition("## Texts")[2]
    assert missing(VARIABLES, texts) == set()
    assert missing(sandbox([]).filters.keys() - jinja_filters(), texts) == set()
    assert row(texts, "`shop` | ") - {"…"} <= {field.name for field in fields(Shop)}


def jinja_filters() -> set[str]:
    from jinja2.filters import FILTERS

    return set(FILTERS)


@pytest.mark.parametrize("group", GROUPS)
def test_every_field_of_a_list_is_named(group: str) -> None:
    assert row(CONNECT, f"`{group}` | ") == set(GROUPS[group])


def mappable() -> set[str]:
    """Every field that settings can map, as the error about any other one lists them."""
    with pytest.raises(ValidationError) as caught:
        MappingOptions.model_validate({"type": "x", "fields": {"nonsense": "x"}})
    return set(str(caught.value.errors()[0]["ctx"]["error"]).partition("there are ")[2].split(", "))


def test_every_field_of_an_order_is_named() -> None:
    own = {field for field in mappable() if "." not in field} - {*GROUPS}
    assert own == row(CONNECT, "the order | ") | {*MOMENTS, *DEADLINES}
    customers = {field.removeprefix("customer.") for field in mappable() if field.startswith("customer.")}
    assert customers == row(CONNECT, "`customer.` | ") - {"customer.chat.NAME"}


def test_every_adapter_is_named() -> None:
    assert missing(shipped_types("channel"), CONNECT) == set()
    assert set(re.findall(r'^## .*`type = "(\w+)"`', CONNECT, re.MULTILINE)) == shipped_types("source").keys()


def test_every_state_is_explained() -> None:
    assert missing(State, OPERATE) == set()


def test_every_command_is_mentioned_and_no_other() -> None:
    named = {name for text in TEXTS.values() for name in commands(text)}
    assert {f"{name}{did_you_mean(name, COMMANDS)}" for name in named - COMMANDS.keys()} == set()
    assert COMMANDS.keys() - named == set()


def commands(text: str) -> Iterator[str]:
    """The commands of ours in code blocks, at the beginning of a line, and between backticks."""
    shown = re.compile(
        r"^(?:[$#] )?(?:[A-Z_]+=\S+ )?(?:/opt/notifier/bin/)?notifier (?:(?:-c|--config) \S+ )?([a-z-]+)"
    )
    for number, part in enumerate(re.split(r"^```\w*$", text, flags=re.MULTILINE)):
        candidates = part.splitlines() if number % 2 else re.findall(r"`([^`\n]+)`", part)
        yield from (match[1] for candidate in candidates if (match := shown.match(candidate)))


def test_what_the_daemon_complains_about_is_explained() -> None:
    modules = (ast.parse(path.read_bytes()) for path in (ROOT / "notifier").rglob("*.py"))
    said = {event for module in modules for event in calls_of_the_log(module, {"warning", "error"})}
    told = [span.rstrip("…") for span in re.findall(r"^\| `([^`]+)` \| (?:warning|error)", OPERATE, re.MULTILINE)]
    assert len(said) >= 16
    assert {event for event in said if not any(event.startswith(start) for start in told)} == set()


def calls_of_the_log(tree: ast.Module, levels: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("log" | "_log") | ast.Attribute(attr="_log"), attr=level),
                args=[ast.Constant(str(event)), *_],
            ) if level in levels:
                yield event


@pytest.mark.parametrize("name", FILES)
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXTS[name]):
        path, _, anchor = target.partition("#")
        file = (FILES[name].parent / path).resolve() if path else FILES[name]
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    """The anchors that headings get: small letters, blanks as hyphens, nothing else."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["README.md", "jobs.md"])
def test_the_job_shown_holds_its_examples(name: str, tmp_path: Path) -> None:
    (tmp_path / "second-nudge.toml").write_text(block(TEXTS[name], "toml", "second-nudge"), encoding="utf-8")
    problems: list[Any] = []
    loaded = load_jobs([tmp_path], Overlay(), problems)
    assert problems == []
    job, _ = loaded["second-nudge"]
    assert job.examples
    assert check_examples([job]) == []


def test_the_source_shown_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE", "sqlite:///shop.db")
    shown = block(CONNECT, "toml", "[sources.shop]")
    (tmp_path / "notifier.toml").write_text(f'{shown}\n[channels.outbox]\ntype = "maildir"\n', encoding="utf-8")
    assert load_settings(tmp_path / "notifier.toml").sources.keys() == {"shop"}


def test_the_staff_shown_is_right(tmp_path: Path) -> None:
    (tmp_path / "oncall.toml").write_text(block(TEXTS["oncall.md"], "toml", "[agents.amy]"), encoding="utf-8")
    channels = '[channels.outbox]\ntype = "maildir"\n[channels.screen]\ntype = "console"\nkind = "sms"\n'
    (tmp_path / "notifier.toml").write_text(channels, encoding="utf-8")
    reading = read_settings(tmp_path / "notifier.toml", now=NOW)
    assert (reading.problems, reading.warnings) == ((), ())
    assert reading.oncall.agents.keys() == {"amy", "ben", "cleo"}


def test_the_promotion_shown_is_right(tmp_path: Path) -> None:
    shown = block(JOBS, "toml", "[promotions.double-eleven]")
    (tmp_path / "notifier.toml").write_text(f'{shown}\n[channels.outbox]\ntype = "maildir"\n', encoding="utf-8")
    settings = load_settings(tmp_path / "notifier.toml", now=NOW)
    assert {name for name, job in settings.jobs.items() if job.variants} == {"unpaid-nudge", "revisit"}
    assert settings.oncall.special


def test_every_key_of_the_staff_is_explained() -> None:
    tables = (AgentTable, ShiftTable, PolicyTable, StepTable)
    keys = {field.alias or name for table in tables for name, field in table.model_fields.items()}
    assert missing(keys, TEXTS["oncall.md"]) == set()


def loft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Channel:
    """The channel of the guide, built from settings as a user would write them."""
    (folder / "pigeon.py").write_text(block(CONNECT, "python", "class Loft"), encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    (folder / "notifier.toml").write_text('[channels.loft]\ntype = "pigeon:Loft"\nfolder = "letters"\n[jobs]\n')
    settings = load_settings(folder / "notifier.toml", [f'jobs.{name}.channels=["loft"]' for name in job_names()])
    return build_channels(settings, VirtualClock(NOW))["loft"]


def job_names() -> list[str]:
    return [path.stem for path in shipped("jobs").glob("*.toml")]


async def test_the_channel_shown_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = loft(tmp_path, monkeypatch)
    assert channel.kind == "sms"
    assert channel.address_of(Customer(phone="+12025550101")) == "+12025550101"
    assert channel.address_of(Customer()) is None
    assert isinstance(await deliver(channel), TryLater), "there is no folder yet"
    (tmp_path / "letters").mkdir()
    assert await deliver(channel, text="Coo.") == Receipt()
    assert [path.read_text() for path in (tmp_path / "letters").iterdir()] == ["+12025550123\nCoo."]
    await channel.close()


def test_the_receiver_shown_knows_our_signature() -> None:
    shown: dict[str, Any] = {}
    exec(block(CONNECT, "python", "def is_genuine"), shown)
    now, body = str(int(SystemClock().now().timestamp())), b'{"text": "Hello"}'

    def genuine(secret: str = "s", body: bytes = body, stamp: str = now) -> bool:
        headers: Mapping[str, str] = {
            "X-Notifier-Timestamp": stamp,
            "X-Notifier-Signature": signature("s", stamp, body),
        }
        return bool(shown["is_genuine"](secret, headers, b'{"text": "Hello"}'))

    assert genuine()
    assert not genuine(secret="other")
    assert not genuine(body=b"{}")
    assert not genuine(stamp=str(int(now) - 3600))
