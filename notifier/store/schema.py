"""Brings the tables of a file to what this program needs, or refuses to touch it."""

from __future__ import annotations

from sqlalchemy import Connection, insert, inspect, select

from notifier.errors import StoreError
from notifier.store.tables import SCHEMA, alembic_version, metadata


def ensure(connection: Connection) -> None:
    """Upgrade an older file. A file that is current never meets Alembic, which takes a second to import."""
    if expect(connection, older_too=True) != SCHEMA:
        upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Run every migration that the file has not seen, inside the caller's transaction: all of them or none."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "notifier.store:migrations")
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def create(connection: Connection) -> None:
    """Make all tables in an empty file, as of the newest migration (a test proves that both ways agree)."""
    metadata.create_all(connection)
    alembic_version.create(connection)
    connection.execute(insert(alembic_version), {"version_num": SCHEMA})


def expect(connection: Connection, *, older_too: bool = False) -> str:
    """The file's version. StoreError when this program cannot work with it."""
    version = _version(connection)
    if version is None:
        raise StoreError("This database belongs to another program: it has none of notifier's tables.")
    if version > SCHEMA:
        raise StoreError(
            f"The database was written by a newer notifier (its tables are {version}, this program knows {SCHEMA}). "
            "Install that version again; this one leaves the file alone."
        )
    if version < SCHEMA and not older_too:
        raise StoreError(
            f"The database was written by an older notifier (its tables are {version}, this program needs {SCHEMA}). "
            "Start the daemon once: it brings the file up to date."
        )
    return version


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(alembic_version.name):
        return None
    return connection.scalar(select(alembic_version.c.version_num)) or ""  # begun, and nothing made yet
