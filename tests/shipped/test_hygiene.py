"""What holds for every file of the project, and no tool of others checks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from notifier import channels, sources

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "notifier"
LONGEST_FILE = 300
LONGEST_FUNCTION = 60
FOLDERS = (".ci", "benchmarks", "config", "docs", "jobs", "notifier", "systemd", "templates", "tests")
Function = ast.FunctionDef | ast.AsyncFunctionDef
Public = Function | ast.ClassDef


@cache
def modules() -> Mapping[str, ast.Module]:
    """Every module of the program, understood."""
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_bytes()) for path in sorted(PACKAGE.rglob("*.py"))}


def committed() -> Iterator[Path]:
    """Every file that belongs to the project."""
    yield from (
        path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith((".coverage", "coverage"))
    )
    for folder in FOLDERS:
        yield from (p for p in (ROOT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def calls_of_the_clock(tree: ast.Module) -> Iterator[int]:
    """Lines that ask the machine what time it is: `datetime.now`, `datetime.utcnow`, `date.today`, `time.time`."""
    asking = {"datetime": {"now", "utcnow", "today"}, "date": {"today"}, "time": {"time", "time_ns"}}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if node.attr in asking.get(name, ()):
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (node.lineno for alias in node.names if alias.name in asking["time"])


def test_only_the_clock_asks_what_time_it_is() -> None:
    asking = {f"{file}:{line}" for file, tree in modules().items() for line in calls_of_the_clock(tree)}
    assert {place for place in asking if not place.startswith("notifier/clock.py:")} == set()
    assert asking, "the search finds not even the clock's own calls"


@pytest.mark.parametrize(
    "code",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "ask = datetime.now",
        "date.today()",
        "time.time()",
        "from time import time",
        "from time import monotonic, time_ns",
    ],
)
def test_asking_the_time_is_seen_however_it_is_written(code: str) -> None:
    assert list(calls_of_the_clock(ast.parse(code))) == [1]


def test_no_file_is_long() -> None:
    lengths = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in modules()}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_long() -> None:
    lengths = {
        f"{file}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for file, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    }
    assert {place: lines for place, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_everything_public_says_what_it_is() -> None:
    silent = [file for file, tree in modules().items() if not ast.get_docstring(tree)]
    silent += [
        f"{file}:{node.lineno} {node.name}"
        for file, tree in modules().items()
        for node in tree.body
        if isinstance(node, Public) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize(("package", "shipped"), [("channels", channels.SHIPPED), ("sources", sources.SHIPPED)])
def test_adapters_know_nothing_of_each_other(package: str, shipped: Mapping[str, str]) -> None:
    """`smtp` may import `smtp_replies` and what all share, but nothing that belongs to another adapter.

    Adapters for one provider, such as `twilio` and `twilio_voice`, share what is the provider's.
    """
    names = sorted({path.partition(":")[0].rpartition(".")[2] for path in shipped.values()}, key=len)

    def owner(module: str) -> str:
        return next((name for name in names if module == name or module.startswith(f"{name}_")), "")

    strangers = [
        f"{file} imports {imported}"
        for file, tree in modules().items()
        if file.startswith(f"notifier/{package}/")
        for imported in siblings(tree, f"notifier.{package}.")
        if owner(imported) not in {"", owner(Path(file).relative_to(f"notifier/{package}").parts[0].partition(".")[0])}
    ]
    assert strangers == []


def siblings(tree: ast.Module, package: str) -> Iterator[str]:
    """The modules of a package that a module imports, by their first name below it."""
    for node in ast.walk(tree):
        paths: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            paths = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        yield from (path.removeprefix(package).partition(".")[0] for path in paths if path.startswith(package))


# In two halves, so that this file does not contain what it looks for.
FORBIDDEN = [
    "pypi" + ".org",
    "python" + "hosted",
    "registry.np" + "mjs",
    "deb.deb" + "ian",
    "/ro" + "ot/",
    "/wo" + "rk/",
    "/home/" + "[a-z]",
    "BEGIN [A-Z ]*PRIVATE " + "KEY",
]


def test_nothing_is_committed_that_belongs_to_one_machine_or_person() -> None:
    pattern = re.compile("|".join(FORBIDDEN))
    found = []
    for path in committed():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []


def test_locks_are_plain_requirements_with_hashes() -> None:
    assert not {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"} & {path.name for path in ROOT.iterdir()}
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        pins = [line for line in lock.splitlines() if re.match(r"[a-z0-9]", line)]
        assert pins
        assert [pin for pin in pins if "==" not in pin or not pin.endswith("\\")] == []
        assert "--index-url" not in lock


def test_mail_addresses_belong_to_nobody() -> None:
    """Examples and pretended people use the domains that RFC 2606 keeps free; unit tests take apart wrong ones too."""
    mail = re.compile(r"(?<![\w.+:-])[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,6})\b", re.IGNORECASE)
    free = re.compile(r"(.*\.)?(example(\.(com|org|net))?|test|invalid|localhost)", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in committed()
        if path.suffix in {".py", ".toml", ".md", ".txt", ".html", ".csv", ".service"}
        and path.parent != ROOT / "tests" / "unit"
        for match in mail.finditer(path.read_text(encoding="utf-8"))
        if not free.fullmatch(match[1])
    ]
    assert found == []
