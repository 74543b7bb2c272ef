"""The store's address in the settings: `sqlite:///var/notifier.db`, `sqlite:////var/lib/notifier/notifier.db`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from notifier.errors import StoreError, UsageError


def database_file(url: str) -> Path | None:
    """The file of a `sqlite:///` address, None for `sqlite:///:memory:`. No such file has to exist.

    After the three slashes comes a path: relative to the working directory, or absolute with a fourth slash.
    """
    parts = urlsplit(url)
    if parts.scheme.partition("+")[0] in {"postgresql", "postgres"}:
        raise StoreError(
            "PostgreSQL as the store comes with a later release of notifier. "
            'Until then write url = "sqlite:///var/notifier.db" under [store].'
        )
    if parts.scheme != "sqlite" or parts.netloc or parts.query or len(parts.path) < 2:
        raise UsageError(
            "[store] url is not the address of a database; write sqlite:/// and the path of the file, "
            'for example "sqlite:////var/lib/notifier/notifier.db".'
        )
    path = unquote(parts.path[1:])
    return None if path == ":memory:" else Path(path)
