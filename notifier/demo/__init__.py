"""The whole journey in a minute: a pretend shop, the real daemon on a fast clock, and a live view of what it does."""

from notifier.demo.journey import run_demo

__all__ = ["run_demo"]
