"""How the daemon bears a large shop: `python -m benchmarks.scale`.

1. A shop's database with 100,000 open orders is read and planned for the first time.
2. The daemon starts on a million planned reminders, and some that come due then leave in time.

Both run the real command in a process of its own; the mail server and the service manager that watches it are ours.
Ends with 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from notifier.interfaces import Changes
from notifier.model.reminder import Key, Planned, State
from notifier.store import open_store
from tests.fakes.notify_socket import NotifySocket
from tests.fakes.smtp_server import Answer, ScriptedSmtp

SETTINGS = """\
[shop]
name = "Example Shop"
[store]
url = "sqlite:///notifier.db"
[log]
format = "json"
[send]
quiet_hours = {{ service = "none", marketing = "none" }}
[channels.mail]
type = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
sender = "Example Shop <shop@example.com>"
[sources.database]
type = "sql"
url = "sqlite:///{shop}"
every = "1h"
page_size = 500
orders = '''
SELECT * FROM orders WHERE updated >= :since AND updated < :until ORDER BY updated, id LIMIT :limit'''
order = "SELECT * FROM orders WHERE id IN :ids"
time_format = "iso"
"""
COLUMNS = "id, state, placed, updated, total, customer_id, customer_name, customer_email"
BOUNDS = {"read and planned": 60, "peak memory of that": 300, "ready": 2, "memory then": 200, "latest to leave": 1}
PAGE = 20_000
FIRST_DUE, DUE = 90_000_000, 20


@dataclass
class MailServer(ScriptedSmtp):
    """Notes when each message came."""

    arrivals: dict[str, float] = field(default_factory=dict)

    def answer(self, step: str) -> Answer:
        if step == "dot":
            self.arrivals[self.ended[-1].rcpt] = time.time()
            self.changed.set()
        return super().answer(step)


@dataclass(frozen=True, slots=True)
class Running:
    """The daemon under way; `ready` is how many seconds it took, `work` how many of them a processor was busy."""

    process: asyncio.subprocess.Process
    ready: float
    work: float

    def peak_memory(self) -> float:
        """In megabytes, until now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the daemon is gone")

    async def says(self, event: str) -> dict[str, object]:
        """Its log line about this."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            found: dict[str, object] = json.loads(line)
            if found["level"] in {"warning", "error"}:
                print(line.decode(), end="", file=sys.stderr)
            if found["event"] == event:
                return found
        raise AssertionError(f"the daemon ended and never said {event!r}")


def processor_time(pid: int) -> float:
    """How many seconds a process has worked, in user mode and in the kernel."""
    times = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def daemon(settings: Path) -> AsyncIterator[Running]:
    """`notifier run`, from its start until SIGTERM."""
    async with NotifySocket() as manager:
        begun = time.perf_counter()
        command = (sys.executable, "-m", "notifier", "--config", str(settings), "run")
        environment = {**os.environ, **manager.environment}
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=environment)
        try:
            await manager.wait_for("READY=1", 60)
            yield Running(process, time.perf_counter() - begun, processor_time(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            await process.communicate()


def orders(first: int, placed: Sequence[datetime], changed: Sequence[datetime]) -> Iterator[tuple[object, ...]]:
    """Unpaid orders with these times."""
    for number, (moment, updated) in enumerate(zip(placed, changed, strict=True), first):
        customer = (f"c{number}", f"Customer {number}", f"buyer{number}@example.com")
        time_of_change = updated.strftime("%Y-%m-%dT%H:%M:%S")
        yield f"{number:08}", "unpaid", moment.isoformat(), time_of_change, "128.50", *customer


def put(shop: Path, rows: Iterator[tuple[object, ...]]) -> None:
    """Write orders into the shop's database."""
    with closing(sqlite3.connect(shop)) as database, database:
        database.execute(f"CREATE TABLE IF NOT EXISTS orders ({COLUMNS}, PRIMARY KEY (id))")
        database.execute("CREATE INDEX IF NOT EXISTS changed ON orders (updated, id)")
        database.executemany(f"INSERT INTO orders ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


async def first_import(settings: Path, shop: Path, count: int) -> dict[str, float]:
    """Read and plan everything for the first time."""
    begun_selling = datetime.now(UTC) - timedelta(hours=2)
    placed = [begun_selling + number * timedelta(hours=1) / count for number in range(count)]
    put(shop, orders(1, placed, placed))
    async with daemon(settings) as running:
        begun = time.perf_counter()
        polled = await running.says("polled")
        assert polled["changed"] == count, polled
        return {"read and planned": time.perf_counter() - begun, "peak memory of that": running.peak_memory()}


async def fill(settings: Path, count: int) -> None:
    """Add planned reminders until there are so many, all due within the next year."""
    store = await open_store(f"sqlite:///{settings.parent}/notifier.db")
    now = datetime.now(UTC)
    try:
        have = (await store.counts())[State.PLANNED]
        for start in range(have, count, PAGE):
            dues = ((n, now + timedelta(days=1, seconds=n * 30)) for n in range(start, min(start + PAGE, count)))
            keys = ((Key("database", f"more-{n}", "review-request"), due) for n, due in dues)
            await store.apply(Changes(inserts=[(Planned(key, due, due + timedelta(days=2)), "") for key, due in keys]))
        assert (await store.counts())[State.PLANNED] == count
    finally:
        await store.close()


async def among_many(settings: Path, shop: Path, mail: MailServer) -> dict[str, float]:
    """Start on a full store; twenty reminders come due in the seconds after it."""
    now = datetime.now(UTC)
    due = [now + timedelta(seconds=8 + number * 0.4) for number in range(DUE)]
    # What changed in the second of a poll is read by the next one, and that is an hour away.
    changed = [now - timedelta(seconds=5)] * DUE
    put(shop, orders(FIRST_DUE, [moment - timedelta(hours=12) for moment in due], changed))
    async with daemon(settings) as running:
        async with asyncio.timeout(60):
            while len(mail.arrivals) < DUE:
                mail.changed.clear()
                await mail.changed.wait()
        came = [mail.arrivals[f"RCPT TO:<buyer{number}@example.com>"] for number in range(FIRST_DUE, FIRST_DUE + DUE)]
        late = [arrival - moment.timestamp() for arrival, moment in zip(came, due, strict=True)]
        memory = running.peak_memory()
        return {
            "ready": running.ready,
            "work for that": running.work,
            "memory then": memory,
            "latest to leave": max(late),
        }


async def measure(count: int, planned: int) -> dict[str, float]:
    """Everything, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings, shop = Path(folder) / "notifier.toml", Path(folder) / "shop.db"
        async with MailServer() as mail:
            settings.write_text(SETTINGS.format(port=mail.port, shop=shop), "utf-8")
            found = await first_import(settings, shop, count)
            await fill(settings, planned)
            return found | await among_many(settings, shop, mail)


def main() -> None:
    """Measure and compare with the bounds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="open orders in the shop")
    parser.add_argument("--planned", type=int, default=1_000_000, help="planned reminders in the store")
    given = parser.parse_args()
    found = asyncio.run(measure(given.orders, given.planned))
    for name, bound in BOUNDS.items():
        unit = "MB" if "memory" in name else "s"
        verdict = "" if found[name] < bound else "  MISSED"
        print(f"{name:<20} {found[name]:8.2f} {unit:<2}  (bound {bound} {unit}){verdict}")
    print(
        f"of the time until it was ready a processor worked {found['work for that']:.2f} s; the rest it was not given"
    )
    sys.exit(any(found[name] >= bound for name, bound in BOUNDS.items()))


if __name__ == "__main__":
    main()
