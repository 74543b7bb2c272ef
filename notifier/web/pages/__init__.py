"""The HTML of the web application. Jinja's door here; the pages need no script, no font and no picture."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

_FOLDER = Path(__file__).parent
_STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

SAFE_HEADERS = {
    # Our style sheet by its hash and forms that lead back to us; nothing else, from nowhere.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Headers of every answer: the address holds the token, so it must be neither kept, passed on nor framed."""


class Pages:
    """The templates, compiled once in the life of the process."""

    def __init__(self) -> None:
        self._templates = _templates()

    def render(self, page: str, **fields: object) -> str:
        """The page "alert" or "notice", filled; texts in `fields` are escaped."""
        return self._templates[page].render(fields)


@cache
def _templates() -> Mapping[str, Template]:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = _STYLE
    return {name: environment.get_template(f"{name}.html") for name in ("alert", "notice")}
