"""What the demonstration is set up with: settings as a user would write them."""

from __future__ import annotations

from pathlib import Path

from notifier.demo.script import SOURCE
from notifier.demo.staff import ONCALL
from notifier.jobfiles import load_jobs
from notifier.shipped import shipped
from notifier.tomlfile import Overlay

OUTBOX = "outbox"
ALERTS = ("ship-deadline",)
"""The jobs for the staff that the story is about. All of them would bury the mails to customers under their own."""
_ONCALL_FILE = "demo.oncall.toml"
_SETTINGS = """\
# Made by `notifier demo`. The shop and its clock exist only while it runs.
[shop]
name = "Demo Shop"
time_zone = "UTC"
contact = "service@demo-shop.example"
public_url = "https://demo-shop.example"
late_shipping = "taobao"

[store]
url = "sqlite:///demo.db"

[log]
level = "error"

[web]
public_url = "https://staff.demo-shop.example"
port = 0

[folders]
oncall = "{oncall}"

[channels.{outbox}]
type = "maildir"
folder = "{outbox}"
sender = "Demo Shop <service@demo-shop.example>"

[sources.{source}]
type = "http"
url = "{url}/orders"
order_url = "{url}/orders/{{id}}"
every = "1h"

[jobs]
ship-deadline.before = []    # only when it is too late
{off}
"""


def write_settings(folder: Path, url: str) -> Path:
    """Write the settings for a shop at `url`, and who is on call; returns the settings file."""
    (folder / _ONCALL_FILE).write_text(ONCALL, encoding="utf-8")
    jobs = load_jobs([shipped("jobs")], Overlay(), [])
    others = [name for name, (job, _) in jobs.items() if job.for_staff and name not in ALERTS]
    off = "\n".join(f"{name}.enabled = false" for name in others)
    file = folder / "demo.toml"
    text = _SETTINGS.format(source=SOURCE, url=url, outbox=OUTBOX, oncall=_ONCALL_FILE, off=off)
    file.write_text(text, encoding="utf-8")
    return file
