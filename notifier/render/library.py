"""Finding and compiling templates: folders, languages, and Jinja2. Jinja2's only door."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateNotFound, meta, nodes, pass_context
from jinja2.exceptions import FilterArgumentError, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.errors import RenderError
from notifier.model.order import Money
from notifier.render.formats import Formats
from notifier.rules.masking import mask_address, mask_name, mask_phone

LARGEST = 64 * 1024
"""Characters of one rendered text; a template that makes more has a mistake."""
FORMATS = "_formats"
"""The name under which a rendering keeps its reader's formats; templates reach them through filters only."""
_FILES = {"sms": ("sms.txt", ""), "email": ("email.txt", "email.html"), "chat": ("chat.txt", "")}
_FILTERS: Mapping[str, tuple[type, Callable[[Formats, Any], str]]] = {
    "money": (Money, Formats.money),
    "date": (datetime, Formats.long_date),
    "time": (datetime, Formats.time),
    "datetime": (datetime, Formats.date_and_time),
    "day_and_time": (datetime, Formats.day_and_time),
    "until": (datetime, Formats.until),
}
_QUOTED = re.compile(r"'([^']*)'(?: is undefined)?$")


class BrokenText(RenderError):
    """A template cannot be filled: `file` and `line` say where, `fault` why. Never carries what customers wrote."""

    def __init__(self, file: Path, line: int, fault: str) -> None:
        self.file, self.line, self.fault = file, line, fault
        super().__init__(f"{file}:{line}: {fault}" if line else f"{file}: {fault}")


@dataclass(frozen=True, slots=True)
class Source:
    """The templates of one job for one kind of channel: `html` is empty where there is none."""

    language: str
    folder: Path
    text: str
    html: str = ""

    def file(self, name: str) -> Path:
        """Where the template `name` of this source stands."""
        return self.folder / _within_folder(name)


class Library:
    """All templates of some folders, each compiled when first asked for and then kept.

    The first folder that has anything for a language, job and kind serves it alone: who replaces `email.txt` does not
    get the shipped `email.html` with it, which would say something else. Files are looked for once; changed files need
    a new library, as a reload makes.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._sources = {key: source for folder in reversed(range(len(folders))) for key, source in self._scan(folder)}
        self.languages = tuple(sorted({language for language, _, _ in self._sources}))
        self.environment = _environment(self.folders)
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
        pieces, size = [], 0
        try:
            for piece in template.generate(variables):
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST:
                    raise BrokenText(self.path(name), 0, f"it makes a text of more than {LARGEST // 1024} KB")
        except BrokenText:
            raise
        except Exception as error:  # noqa: BLE001 – whatever a template does, this message fails and no other
            raise self._broken(name, error) from None
        return "".join(pieces)

    def unknown_names(self, name: str, known: Mapping[str, Collection[str] | None]) -> Iterator[tuple[int, str]]:
        """The names in a template that nothing will ever fill, with their lines, in whatever branch they stand.

        `known` are the variables, each with its attributes where these are known.
        """
        tree = self.environment.parse(self.path(name).read_text(encoding="utf-8"))
        unknown = meta.find_undeclared_variables(tree) - known.keys() - self.environment.globals.keys() - _made(tree)
        for variable in tree.find_all(nodes.Name):
            if variable.name in unknown:
                yield variable.lineno, variable.name
        for access in tree.find_all(nodes.Getattr):
            attributes = known.get(access.node.name) if isinstance(access.node, nodes.Name) else None
            if attributes is not None and access.attr not in attributes:
                yield access.lineno, access.attr

    def path(self, name: str) -> Path:
        """The file of a template."""
        number, _, rest = name.partition("/")
        return self.folders[int(number[1:])] / rest

    def _scan(self, number: int) -> Iterator[tuple[tuple[str, str, str], Source]]:
        folder = self.folders[number]
        for job in sorted(path for path in folder.glob("*/*") if path.is_dir()):
            language, files = job.parent.name, {path.name for path in job.iterdir()}
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

    def _broken(self, name: str, error: Exception) -> BrokenText:
        file, line = self._place(name, error)
        return BrokenText(file, line, _fault(error, _line(file, line)))

    def _place(self, name: str, error: Exception) -> tuple[Path, int]:
        """Where it broke: the last template on the stack, which is an included one as often as not."""
        if isinstance(error, TemplateSyntaxError):
            return Path(error.filename or self.path(name)), error.lineno
        file, line = self.path(name), 0
        trace = error.__traceback__
        while trace is not None:
            place = Path(trace.tb_frame.f_code.co_filename)
            if any(place.is_relative_to(folder) for folder in self.folders):
                file, line = place, trace.tb_lineno
            trace = trace.tb_next
        return file, line


def _made(tree: nodes.Template) -> set[str]:
    """The names a template makes for itself; its blocks see them too, which Jinja2's own search does not know."""
    made = {macro.name for macro in tree.find_all(nodes.Macro)} | {one.target for one in tree.find_all(nodes.Import)}
    made |= {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    for imported in tree.find_all(nodes.FromImport):
        made |= {name if isinstance(name, str) else name[1] for name in imported.names}
    return made


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


class _Loader(BaseLoader):
    """`@0/en/job/sms.txt` is a file of the first folder; a name without a number is looked for in all of them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = PurePosixPath(_within_folder(template))
        folders = [self._folders[int(template[1 : template.index("/")])]] if template[0] == "@" else self._folders
        for folder in folders:
            file = folder / path
            if ".." not in path.parts and file.is_file():
                return file.read_text(encoding="utf-8"), str(file), lambda: True
        raise TemplateNotFound(str(path))


class _Environment(ImmutableSandboxedEnvironment):
    """Names that begin with `../` are relative to the template that says them, so a language folder can be copied."""

    def join_path(self, template: str, parent: str) -> str:
        return _joined(template, parent) if template.startswith("../") else template


@lru_cache(1024)
def _joined(template: str, parent: str) -> str:
    parts = [*PurePosixPath(_within_folder(parent)).parent.parts]
    for part in PurePosixPath(template).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return "/".join(parts)


def _within_folder(name: str) -> str:
    return name.partition("/")[2] if name.startswith("@") else name


def _environment(folders: Sequence[Path]) -> Environment:
    environment = _Environment(
        loader=_Loader(folders),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    for name, (kind, write) in _FILTERS.items():
        environment.filters[name] = _formatting(name, kind, write)
    environment.filters |= {"mask_phone": mask_phone, "mask_name": mask_name, "mask_address": mask_address}
    return environment


def _formatting(name: str, kind: type, write: Callable[[Formats, Any], str]) -> Callable[[Context, Any], str]:
    @pass_context
    def filter_(context: Context, value: Any) -> str:
        if not isinstance(value, kind):
            raise FilterArgumentError(f"there is nothing to show as {name}; wrap it in {{% if … %}}")
        return write(context.parent[FORMATS], value)

    return filter_


def _line(file: Path, line: int) -> str:
    try:
        return file.read_text(encoding="utf-8").splitlines()[line - 1] if line else ""
    except (OSError, UnicodeDecodeError, IndexError):
        return ""


def _fault(error: Exception, line: str) -> str:
    """What is wrong, in words that cannot carry data: a name is repeated only if the template itself says it."""
    message = str(error)
    match error:
        case TemplateNotFound():
            return f"there is no template {message!r}"
        case TemplateSyntaxError() | FilterArgumentError():
            return message
        case UndefinedError():
            return _undefined(message, line)
        case UnicodeDecodeError():
            return "is not UTF-8"
        case _:
            return f"cannot be filled with this order ({type(error).__name__})"


def _undefined(message: str, line: str) -> str:
    quoted = _QUOTED.search(message)
    name = quoted[1] if quoted and quoted[1] in line else "something"
    if message.startswith("'None'"):
        return f"asks for {name!r} of something that this order lacks; wrap it in {{% if … %}}"
    return f"there is no {name!r}"
