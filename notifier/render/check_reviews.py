"""What no text may do: offer something for a review, or tell somebody of the staff to."""

from __future__ import annotations

from collections.abc import Iterator

from notifier.errors import Problem
from notifier.render.known_names import files_of
from notifier.render.library import Library, Source
from notifier.rules.wording import Wording, incentives


def check_reviews(library: Library, source: Source, wording: Wording, key: str) -> Iterator[Problem]:
    """Every word of a source's templates that is an incentive, in whatever branch it stands.

    A file that cannot be read is left to `check_names`.
    """
    for name in files_of(source):
        file = library.path(name)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        for found in incentives(text, wording):
            why = f"{found.word!r} in a text about reviews: nothing may be given for a review, nor a good one asked for"
            yield Problem(file, found.line, key, why)
