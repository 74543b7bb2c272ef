"""May the daemon start, or go on with other settings? Only if every text that may be sent can be."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from notifier import __version__
from notifier.errors import BadFiles
from notifier.interfaces import Store
from notifier.model.shop import WorkCalendar
from notifier.parts import build_texts
from notifier.render import check_texts
from notifier.settings import Settings, channels_for

_PASSED = "texts that passed"
_PROGRAM = (__version__, version("jinja2"), version("babel"))


async def ensure_sendable(settings: Settings, store: Store) -> bool:
    """Fill every text that may be sent once. Raises BadFiles with all mistakes; then nothing may be started or swapped.

    That takes half of a start, and most starts find everything as it was: what has passed is remembered in `store` by
    its fingerprint. Returns whether the texts had to be looked at.
    """
    fingerprint = await asyncio.to_thread(fingerprint_of, settings)
    if await store.meta(_PASSED) == fingerprint:
        return False
    await asyncio.to_thread(_check, settings)
    await store.set_meta(_PASSED, fingerprint)
    return True


def fingerprint_of(settings: Settings, program: Sequence[str] = _PROGRAM) -> str:
    """Equal, in any process, when the check would look at the same things with the same versions of the program."""
    shop = replace(settings.shop, calendar=WorkCalendar(), greetings={})  # both are in the planning digest
    kinds = sorted((name, channel.kind) for name, channel in settings.channels.items())
    found = hashlib.sha256(repr((*program, settings.digest, shop, kinds)).encode())
    for folder in settings.template_folders:
        for path in sorted(folder.rglob("*")):
            content = _content(path)
            found.update(f"\n{path.relative_to(folder)} {len(content)}\n".encode())
            found.update(content)
    return found.hexdigest()[:32]


def _content(path: Path) -> bytes:
    """What is in a file; if it cannot be read, why: that is for the check to say."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError as error:
        return str(error).encode()


def _check(settings: Settings) -> None:
    """Texts for kinds of channel that the settings do not have are left to `notifier check`."""
    kinds = {name: channel.kind for name, channel in settings.channels.items()}
    versions = (version for job in settings.jobs.values() for version in job.versions)
    jobs = [replace(version, channels=channels_for(version, settings.channels)) for version in versions]
    if problems := check_texts(build_texts(settings), jobs, kinds):
        raise BadFiles(problems)
