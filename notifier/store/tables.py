"""The tables, as SQLAlchemy Core knows them. A change here needs a migration in `migrations/versions` and a new SCHEMA.

Instants are BIGINT microseconds (see `instants`). Empty text stands for "none", so that unique keys hold everywhere.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

SCHEMA = "0001"
"""The newest migration. Revisions sort by age: one that sorts after this was made by a newer program."""

metadata = MetaData()
RowId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is exactly INTEGER."""

orders = Table(
    "orders",
    metadata,
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("placed", BigInteger, nullable=False),
    Column("read", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("source", "id"),
    Index("orders_of_customer", "source", "customer", "placed", "id"),
)
"""`placed` is 0 when the shop does not say; it only ranks a customer's orders. `body` is the Order as JSON."""

reminders = Table(
    "reminders",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("source", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("occurrence", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("wake", BigInteger, nullable=False),
    Column("ready", BigInteger),
    Column("merge", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("refused", Text, nullable=False),
    Column("attempt", Text, nullable=False),
    Column("updated", BigInteger),
    # The order first: lists ask for an order without naming its source.
    Index("reminders_key", "order_id", "source", "job", "subject", "step", "occurrence", unique=True),
)
"""`wake` is the end of the lease while a row is claimed; `ready` then keeps when it would have been looked at."""

_PLANNED = text("state = 'planned'")
_CLAIMED = text("ready IS NOT NULL")
_OPEN = text("state = 'in_doubt' OR state = 'held'")
Index("reminders_wake", reminders.c.wake, reminders.c.id, sqlite_where=_PLANNED, postgresql_where=_PLANNED)
Index("reminders_claimed", reminders.c.ready, sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)
Index("reminders_open", reminders.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)

attempts = Table(
    "attempts",
    metadata,
    Column("number", RowId, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("reminder", RowId, ForeignKey("reminders.id")),
    Column("rows", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("ended", BigInteger),
    Index("attempts_of_reminder", "reminder"),
    Index("attempts_of_customer", "source", "customer", "started"),
)
"""`rows` are all (reminder, fence) pairs it speaks for, as JSON; `reminder` is the first of them. `number` grows."""

_REFERENCED = text("reference <> ''")
_SENDING = text("state = 'sending'")
Index(
    "attempts_reference",
    attempts.c.reference,
    attempts.c.channel,
    unique=True,
    sqlite_where=_REFERENCED,
    postgresql_where=_REFERENCED,
)
Index("attempts_open", attempts.c.number, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("attempts_sending", attempts.c.number, sqlite_where=_SENDING, postgresql_where=_SENDING)

contents = Table(
    "contents",
    metadata,
    Column("attempt", RowId, ForeignKey("attempts.number"), primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
"""The final bytes, apart from the row that changes: an update writes a whole row again."""

sources = Table(
    "sources",
    metadata,
    Column("source", Text, primary_key=True),
    Column("cursor", Text),
    Column("rounds", Integer, nullable=False),
    Column("read", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("paused", Text, nullable=False),
    Column("approved", Boolean, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("source", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("source", "order_id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    PrimaryKeyConstraint("address", "kind"),
)

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

tallies = Table(
    "tallies",
    metadata,
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount", Integer, nullable=False),
    PrimaryKeyConstraint("source", "state"),
)
"""How many reminders of a source are in a state; see `store.tallies`."""

alembic_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Which migrations a file has seen. Alembic owns it; it is here to be read without importing Alembic."""
