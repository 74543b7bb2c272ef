"""What the web application says: the same phrases with the same fields in every language."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest

from notifier.web import words
from notifier.web.words import words_for

FILES = {path.stem: path for path in Path(words.__file__).parent.glob("*.toml")}


def phrases(language: str) -> dict[str, str]:
    return tomllib.loads(FILES[language].read_text(encoding="utf-8"))


def fields(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def test_both_languages_are_there() -> None:
    assert {"en", "zh-CN"} <= FILES.keys()


@pytest.mark.parametrize("language", sorted(FILES))
def test_every_language_says_everything(language: str) -> None:
    assert {name: fields(text) for name, text in phrases(language).items()} == {
        name: fields(text) for name, text in phrases("en").items()
    }


@pytest.mark.parametrize("language", sorted(FILES))
def test_every_phrase_is_used(language: str) -> None:
    package = Path(words.__file__).parents[1]
    code = "".join(path.read_text("utf-8") for suffix in ("py", "html") for path in package.rglob(f"*.{suffix}"))
    for name in phrases(language):
        stem = re.sub("_why$", "", name)
        assert f'"{stem}"' in code or name.startswith("did_"), name


@pytest.mark.parametrize(
    ("language", "found"),
    [("en", "en"), ("en-GB", "en"), ("zh-CN", "zh-CN"), ("zh", "zh-CN"), ("zh-TW", "zh-CN"), ("de", "en"), ("", "en")],
)
def test_whose_words_a_reader_gets(language: str, found: str) -> None:
    assert words_for(language).language == found
