"""Where the settings file is, and where the relative paths in it start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from notifier.errors import BadFiles, Problem
from notifier.shipped import shipped

SEARCHED = (Path("notifier.toml"), Path("config/notifier.toml"), Path("/etc/notifier/notifier.toml"))
SYSTEM_DATA = Path("/var/lib/notifier")


@dataclass(frozen=True, slots=True)
class Places:
    """The settings file; `home`, where jobs, templates and secrets are looked for; `data`, where data is kept.

    `beside` is where other files are that belong to the settings: their own folder.
    """

    file: Path
    home: Path
    data: Path
    beside: Path


def find_settings(given: Path | None, environment: Mapping[str, str], folder: Path | None = None) -> Places:
    """Find the settings file. Raises BadFiles when one was named and is not there.

    The first of these: the one `given` on the command line; $NOTIFIER_CONFIG; `notifier.toml` and
    `config/notifier.toml` in the working folder (`folder`); `/etc/notifier/notifier.toml`; the one that came with the
    program, with which a fresh installation works in the working folder.

    `home` is the file's folder, or the one above it when that is called `config`. `data` is $STATE_DIRECTORY, which
    systemd sets; without it /var/lib/notifier for settings in /etc, so that commands typed by an administrator find
    the daemon's data; otherwise `home`.
    """
    folder = folder or Path.cwd()
    named = given or (Path(environment["NOTIFIER_CONFIG"]) if environment.get("NOTIFIER_CONFIG") else None)
    if named is not None:
        file = folder / named
        if not file.is_file():
            raise BadFiles([Problem(named, 0, "", "there is no such settings file; `notifier init` makes one")])
        return _places(named, file, environment)
    for candidate in SEARCHED:
        if (folder / candidate).is_file():
            return _places(candidate, folder / candidate, environment)
    return Places(shipped("config") / "notifier.toml", folder, data_folder(folder, environment), folder)


def _places(shown: Path, file: Path, environment: Mapping[str, str]) -> Places:
    """`shown` is how the file is called in messages: as its user named it."""
    beside = file.resolve().parent
    home = beside.parent if beside.name == "config" else beside
    return Places(shown, home, data_folder(home, environment), beside)


def data_folder(home: Path, environment: Mapping[str, str]) -> Path:
    """Where data is kept for settings in `home`."""
    if state := environment.get("STATE_DIRECTORY"):
        return Path(state.partition(":")[0])
    return SYSTEM_DATA if home.is_relative_to("/etc") else home
