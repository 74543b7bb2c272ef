"""The settings that come with the program: they work as they are, say every default, and mention every option."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notifier.clock import SystemClock
from notifier.interfaces import Record, Surroundings
from notifier.jobfiles import OVERRIDES, PROMOTED
from notifier.jobtable import JobFile
from notifier.model.order import OrderState
from notifier.options import ChannelOptions, Options, SourceOptions
from notifier.registry import Role, adapter, shipped_types
from notifier.rules.duty import Roster
from notifier.schema import job_schema, oncall_schema, settings_schema
from notifier.settings import load_settings, read_settings
from notifier.settings.oncalltables import (
    AgentTable,
    AlertQuietTable,
    OnCallFile,
    PolicyTable,
    ShiftTable,
    StepTable,
)
from notifier.settings.reach import Reach
from notifier.settings.tables import PromotionTable, SettingsFile
from notifier.shipped import shipped
from notifier.sources.http_options import HttpOptions
from notifier.sources.normalise import Normaliser
from notifier.sources.paths import compile_path

ROOT = Path(__file__).parents[2]
CONFIG = shipped("config") / "notifier.toml"
ONCALL = shipped("config") / "oncall.toml"
EXAMPLES = sorted((shipped("config") / "examples").glob("*.toml"))
SECRET = re.compile(r'env = "([A-Z_]+)"')


def uncommented(file: Path = CONFIG) -> str:
    """The shipped settings with every example switched on."""
    return re.sub(r"(?m)^#(?=[^ \n])", "", file.read_text(encoding="utf-8"))


def give_secrets(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRET.findall(text):
        monkeypatch.setenv(name, "tgram://1:a/2" if name == "APPRISE_URL" else "sqlite:///secret.db")


def test_a_fresh_installation_works_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NOTIFIER_CONFIG", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings()
    assert settings.file == CONFIG
    assert settings.store_url == f"sqlite:///{tmp_path}/var/notifier.db"
    assert [(channel.name, channel.kind) for channel in settings.channels.values()] == [("outbox", "email")]
    assert settings.sources == {}
    assert settings.jobs.keys() == {path.stem for path in shipped("jobs").glob("*.toml")}


def test_what_stands_there_is_the_default() -> None:
    data = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    outbox = data.pop("channels")["outbox"]
    assert SettingsFile.model_validate(data) == SettingsFile()
    common = {key: value for key, value in outbox.items() if key in {"enabled", "concurrency", "timeout"}}
    assert ChannelOptions.model_validate({"type": "x", **common}) == ChannelOptions.model_validate({"type": "x"})
    assert len(common) == 3


def test_every_example_in_it_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = uncommented()
    give_secrets(text, monkeypatch)
    (tmp_path / "notifier.toml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "notifier.toml", ["shop.country=CN"], now=datetime(2026, 3, 1, tzinfo=UTC))
    assert {source.options.type for source in settings.sources.values()} == shipped_types("source").keys()
    assert {channel.options.type for channel in settings.channels.values()} == shipped_types("channel").keys()
    assert settings.shop.greetings
    assert settings.clock.start is not None
    assert len(settings.jobs["unpaid-nudge"].variants) == len(settings.oncall.special) == 1


def test_who_is_on_call_works_without_editing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reading = read_settings()
    assert (reading.problems, reading.warnings) == ((), ())
    assert reading.settings is not None
    oncall = reading.settings.oncall
    reach = Reach(reading.settings.channels, Surroundings(reading.shop, SystemClock(), tmp_path))
    roster = Roster(oncall, reading.shop.zone)
    for policy in oncall.policies.values():
        for step in policy.steps:
            assert [reach.by(agent, step.by) for agent in roster.members(step.tell)] == [("outbox",)], policy.name


def test_what_stands_in_oncall_is_the_default() -> None:
    data = tomllib.loads(ONCALL.read_text(encoding="utf-8"))
    office, policy = data["agents"]["office"], data["policies"]["customer-service"]
    assert AgentTable.model_validate(office | {"called": "", "email": ""}) == AgentTable()
    assert PolicyTable.model_validate(policy) == PolicyTable(steps=(StepTable(tell=("customer-service",)),))
    assert policy.keys() == keys_of(PolicyTable)
    assert policy["steps"][0].keys() == keys_of(StepTable)
    assert AlertQuietTable.model_validate(data["quiet"]) == AlertQuietTable()


def test_every_example_of_people_on_call_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = uncommented()
    give_secrets(text, monkeypatch)
    (tmp_path / "notifier.toml").write_text(text, encoding="utf-8")
    (tmp_path / "oncall.toml").write_text(uncommented(ONCALL), encoding="utf-8")
    oncall = load_settings(tmp_path / "notifier.toml", ["shop.country=CN"], now=datetime(2026, 3, 1, tzinfo=UTC)).oncall
    assert len(oncall.agents["amy"].periods) == 3
    assert len(oncall.agents["amy"].days_off) == 15
    assert len(oncall.shifts["evening"].overrides) == 2
    data = tomllib.loads(uncommented(ONCALL))
    assert data.keys() == keys_of(OnCallFile)
    assert data["agents"]["amy"].keys() | {"role"} == keys_of(AgentTable)
    assert data["shifts"]["evening"].keys() == keys_of(ShiftTable)
    assert data["quiet"].keys() == keys_of(AlertQuietTable)


def keys_of(model: type[Options]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_setting_is_mentioned() -> None:
    data = tomllib.loads(uncommented())
    for table, field in SettingsFile.model_fields.items():
        if table in {"sources", "channels", "jobs", "promotions"}:
            continue
        assert isinstance(field.annotation, type)
        assert data[table].keys() == keys_of(field.annotation), table
    assert data["promotions"]["double-eleven"].keys() == keys_of(PromotionTable)
    assert data["jobs"]["unpaid-nudge"].keys() | data["jobs"]["refund-rate"].keys() == OVERRIDES - {"before"}


@pytest.mark.parametrize(("role", "common"), [("source", SourceOptions), ("channel", ChannelOptions)])
def test_every_option_of_every_adapter_is_mentioned(role: Role, common: type[Options]) -> None:
    tables: list[dict[str, Any]] = list(tomllib.loads(uncommented())[f"{role}s"].values())
    mentioned = {key for table in tables for key in table}
    shared = {"fields", "states", "case_kinds", "not_returnable", "base_url", "errors"}
    for type_ in shipped_types(role):
        own = next(table for table in tables if table["type"] == type_)
        for key in keys_of(adapter(role, type_).Options):
            everywhere = key in shared or key in common.model_fields
            assert key in (mentioned if everywhere else own), f"{type_}: {key}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_complete_examples_are_right(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    give_secrets(text, monkeypatch)
    (tmp_path / "notifier.toml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "notifier.toml", now=datetime(2026, 3, 1, tzinfo=UTC))
    assert len(settings.sources) == 1
    assert settings.channels


def test_there_are_examples_of_every_kind_of_source() -> None:
    sources = [source for path in EXAMPLES for source in tomllib.loads(path.read_text("utf-8"))["sources"].values()]
    assert {source["type"] for source in sources} == shipped_types("source").keys()


def test_the_schemas_know_every_key() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settings, job = settings_schema(), job_schema()
    assert job["properties"].keys() == keys_of(JobFile)
    assert job["required"] == ["within"]
    definitions = settings["$defs"]
    top = definitions["SettingsFile"]["properties"]
    assert top.keys() == keys_of(SettingsFile)
    assert top["jobs"]["additionalProperties"]["properties"].keys() == OVERRIDES
    promotion = definitions["PromotionTable"]["properties"]
    assert promotion.keys() == keys_of(PromotionTable)
    assert promotion["jobs"]["additionalProperties"]["properties"].keys() == PROMOTED
    for role in ("source", "channel"):
        choices = top[f"{role}s"]["additionalProperties"]["anyOf"]
        named = {choice["title"]: choice["allOf"] for choice in choices if "title" in choice}
        assert named.keys() == shipped_types("source" if role == "source" else "channel").keys()
        for type_, (reference, constant) in named.items():
            definition = definitions[reference["$ref"].rpartition("/")[2]]
            cls = adapter("source" if role == "source" else "channel", type_)
            assert definition["properties"].keys() == keys_of(cls.Options)
            assert constant == {"properties": {"type": {"const": type_}}}
            assert definition["additionalProperties"] is False


def test_the_schema_of_oncall_knows_every_key() -> None:
    schema = oncall_schema()
    assert schema["properties"].keys() == keys_of(OnCallFile)
    for model in (AgentTable, ShiftTable, PolicyTable, StepTable, AlertQuietTable):
        definition = schema["$defs"][model.__name__]
        assert definition["properties"].keys() == keys_of(model)
        assert definition["additionalProperties"] is False


def test_the_digest_is_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(
        '[channels.outbox]\ntype = "maildir"\n[jobs.unpaid-nudge]\nonly_if = [{ tagged = ["a", "b", "c", "d", "e"] }]\n'
    )
    digests = {run_digest(tmp_path, seed) for seed in ("1", "2", "3")}
    assert len(digests) == 1


def run_digest(folder: Path, seed: str) -> str:
    program = "from notifier.settings import load_settings; print(load_settings().digest)"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_a_woocommerce_order_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mapping of the example, on an order as WooCommerce documents it."""
    path = shipped("config") / "examples" / "woocommerce.toml"
    give_secrets(path.read_text(encoding="utf-8"), monkeypatch)
    settings = load_settings(path)
    options = settings.sources["woocommerce"].options
    assert isinstance(options, HttpOptions)
    normaliser = Normaliser("woo", options, settings.shop, compile_path)
    raw = {
        "id": 727,
        "status": "completed",
        "currency": "EUR",
        "date_created_gmt": "2026-03-01T09:00:00",
        "date_modified_gmt": "2026-03-02T10:00:00",
        "date_paid_gmt": "2026-03-01T09:05:00",
        "date_completed_gmt": "2026-03-02T10:00:00",
        "total": "29.35",
        "payment_method": "bacs",
        "payment_url": "https://shop.example.com/pay/727",
        "billing": {"first_name": "Ada", "last_name": "Li", "email": "ada@example.com", "phone": "+12025550101"},
        "shipping": {"address_1": "Tea Road 1", "postcode": "10115", "city": "Berlin"},
        "line_items": [{"id": 315, "name": "Oolong", "sku": "T1", "quantity": 2, "price": 14.5}],
        "meta_data": [
            {"key": "_other", "value": "x"},
            {"key": "_wc_shipment_tracking_items", "value": [{"tracking_provider": "DHL", "tracking_number": "0034"}]},
        ],
    }
    order = normaliser.order(Record("727", "", raw).fields)
    assert (order.id, order.state, order.customer.id, order.customer.name) == (
        "727",
        OrderState.SHIPPED,
        "ada@example.com",
        "Ada Li",
    )
    assert order.placed == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert order.shipped == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert order.address == "Tea Road 1 10115 Berlin"
    assert [(line.title, line.quantity, line.sku) for line in order.lines] == [("Oolong", 2, "T1")]
    assert [(parcel.carrier, parcel.number) for parcel in order.parcels] == [("DHL", "0034")]
    assert order.total is not None
    assert str(order.total.amount) == "29.35"
