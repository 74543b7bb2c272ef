"""The table `[web]`: off by itself, on with a public address, its secret kept elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.errors import BadFiles
from notifier.settings import load_settings
from notifier.settings.tables import WebTable


def load(folder: Path, text: str, secrets: bool = True) -> WebTable:
    file = folder / "notifier.toml"
    file.write_text(f'{text}\n[channels.outbox]\ntype = "maildir"\n', encoding="utf-8")
    return load_settings(file, secrets=secrets).web


def test_it_listens_once_it_has_a_public_address(tmp_path: Path) -> None:
    assert not load(tmp_path, "").enabled
    web = load(tmp_path, '[web]\npublic_url = "https://notifier.example.com/x/"\nport = 0')
    assert web.enabled
    assert (web.public_url, web.host, web.port) == ("https://notifier.example.com/x", "127.0.0.1", 0)


def test_its_secret_is_read_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_SECRET", "0123456789abcdef")
    web = load(tmp_path, '[web]\nsecret = { env = "WEB_SECRET" }')
    assert web.secret is not None
    assert web.secret.get_secret_value() == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(web)


def test_commands_that_send_nothing_do_without_it(tmp_path: Path) -> None:
    text = '[web]\nsecret = { credential = "web-secret" }'
    web = load(tmp_path, text, secrets=False)
    assert web.secret is not None
    assert not web.secret.get_secret_value()
    with pytest.raises(BadFiles, match=r"web.secret: credential web-secret is only there under systemd"):
        load(tmp_path, text)


def test_the_database_is_needed_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(BadFiles, match=r"store.url: is empty, or the place where it is kept cannot be read here"):
        load(tmp_path, '[store]\nurl = { env = "NO_SUCH_VARIABLE" }', secrets=False)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('secret = { env = "SHORT" }', "web.secret: must have at least 16 characters"),
        ('secret = "0123456789abcdef"', "web.secret: secrets do not belong in this file"),
        ('public_url = "notifier.example.com"', "web.public_url: must be a web address"),
        ("port = 65536", "web.port: "),
        ('host = ""', "web.host: "),
        ("enabled = true", "web.enabled: "),
    ],
)
def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mistake: str) -> None:
    monkeypatch.setenv("SHORT", "0123456789abcde")
    with pytest.raises(BadFiles, match=mistake) as caught:
        load(tmp_path, f"[web]\n{text}")
    assert "0123456789" not in str(caught.value)
