"""Jinja2 as templates get it: sandboxed, strict, with our filters, and files of some folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from types import CodeType
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateNotFound, nodes, pass_context
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.exceptions import FilterArgumentError, TemplateSyntaxError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from notifier.model.order import Money
from notifier.render.formats import Formats
from notifier.rules.masking import mask_address, mask_name, mask_phone

FORMATS = "_formats"
"""The name under which a rendering keeps its reader's formats; templates reach them through filters only."""
_FILTERS: Mapping[str, tuple[type, Callable[[Formats, Any], str]]] = {
    "money": (Money, Formats.money),
    "date": (datetime, Formats.long_date),
    "time": (datetime, Formats.time),
    "datetime": (datetime, Formats.date_and_time),
    "day_and_time": (datetime, Formats.day_and_time),
    "until": (datetime, Formats.until),
}


def sandbox(folders: Sequence[Path]) -> Environment:
    """An environment that reads templates of `folders`, and nothing else, and compiles each once."""
    environment = _Environment(
        loader=_Loader(folders),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_compiled,
    )
    for name, (kind, write) in _FILTERS.items():
        environment.filters[name] = _formatting(name, kind, write)
    environment.filters |= {"mask_phone": mask_phone, "mask_name": mask_name, "mask_address": mask_address}
    return environment


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a template: those it reads, those it makes for itself, and the attributes of names that it reads.

    Each with its line. What one part of the template makes counts as made in all of them: blocks see it too.
    """

    read: tuple[tuple[int, str], ...]
    made: frozenset[str]
    attributes: tuple[tuple[int, str, str], ...]


def unknown_names(
    environment: Environment, source: str, known: Mapping[str, Collection[str] | None]
) -> Iterator[tuple[int, str]]:
    """The names in a template's source that are neither in `known` nor made by itself, with their lines."""
    if source not in _names:
        environment.parse(source)
    names = _names[source]
    for line, name in names.read:
        if name not in known and name not in names.made and name not in environment.globals:
            yield line, name
    for line, name, attribute in names.attributes:
        attributes = known.get(name)
        if attributes is not None and attribute not in attributes:
            yield line, attribute


def _names_of(tree: nodes.Template) -> Names:
    read: list[tuple[int, str]] = []
    made = set(_JINJAS_OWN)
    attributes: list[tuple[int, str, str]] = []
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Macro, nodes.Import, nodes.FromImport)):
        match node:
            case nodes.Name(ctx="load"):
                read.append((node.lineno, node.name))
            case nodes.Name() | nodes.Macro():
                made.add(node.name)
            case nodes.Import():
                made.add(node.target)
            case nodes.FromImport():
                made |= {name if isinstance(name, str) else name[1] for name in node.names}
            case nodes.Getattr(node=nodes.Name(name=name)):
                attributes.append((node.lineno, name, node.attr))
    return Names(tuple(read), frozenset(made), tuple(attributes))


_JINJAS_OWN = ("loop", "self", "super", "caller", "varargs", "kwargs")
_names: dict[str, Names] = {}
"""By what templates say, for as long as the process lives: a reload reads them all again, and few have changed."""


class _Compiled(BytecodeCache):
    """Compiled templates, kept in the same way. Jinja2 asks by name, file and what it says."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()


class _Loader(BaseLoader):
    """`@0/en/job/sms.txt` is a file of the first folder; a name without a number is looked for in all of them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = PurePosixPath(within_folder(template))
        folders = [self._folders[int(template[1 : template.index("/")])]] if template[0] == "@" else self._folders
        for folder in folders:
            file = folder / path
            try:
                if not path.is_absolute() and ".." not in path.parts and file.is_file():
                    return file.read_text(encoding="utf-8"), str(file), lambda: True
            except OSError as error:
                raise TemplateSyntaxError(f"cannot be read: {error.strerror}", 0, template, str(file)) from None
        raise TemplateNotFound(str(path))


class _Template(Template):
    """Compiled code in which escaping what is escaped already costs nothing: colours, widths, what macros made.

    That is every second value of an e-mail, and markupsafe copies each of them twice.
    """

    @classmethod
    def from_code(
        cls,
        environment: Environment,
        code: CodeType,
        globals: MutableMapping[str, Any],  # noqa: A002
        uptodate: Callable[[], bool] | None = None,
    ) -> Template:
        template = super().from_code(environment, code, globals, uptodate)
        template.root_render_func.__globals__["escape"] = _escape
        return template


def _escape(value: Any) -> Markup:
    return value if type(value) is Markup else escape(value)


class _Environment(ImmutableSandboxedEnvironment):
    """Templates reach the fields of our own frozen data at once, and everything else through the sandbox's checks.

    Names that begin with `../` are relative to the template that says them, so a language folder can be copied.
    """

    template_class = _Template

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._kept: dict[tuple[str | Template, str | None], Template] = {}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _names[source] = _names_of(tree)
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Three quarters of a rendering's time would go into asking whether `order.id` is safe."""
        if attribute in _fields[type(obj)]:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Macros are the templates' own code: nothing about them is unsafe, and an e-mail calls a dozen."""
        if type(obj) is not Macro:
            return super().call(context, obj, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return obj(context.eval_ctx, *args, **kwargs)

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002
    ) -> Template:
        """Templates refer to others in every rendering: those are kept here by what they say and where."""
        found = self._kept.get((name, parent))
        if found is None:
            found = self._kept[name, parent] = super().get_template(name, parent, globals)
        return found

    def join_path(self, template: str, parent: str) -> str:
        return _joined(template, parent) if template.startswith("../") else template


class _Fields(dict[type, frozenset[str]]):
    """What of an object needs no check, by its type: the fields of our own data, but for those that are private."""

    def __missing__(self, kind: type) -> frozenset[str]:
        ours = fields(kind) if is_dataclass(kind) and kind.__module__.startswith("notifier.") else ()
        self[kind] = frozenset(field.name for field in ours if not field.name.startswith("_"))
        return self[kind]


_fields = _Fields()


@lru_cache(1024)
def _joined(template: str, parent: str) -> str:
    parts = [*PurePosixPath(within_folder(parent)).parent.parts]
    for part in PurePosixPath(template).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return "/".join(parts)


def within_folder(name: str) -> str:
    """A template's path in its folder: its name without the folder's number."""
    return name.partition("/")[2] if name.startswith("@") else name


def _formatting(name: str, kind: type, write: Callable[[Formats, Any], str]) -> Callable[[Context, Any], str]:
    @pass_context
    def filter_(context: Context, value: Any) -> str:
        if not isinstance(value, kind):
            raise FilterArgumentError(f"there is nothing to show as {name}; wrap it in {{% if … %}}")
        return write(context.parent[FORMATS], value)

    return filter_
