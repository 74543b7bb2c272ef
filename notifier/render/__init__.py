"""What is said: templates of a folder per language, filled with one order. Babel and Jinja2 live here alone."""

from __future__ import annotations

from notifier.render.alerts import AlertSaying
from notifier.render.broken import BrokenText
from notifier.render.check import check_texts
from notifier.render.rendered import Rendered
from notifier.render.texts import Texts

__all__ = ["AlertSaying", "BrokenText", "Rendered", "Texts", "check_texts"]
