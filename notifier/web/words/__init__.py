"""What the web application says, in each language: one TOML file here is one language.

Every phrase is a line with `{fields}`, filled by `str.format`; the files have the same phrases with the same fields.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_FALLBACK = "en"


class Words:
    """The phrases of one language. `language` is the one they are in."""

    def __init__(self, language: str, phrases: Mapping[str, str]) -> None:
        self.language = language
        self._phrases = phrases

    def say(self, phrase: str, **fields: object) -> str:
        """The phrase of that name, filled."""
        return self._phrases[phrase].format(**fields)

    def has(self, phrase: str) -> bool:
        """Whether there is a phrase of that name."""
        return phrase in self._phrases


@cache
def words_for(language: str) -> Words:
    """The words for a reader of `language`: these, those of a related language (`zh` reads zh-CN), or the English."""
    known = {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}
    related = [name for name in known if name.partition("-")[0] == language.partition("-")[0]]
    found = language if language in known else (related or [_FALLBACK])[0]
    return Words(found, tomllib.loads(known[found].read_text(encoding="utf-8")))
