"""What holds for every test."""

from __future__ import annotations

import os

from hypothesis import settings

# On a busy machine a slow example says nothing about the code; in CI the same examples are tried every time.
settings.register_profile("notifier", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("notifier")
