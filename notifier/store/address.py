"""The store's address in the settings: `sqlite:///var/notifier.db`, `sqlite:////var/lib/notifier/notifier.db`."""

from __future__ import annotations

import re
from pathlib import Path

from notifier.errors import StoreError, UsageError


def database_file(url: str) -> Path | None:
    """The file of a `sqlite:///` address, None for `sqlite:///:memory:`. No such file has to exist.

    After the three slashes comes a path: relative to the working directory, or absolute with a fourth slash.
    """
    if re.match(r"postgres(ql)?(\+\w+)?:", url):
        raise StoreError(
            "PostgreSQL as the store comes with a later release of notifier. "
            'Until then write url = "sqlite:///var/notifier.db" under [store].'
        )
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or path in ("", "/"):
        raise UsageError(
            "[store] url is not the address of a database; write sqlite:/// and the path of the file, "
            'for example "sqlite:////var/lib/notifier/notifier.db".'
        )
    return None if path == ":memory:" else Path(path)
