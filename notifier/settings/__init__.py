"""Everything the program is told in files: the settings, and through them the jobs and every adapter's options."""

from notifier.settings.adapters import ChannelSettings, SourceSettings, channels_for, channels_named
from notifier.settings.load import Reading, Settings, load_settings, read_settings

__all__ = [
    "ChannelSettings",
    "Reading",
    "Settings",
    "SourceSettings",
    "channels_for",
    "channels_named",
    "load_settings",
    "read_settings",
]
