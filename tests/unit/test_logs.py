"""One line an event, whoever says it and whatever is in it."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier import logs

log = logs.get("notifier.trial")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("notifier")
    before = list(root.handlers), root.level, ours.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture
def out() -> io.StringIO:
    out = io.StringIO()
    logs.configure("json", "info", out)
    return out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def last(out: io.StringIO) -> dict[str, Any]:
    return lines(out)[-1]


def test_an_event_as_json(out: io.StringIO) -> None:
    before = datetime.now(UTC)
    log.info("page read", source="shop", orders=250, share=0.5, paused=False, cursor=None)
    line = last(out)
    assert datetime.fromisoformat(line.pop("timestamp")) >= before.replace(microsecond=0)
    assert list(line.items()) == [
        ("level", "info"),
        ("logger", "notifier.trial"),
        ("event", "page read"),
        ("source", "shop"),
        ("orders", 250),
        ("share", 0.5),
        ("paused", False),
        ("cursor", None),
    ]


def test_an_event_as_text() -> None:
    out = io.StringIO()
    logs.configure("text", "info", out)
    log.warning("page rejected", source="shop", reason='not "JSON"', orders=0, note="")
    time, _, rest = out.getvalue().partition(" ")
    assert datetime.fromisoformat(time).tzinfo is UTC
    assert rest == 'WARNING notifier.trial: page rejected source=shop reason="not \'JSON\'" orders=0 note=""\n'


@pytest.mark.parametrize(("stream", "start"), [(io.StringIO, "{"), (Terminal, "2")])
def test_a_terminal_gets_text_and_everything_else_json(stream: type[io.StringIO], start: str) -> None:
    out = stream()
    logs.configure("auto", "info", out)
    log.info("ready")
    assert out.getvalue().startswith(start)


def test_levels(out: io.StringIO) -> None:
    log.debug("not this")
    log.info("this")
    log.warning("this")
    log.error("this")
    assert [line["level"] for line in lines(out)] == ["info", "warning", "error"]
    logs.configure("json", "debug", out)
    log.debug("this too")
    assert last(out)["level"] == "debug"


def test_an_adapter_from_outside_logs_at_our_level(out: io.StringIO) -> None:
    logs.get("shop_plugin.channel").info("connected")
    assert last(out)["logger"] == "notifier.shop_plugin.channel"


def test_configuring_again_replaces_what_was_there(out: io.StringIO) -> None:
    other = io.StringIO()
    logs.configure("json", "error", other)
    log.error("once")
    log.warning("not at all")
    assert [line["event"] for line in lines(other)] == ["once"]
    assert lines(out) == []


def test_stderr_is_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    log.info("ready")
    assert json.loads(capsys.readouterr().err)["event"] == "ready"


@pytest.mark.parametrize("library", ["apscheduler.scheduler", "aiohttp.client", "alembic.runtime"])
def test_libraries_speak_from_warnings_upwards(out: io.StringIO, library: str) -> None:
    logs.configure("json", "debug", out)
    logging.getLogger(library).info("a lot of talk")
    logging.getLogger(library).warning("bounce of %s\nfaked line", "ann@example.com")
    assert [line["event"] for line in lines(out)] == [r"bounce of ***@***\nfaked line"]
    assert last(out)["logger"] == library


def test_warnings_of_python_too(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("getting old", stacklevel=1)
    assert "getting old" in last(out)["event"]


def test_a_failure_and_what_it_came_from_in_one_line(out: io.StringIO) -> None:
    try:
        try:
            int("ann@example.com")
        except ValueError as error:
            raise RuntimeError("no answer for\n+8613800138000") from error
    except RuntimeError:
        log.exception("page rejected", source="shop")
    cause = last(out)["cause"]
    assert cause.startswith(r"RuntimeError: no answer for\n***000 (test_logs.py:")
    assert " test_a_failure_and_what_it_came_from_in_one_line); after ValueError: invalid literal" in cause
    assert "ann@" not in cause


def test_a_group_of_failures(out: io.StringIO) -> None:
    try:
        raise ExceptionGroup("two parts fell", [KeyError("a"), OSError(5, "b")])
    except ExceptionGroup:
        log.exception("stopped")
    assert last(out)["cause"].endswith("; after KeyError: 'a'; after OSError: [Errno 5] b")


def test_failures_that_came_from_each_other_come_to_an_end(out: io.StringIO) -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    try:
        raise one
    except ValueError:
        log.exception("stopped")
    assert last(out)["cause"].count("after") == 4


def test_every_value_is_cleaned(out: io.StringIO) -> None:
    nested = {"to": ["ann@example.com", ("x", {"+8613800138000"})], 5: Decimal("9.90")}
    log.info(
        "sent",
        nested=nested,
        body=b"secret",
        when=datetime(2026, 3, 1, 9, tzinfo=UTC),
        day=date(2026, 3, 1),
        error=ValueError("for ann@example.com"),
        token="anything",
        order="13800138000",
    )
    line = last(out)
    assert line["nested"] == {"to": ["***@***", ["x", ["***000"]]], "5": "9.90"}
    assert line["body"] == "<6 bytes>"
    assert line["when"] == "2026-03-01T09:00:00+00:00"
    assert line["day"] == "2026-03-01"
    assert line["error"] == "for ***@***"
    assert line["token"] == "***"
    assert line["order"] == "13800138000"


def test_what_is_nested_too_deep_becomes_text(out: io.StringIO) -> None:
    deep: Any = "ann@example.com"
    for _ in range(9):
        deep = [deep]
    log.info("deep", value=deep)
    told = last(out)["value"][0][0][0][0]
    assert told.startswith("[[[[[")
    assert "ann" not in told


def test_fields_cannot_take_the_place_of_the_head(out: io.StringIO) -> None:
    fields: Mapping[str, Any] = {"level": "debug", "logger": "other", "event": "other", "timestamp": "never"}
    log.error("real", **fields)
    assert (last(out)["level"], last(out)["logger"], last(out)["event"]) == ("error", "notifier.trial", "real")


def test_a_line_that_cannot_be_written_prints_nothing_of_its_own(
    out: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError("ann@example.com")

    log.info("sent", value=Broken())
    assert capsys.readouterr().err == "a line of notifier.trial was not logged: ValueError\n"
    assert out.getvalue() == ""


@given(st.text(), st.dictionaries(st.sampled_from("abc"), st.text() | st.integers() | st.lists(st.text())))
def test_whatever_is_said_is_one_line(event: str, fields: dict[str, Any]) -> None:
    for form in ("json", "text"):
        out = io.StringIO()
        logs.configure(form, "info", out)
        log.info(event, **fields)
        assert len(out.getvalue().splitlines()) == 1
        assert out.getvalue().encode().endswith(b"\n")


def test_a_module_that_logs_costs_no_start_up_time() -> None:
    code = "import sys, notifier.logs as l; l.get('x').debug('y'); print('structlog' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
