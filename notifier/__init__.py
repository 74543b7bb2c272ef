"""Order reminders for shops: reads orders, knows what to remind of and when, and says it once."""

__version__ = "0.1.0"
