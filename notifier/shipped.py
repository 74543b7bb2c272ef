"""Where the files that come with the program are: jobs, templates, config, systemd."""

from __future__ import annotations

from pathlib import Path

from notifier.errors import NotifierError

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str, package: Path = _PACKAGE) -> Path:
    """The folder `name` ("jobs", "templates", "config" or "systemd") as it came with the program.

    An installed program carries it in `notifier/shipped_files`, a checkout beside the package. Raises NotifierError
    when it is in neither.
    """
    installed = package / "shipped_files" / name
    checkout = package.parent
    if installed.is_dir():
        return installed
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise NotifierError(
        f"the folder {name!r} that comes with the program is not at {installed}; install shop-notifier again"
    )
