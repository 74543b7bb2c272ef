"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

from notifier.collector import look_seldom

# On a busy machine a slow example says nothing about the code. CI tries many, the same ones every time; other runs try
# new ones each time; `make unit`, which is run after every few lines, only a few: properties take half of its time.
CI = "CI" in os.environ
settings.register_profile("notifier", deadline=None, derandomize=CI, max_examples=100 if CI else 40)
settings.register_profile("quick", settings.get_profile("notifier"), max_examples=10)
settings.load_profile("notifier")


def pytest_collection_finish() -> None:
    """What all tests have in common is loaded by now: a sixth of their time would go into looking through it."""
    look_seldom()
