"""What is said: templates of a folder per language, filled with one order. Babel and Jinja2 live here alone."""

from __future__ import annotations

from notifier.render.broken import BrokenText
from notifier.render.check import check_texts
from notifier.render.texts import Rendered, Texts

__all__ = ["BrokenText", "Rendered", "Texts", "check_texts"]
