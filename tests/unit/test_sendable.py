"""The texts are looked at before anything is sent, and once is enough as long as nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.errors import BadFiles
from notifier.sendable import ensure_sendable, fingerprint_of
from notifier.settings import Settings, load_settings
from notifier.shipped import shipped
from notifier.store.memory import MemoryStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAPER = '[channels.paper]\ntype = "tests.fakes.adapters:Paper"\ntray = 1\n'
NO_OTHER_JOB = "".join(
    f"[jobs.{path.stem}]\nenabled = false\n" for path in shipped("jobs").glob("*.toml") if path.stem != "unpaid-nudge"
)
TEXT = "【{{ shop.name }}】 {{ order.id }} waits. {% if order.note %}{{ order.note }}{% endif %}"


def settings(folder: Path, text: str = "") -> Settings:
    """One job, with a text of the shop's own."""
    file, own = folder / "notifier.toml", folder / "templates" / "en" / "unpaid-nudge"
    file.write_text(f"{text}\n{PAPER}{NO_OTHER_JOB}", encoding="utf-8")
    if not own.exists():
        own.mkdir(parents=True)
        (own / "sms.txt").write_text(TEXT, encoding="utf-8")
    return load_settings(file, now=NOW)


async def test_what_has_passed_is_not_looked_at_again(tmp_path: Path) -> None:
    store = MemoryStore()
    assert await ensure_sendable(settings(tmp_path), store)
    assert not await ensure_sendable(settings(tmp_path), store)


def new_text(folder: Path) -> str:
    """Just as long as the one before."""
    text = TEXT.replace("waits", "is on")
    (folder / "templates" / "en" / "unpaid-nudge" / "sms.txt").write_text(text, encoding="utf-8")
    return ""


def new_frame(folder: Path) -> str:
    (folder / "templates" / "frame.html").write_text("{% block body %}{% endblock %}", encoding="utf-8")
    return ""


@pytest.mark.parametrize(
    "change",
    [
        new_text,
        new_frame,
        lambda folder: '[shop]\nname = "Another Shop"',
        lambda folder: '[jobs.unpaid-nudge]\nafter = ["1h", "2h"]',
        lambda folder: '[channels.letters]\ntype = "maildir"',
    ],
)
async def test_whatever_changes_is_looked_at(tmp_path: Path, change: Callable[[Path], str]) -> None:
    store = MemoryStore()
    await ensure_sendable(settings(tmp_path), store)
    changed = settings(tmp_path, change(tmp_path))
    assert await ensure_sendable(changed, store)
    assert not await ensure_sendable(changed, store)


async def test_a_mistake_is_told_until_it_is_mended(tmp_path: Path) -> None:
    store, first = MemoryStore(), settings(tmp_path)
    await ensure_sendable(first, store)
    text = tmp_path / "templates" / "en" / "unpaid-nudge" / "sms.txt"
    text.write_text("{{ order.id }\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(BadFiles, match=r"unpaid-nudge/sms.txt:1"):
            await ensure_sendable(first, store)
    text.write_text(TEXT, encoding="utf-8")
    assert not await ensure_sendable(first, store)  # just this has passed before


async def test_a_text_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    first = settings(tmp_path)
    text = tmp_path / "templates" / "en" / "unpaid-nudge" / "sms.txt"
    text.unlink()
    text.symlink_to("/proc/self/mem")  # a file that nobody can read, not even root
    for _ in range(2):
        with pytest.raises(BadFiles, match=r"sms.txt: unpaid-nudge: cannot be read"):
            await ensure_sendable(first, MemoryStore())


def test_another_version_of_the_program_looks_itself(tmp_path: Path) -> None:
    own = settings(tmp_path)
    assert fingerprint_of(own, ["0.1.0"]) != fingerprint_of(own, ["0.1.1"])


def test_what_no_text_depends_on_does_not_matter(tmp_path: Path) -> None:
    assert fingerprint_of(settings(tmp_path)) == fingerprint_of(settings(tmp_path, "[send]\ndaily_cap = 3"))
