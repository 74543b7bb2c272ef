"""Names that stand in a template and that nothing will ever fill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, cast

from notifier.errors import Problem
from notifier.render.alerts import FRAME_VARIABLES
from notifier.render.broken import BrokenText
from notifier.render.context import STAFF_VARIABLES, VARIABLES
from notifier.render.library import Library, Source

Known = Mapping[str, frozenset[str] | None]
"""Variables, each with its attributes where it has a class."""


def _attributes(variables: Mapping[str, type | None]) -> dict[str, frozenset[str] | None]:
    return {
        name: None if kind is None else frozenset(field.name for field in fields(cast("Any", kind)))
        for name, kind in variables.items()
    }


CUSTOMERS: Known = _attributes(VARIABLES)
"""What texts for customers may name."""
_ALL_OF_STAFF = _attributes(STAFF_VARIABLES)
STAFF: Known = {
    **_ALL_OF_STAFF,
    "customer": (_ALL_OF_STAFF["customer"] or frozenset()) - {"email", "phone", "chat"},
    "order": (_ALL_OF_STAFF["order"] or frozenset()) - {"address", "note"},
}
"""What a job's text for the staff may name: without what `mask_order` leaves out."""
FRAMES: Known = _attributes(FRAME_VARIABLES)
"""What the frames of alerts may name."""


def files_of(source: Source) -> list[str]:
    """The names of a source's templates."""
    return [name for name in (source.text, source.html) if name]


def check_names(library: Library, source: Source, known: Known, key: str) -> Iterator[Problem]:
    """Names that are no variable, and attributes that a variable does not have, in whatever branch they stand."""
    for name in files_of(source):
        try:
            library.template(name)
        except BrokenText as error:
            yield Problem(error.file, error.line, key, error.fault)
            continue
        for line, unknown in library.unknown_names(name, known):
            yield Problem(library.path(name), line, key, f"there is no {unknown!r}")
