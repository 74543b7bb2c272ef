"""Alembic runs this for every upgrade. The store hands over its connection, inside a transaction of its own."""

from __future__ import annotations

from alembic import context

from notifier.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
