from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.errors import UsageError
from notifier.tomlfile import GivenSetting, KeyPath, Overlay, TomlFile, read_toml, spell
from tests.fakes.drawn import together

HERE = Path("x.toml")
SAMPLE = '''# What it is for.
title = "a # b" # [not.a.table]

[shop]
name = """
[shop]
name = 1
"""
days = [
  1, # one
  2,
]
window = { days = 7, from = "mid[night" }
address.street.name = 'Elm "Street"'

[[example]]
order = { placed = 2026-03-01T09:00:00Z }

[[example]] # the second
sends = "nothing"
[example.order]
lines = [{ sku = "a" }, { sku = "b" }]

[a.b.c]
d = 1
[a]
e = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("shop",), 4),
        (("shop", "name"), 5),
        (("shop", "days"), 9),
        (("shop", "days", 1), 9),
        (("shop", "window", "from"), 13),
        (("shop", "address"), 14),
        (("shop", "address", "street", "name"), 14),
        (("example",), 16),
        (("example", 0), 16),
        (("example", 0, "order", "placed"), 17),
        (("example", 1), 19),
        (("example", 1, "sends"), 20),
        (("example", 1, "order"), 21),
        (("example", 1, "order", "lines", 1, "sku"), 22),
        (("a", "b"), 24),
        (("a", "b", "c", "d"), 25),
        (("a",), 26),
        (("a", "e"), 27),
        ((), 1),
        (("nowhere",), 1),
        (("shop", "nowhere", 3), 4),
        (("example", 1, "within"), 19),
    ],
)
def test_line_of_a_key(path: KeyPath, line: int) -> None:
    file = TomlFile(HERE, SAMPLE)
    assert file.problems == []
    assert file.line(path) == line


def test_values_are_tomllib_s_and_the_first_comment_is_kept() -> None:
    file = TomlFile(HERE, SAMPLE)
    assert file.data == tomllib.loads(SAMPLE)
    assert file.comment == "What it is for."
    assert TomlFile(HERE, "a = 1\n# late").comment == ""


def test_windows_line_ends() -> None:
    file = TomlFile(HERE, SAMPLE.replace("\n", "\r\n"))
    assert file.problems == []
    assert file.line(("a", "e")) == 27


_names = st.text("abc-_", min_size=1, max_size=4)
_single = ["1", '"x"', "'#'", "true", '"[{"', "2026-03-01", '"\\""', "[1, 2]", "{ x = 1 }"]
_multiple = [
    '"""\n[a]\nb = 1\n"""',
    "'''\n'''",
    "[\n  1,\n  # ]\n  2\n]",
    '[ { x = 1 },\n { x = "}" } ]',
    '"""\\\n  """',
]
_keys = st.dictionaries(_names, together([*_single, *_multiple], range(3)), max_size=4)
_tables = st.lists(st.tuples(_names, st.booleans(), _keys), max_size=5)


@settings(deadline=None)
@given(_tables)
def test_every_statement_is_found_on_its_line(tables: list[tuple[str, bool, dict[str, tuple[str, int]]]]) -> None:
    lines: list[str] = []
    expected: dict[KeyPath, int] = {}
    counts: dict[str, int] = {}
    for number, (name, listed, keys) in enumerate(tables):
        unique = f"list-{name}" if listed else f"t{number}-{name}"
        lines.append(f"[[{unique}]]" if listed else f"[{unique}] # {name}")
        path: KeyPath = (unique,)
        if listed:
            counts[unique] = counts.get(unique, -1) + 1
            path = (unique, counts[unique])
        expected[path] = len(lines)
        for key, (value, blanks) in keys.items():
            lines.extend(["# = ["] * blanks)
            expected[(*path, key)] = len(lines) + 1
            lines.extend(f"{key} = {value}".split("\n"))
    file = TomlFile(HERE, "\n".join(lines))
    assert file.problems == []
    assert {path: file.line(path) for path in expected} == expected


@settings(deadline=None)
@given(st.text(alphabet="ab=[]{}\"'#\n .,\\1", max_size=60))
def test_any_text_is_either_read_or_reported(text: str) -> None:
    file = TomlFile(HERE, text)
    try:
        data: dict[str, Any] | None = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        data = None
    assert file.problems if data is None else (file.data == data and not file.problems)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in file.problems)


def test_every_wrong_line_is_reported_and_the_rest_is_read() -> None:
    file = TomlFile(HERE, 'a = yes\nb = 1\nc d = 2\nb = 3\ne = "fine"\n')
    assert [str(problem) for problem in file.problems] == [
        'x.toml:1: is not TOML: the value makes no sense; text stands in quotes, as in key = "text"',
        "x.toml:3: is not TOML: expected '=' after a key in a key/value pair",
        "x.toml:4: is not TOML: this key or table stands in the file already",
    ]
    assert file.data == {"b": 1, "e": "fine"}


def test_a_mistake_without_a_visible_end_is_reported_once() -> None:
    file = TomlFile(HERE, 'a = [1, 2\nb = 1\n[c]\nd = "x"\n')
    assert [(problem.line, problem.message) for problem in file.problems] == [(2, "is not TOML: unclosed array")]
    assert file.data == {}


def test_consequences_of_a_mistake_are_not_reported() -> None:
    file = TomlFile(HERE, "a = [1,\n b=2]\n")
    assert [problem.line for problem in file.problems] == [2]
    assert file.data == {}


def test_a_table_that_stands_twice_is_reported_where_it_stands_again() -> None:
    file = TomlFile(HERE, "[a]\nb = 1\n[a]\nc = 1\n")
    assert [problem.line for problem in file.problems] == [3]
    assert file.data == {}


def test_a_text_that_never_ends_points_to_the_last_line() -> None:
    file = TomlFile(HERE, 'a = """\nb\n')
    assert [problem.line for problem in file.problems] == [3]


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'a = 1\nb = "\xe9"\n')
    latin = read_toml(tmp_path / "latin.toml")
    assert [(p.line, p.message) for p in latin.problems] == [(2, "is not UTF-8; save the file in that encoding")]
    missing = read_toml(tmp_path / "missing.toml")
    assert [(p.line, p.message) for p in missing.problems] == [(0, "cannot be read: No such file or directory")]
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_toml(tmp_path / "bom.toml").data == {"a": 1}


def test_later_layers_win_key_by_key_and_mistakes_point_to_them() -> None:
    job = TomlFile(Path("job.toml"), 'after = "1h"\nchannels = ["a", "b"]\n[window]\ndays = 1\nfrom = "x"\n')
    above = TomlFile(Path("s.toml"), '\n[jobs.job]\nchannels = ["c"]\nwindow.days = 2\n')
    table = Overlay((job, ()), (above, ("jobs", "job")))
    assert table.data == {"after": "1h", "channels": ["c"], "window": {"days": 2, "from": "x"}}
    assert str(table.problem(("channels", 0), "bad")) == "s.toml:3: jobs.job.channels[1]: bad"
    assert str(table.problem(("window", "days"), "bad")) == "s.toml:4: jobs.job.window.days: bad"
    assert str(table.problem(("window", "from"), "bad")) == "job.toml:5: window.from: bad"
    assert str(table.problem(("within",), "is missing")) == "job.toml:1: within: is missing"
    assert str(table.problem(("window", "to"), "is missing")) == "job.toml:3: window.to: is missing"
    assert table.has(("after",))
    assert not table.has(("within",))


def test_layers_do_not_change_their_files() -> None:
    below, above = TomlFile(HERE, "[a]\nb = 1"), TomlFile(HERE, "[a]\nc = 1")
    Overlay((below, ()), (above, ())).data["a"]["d"] = 1
    assert (below.data, above.data) == ({"a": {"b": 1}}, {"a": {"c": 1}})


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("jobs.unpaid-nudge.after=6h", {"jobs": {"unpaid-nudge": {"after": "6h"}}}),
        ("send.weekly_cap=3", {"send": {"weekly_cap": 3}}),
        ('jobs.x.after=["1h", "2h"]', {"jobs": {"x": {"after": ["1h", "2h"]}}}),
        ("shop.name=a = b", {"shop": {"name": "a = b"}}),
        ("shop.name=鱼🐟", {"shop": {"name": "鱼🐟"}}),
        ("jobs.x.at=10:00", {"jobs": {"x": {"at": "10:00"}}}),
        ("shop.name=", {"shop": {"name": ""}}),
    ],
)
def test_settings_of_the_command_line(text: str, data: dict[str, Any]) -> None:
    setting = GivenSetting(text)
    assert setting.data == data
    assert str(Overlay((setting, ())).problem((next(iter(data)),), "bad")) == f"--set: {next(iter(data))}: bad"


@pytest.mark.parametrize("text", ["after", "=6h", "a b=1", "a.=1"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a setting"):
        GivenSetting(text)


def test_paths_are_spelled_as_people_count() -> None:
    assert spell(("jobs", "unpaid-nudge", "only_if", 1)) == "jobs.unpaid-nudge.only_if[2]"
