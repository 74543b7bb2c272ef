"""The words of digests: a table of each language, `templates/LANGUAGE/digests.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifier.errors import Problem
from notifier.render.library import language_chain
from notifier.tomlfile import Overlay, TomlFile, read_toml

FILE = "digests.toml"
_NAME = re.compile(r"\{(\w+)\}")
_SENTENCES = ("title", "introduction", "nothing")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, and below them those of English for what it lacks."""

    language: str
    table: Overlay

    def of(self, group: str, name: str) -> str:
        """The word for a column, a class or a table; the name itself where there is none."""
        return str(self.table.data.get(group, {}).get(name, name))

    def sentence(self, group: str, name: str, values: Mapping[str, str], count: int | None = None) -> str:
        """A sentence with its names filled in. Of two the first is for one thing."""
        found = self.table.data.get(group, {}).get(name, "")
        if isinstance(found, list):
            found = found[0 if count == 1 else -1] if found else ""
        return _NAME.sub(lambda match: values.get(match[1], match[0]), str(found))


class DigestWords:
    """The words of all languages of some folders; the first folder that says something wins. Read once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._files: dict[str, list[TomlFile]] = {}
        for folder in reversed(folders):
            for path in sorted(folder.glob(f"*/{FILE}")):
                self._files.setdefault(path.parent.name, []).append(read_toml(path))

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def words(self, wanted: str, fallback: str = "") -> Words:
        """The words for a reader of `wanted`, else of `fallback`, else English."""
        chain = language_chain([name for name in (wanted, fallback, "en") if name], self.languages)
        language = next(chain, "en")
        files = [*self._files.get("en", ()), *(self._files.get(language, ()) if language != "en" else ())]
        return Words(language, Overlay(*((file, ()) for file in files)))

    def problems(self) -> Iterator[Problem]:
        """Every mistake of the files: what is no TOML, what no digest says, names in braces that nothing fills."""
        for files in self._files.values():
            for file in files:
                yield from file.problems
                yield from (problem for problem in self._unknown(file))

    def _unknown(self, file: TomlFile) -> Iterator[Problem]:
        """What the English table does not have: its own mistake, or one of a translation."""
        english = self._files["en"][0].data
        for group, entries in file.data.items():
            known = english.get(group)
            if not isinstance(known, dict) or not isinstance(entries, dict):
                yield Problem(file.path, file.line((group,)), group, "is nothing that a digest says")
                continue
            for name, text in entries.items():
                if name not in known:
                    yield Problem(file.path, file.line((group, name)), f"{group}.{name}", "is nothing that it says")
                elif extra := _names(text) - _names(known[name]) - _fillable(english, group):
                    message = f"there is nothing to fill in for {{{min(extra)}}}"
                    yield Problem(file.path, file.line((group, name)), f"{group}.{name}", message)


def _fillable(english: Mapping[str, Any], group: str) -> set[str]:
    """The names that all sentences of a digest may have."""
    entries = english[group]
    return {name for sentence in _SENTENCES for name in _names(entries.get(sentence, ""))}


def _names(text: object) -> set[str]:
    return {name for one in (text if isinstance(text, list) else [text]) for name in _NAME.findall(str(one))}
