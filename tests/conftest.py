"""What holds for every test."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

from notifier.collector import look_seldom

# On a busy machine a slow example says nothing about the code; in CI the same examples are tried every time.
settings.register_profile("notifier", deadline=None, derandomize="CI" in os.environ)
# For `make unit`, which is run after every few lines: properties take half of its time. `make test` tries a hundred.
settings.register_profile("quick", settings.get_profile("notifier"), max_examples=50)
settings.load_profile("notifier")

gc.disable()  # until all tests are loaded


def pytest_collection_finish() -> None:
    """What all tests have in common is loaded by now: a sixth of their time would go into looking through it."""
    look_seldom()
