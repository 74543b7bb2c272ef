"""What `pip install` gives: everything that travels with the program, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = ("jobs", "templates", "config", "systemd")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the tools that are locked, so without asking any package index."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def read(wheel: Path, suffix: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(suffix))
        return archive.read(name).decode()


def below(folder: str, suffix: str = "") -> set[str]:
    """The files of a folder of the project, by their paths in it."""
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files if path.name.endswith(suffix)}


@pytest.mark.parametrize("folder", SHIPPED)
def test_what_people_edit_travels_whole(names: set[str], folder: str) -> None:
    ours = below(folder)
    assert ours
    assert {name for name in names if f"/shipped_files/{folder}/" in name} == {
        f"notifier/shipped_files/{name}" for name in ours
    }


def test_the_program_travels_whole(names: set[str]) -> None:
    code = {name for name in names if name.endswith(".py") and "/shipped_files/" not in name}
    assert code == below("notifier", ".py")
    assert any(name.startswith("notifier/store/migrations/") for name in code)


def test_nothing_else_travels(names: set[str]) -> None:
    others = {name for name in names if not name.startswith("notifier/") and ".dist-info/" not in name}
    assert others == set()
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".db"))]


def test_what_it_says_about_itself(wheel: Path) -> None:
    about: Message = HeaderParser().parsestr(read(wheel, ".dist-info/METADATA"))
    assert about["Name"] == "shop-notifier"
    assert about["Requires-Python"] == ">=3.11"
    assert about["License-Expression"] == "MIT"
    needed = about.get_all("Requires-Dist", [])
    assert any(line.startswith("sqlalchemy") for line in needed)
    assert not any(line.startswith(("pytest", "ruff")) for line in needed)
    assert "notifier" in str(about.get_payload())


def test_the_command_it_brings(wheel: Path) -> None:
    assert "notifier = notifier.__main__:main" in read(wheel, ".dist-info/entry_points.txt")


def test_types_are_for_its_users_too(names: set[str]) -> None:
    assert "notifier/py.typed" in names


def test_installed_it_finds_what_travelled_with_it(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = f"from notifier.shipped import shipped; print(*(shipped(name) for name in {SHIPPED}), sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(tmp_path / "notifier" / "shipped_files" / name) for name in SHIPPED]
