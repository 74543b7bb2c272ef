"""Finding and filling templates: folders, languages, and one compiled copy of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateError

from notifier.render.broken import BrokenText, broken_text
from notifier.render.sandbox import sandbox, unknown_names, within_folder

LARGEST = 64 * 1024
"""Characters of one rendered text; a template that makes more has a mistake."""
_MOST_PIECES = 20_000
_FILES = {
    "sms": ("sms.txt", ""),
    "email": ("email.txt", "email.html"),
    "chat": ("chat.txt", ""),
    "voice": ("voice.txt", ""),
    "alert": ("alert.txt", ""),
}


@dataclass(frozen=True, slots=True)
class Source:
    """The templates of one job for one kind of channel: `html` is empty where there is none."""

    language: str
    folder: Path
    text: str
    html: str = ""

    def file(self, name: str) -> Path:
        """Where the template `name` of this source stands."""
        return self.folder / within_folder(name)


class Library:
    """All templates of some folders, each compiled when first asked for and then kept.

    The first folder that has anything for a language, job and kind serves it alone: who replaces `email.txt` does not
    get the shipped `email.html` with it, which would say something else. Files are looked for once; changed files need
    a new library, as a reload makes. Raises BrokenText if a folder cannot be read.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._sources = {key: source for folder in reversed(range(len(folders))) for key, source in self._scan(folder)}
        self.languages = tuple(sorted({language for language, _, _ in self._sources}))
        self.environment = sandbox(self.folders)
        self.find = lru_cache(4096)(self._find)

    def source(self, language: str, job: str, kind: str) -> Source | None:
        """The templates of exactly this language."""
        return self._sources.get((language, job, kind))

    def jobs(self, language: str) -> set[str]:
        """The jobs that have a text in this language."""
        return {job for written, job, _ in self._sources if written == language}

    def template(self, name: str) -> Template:
        """A compiled template. Raises BrokenText."""
        try:
            return self.environment.get_template(name)
        except (TemplateError, UnicodeDecodeError) as error:
            raise self._broken(name, error) from None

    def fill(self, name: str, variables: Mapping[str, Any]) -> str:
        """A template with its variables put in. Raises BrokenText; the error names places, never data."""
        template = self.template(name)
        known = {**self.environment.globals, **variables}
        # What `template.new_context` does, without walking through its chained globals: a third of the time of an SMS.
        context = self.environment.context_class(self.environment, known, template.name, template.blocks)
        pieces = template.root_render_func(context)
        try:
            text = "".join(islice(pieces, _MOST_PIECES))
            ended = next(pieces, None) is None
        except Exception:  # noqa: BLE001 – whatever a template does, this message fails and no other
            raise self._failed(name) from None
        if len(text) > LARGEST or not ended:
            raise BrokenText(self.path(name), 0, f"it makes a text of more than {LARGEST // 1024} KB")
        return text

    def unknown_names(self, name: str, known: Mapping[str, Collection[str] | None]) -> Iterator[tuple[int, str]]:
        """The names in a template that nothing will ever fill, with their lines, in whatever branch they stand.

        `known` are the variables, each with its attributes where these are known.
        """
        return unknown_names(self.environment, self.path(name).read_text(encoding="utf-8"), known)

    def path(self, name: str) -> Path:
        """The file of a template."""
        number, _, rest = name.partition("/")
        return self.folders[int(number[1:])] / rest

    def _scan(self, number: int) -> Iterator[tuple[tuple[str, str, str], Source]]:
        folder = self.folders[number]
        for job, files in _job_folders(folder):
            language = job.parent.name
            for kind, (text, html) in _FILES.items():
                if not files.isdisjoint({text, html}):
                    start = f"@{number}/{language}/{job.name}/"
                    page = start + html if html in files else ""
                    yield (language, job.name, kind), Source(language, folder, start + text, page)

    def _find(self, wanted: str, fallback: str, job: str, kind: str) -> Source | None:
        for language in language_chain((wanted, fallback, "en"), self.languages):
            if source := self.source(language, job, kind):
                return source
        return None

    def _failed(self, name: str) -> BrokenText:
        """The exception being handled, with the template's own lines in place of the compiled ones."""
        try:
            self.environment.handle_exception()
        except Exception as error:  # noqa: BLE001 – Jinja2 raises the same exception again
            return self._broken(name, error)

    def _broken(self, name: str, error: Exception) -> BrokenText:
        return broken_text(error, self.path(name), self.folders)


def _job_folders(folder: Path) -> list[tuple[Path, set[str]]]:
    """The folders of jobs in a folder of templates, if there is one, each with its files.

    Raises BrokenText if one cannot be read: without it, other texts would be sent than were meant.
    """
    try:
        languages = [path for path in folder.iterdir() if path.is_dir()]
        jobs = sorted(path for language in languages for path in language.iterdir() if path.is_dir())
        return [(job, {path.name for path in job.iterdir()}) for job in jobs]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BrokenText(Path(error.filename or folder), 0, f"cannot be read: {error.strerror}") from None


def language_chain(wanted: Sequence[str], languages: Sequence[str]) -> Iterator[str]:
    """Those of `languages` that serve somebody who would like `wanted`, best first.

    Each wish is tried as it is, then with less of it (zh-Hans-CN, zh-Hans, zh), then as any of its regions.
    """
    by_name = {language.lower(): language for language in languages}
    for wish in wanted:
        tags = wish.replace("_", "-").lower().split("-")
        shorter = ["-".join(tags[:length]) for length in range(len(tags), 0, -1)]
        yield from (by_name[name] for name in shorter if name in by_name)
        yield from (by_name[name] for name in sorted(by_name) if name.startswith(f"{tags[0]}-"))
