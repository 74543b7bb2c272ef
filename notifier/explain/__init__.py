"""Why something was said, was not, or when it will be: about one order, in sentences."""

from __future__ import annotations

from notifier.explain.account import Explanation, Item, Mark, Section
from notifier.explain.answer import explain

__all__ = ["Explanation", "Item", "Mark", "Section", "explain"]
