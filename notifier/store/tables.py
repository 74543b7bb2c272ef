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

SCHEMA = "0002"
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
    Column("alert", RowId, nullable=False, server_default=text("0")),
    # The order first: lists ask for an order without naming its source.
    Index("reminders_key", "order_id", "source", "job", "subject", "step", "occurrence", unique=True),
)
"""`wake` is the end of the lease while a row is claimed; `ready` then keeps when it would have been looked at.

`alert` is the number of the alert that a row is a call of, 0 for all others.
"""

_PLANNED = text("state = 'planned'")
_CLAIMED = text("ready IS NOT NULL")
_OPEN = text("state = 'in_doubt' OR state = 'held'")
Index("reminders_wake", reminders.c.wake, reminders.c.id, sqlite_where=_PLANNED, postgresql_where=_PLANNED)
Index("reminders_claimed", reminders.c.ready, sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)
Index("reminders_open", reminders.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
_CALLS = text("alert <> 0")
_REVISITS = text("job = 'revisit' OR job = 'revisit-call'")
Index("reminders_calls", reminders.c.alert, sqlite_where=_CALLS, postgresql_where=_CALLS)
Index("reminders_revisits", reminders.c.due, sqlite_where=_REVISITS, postgresql_where=_REVISITS)

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
    Index("attempts_started", "started"),
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

alerts = Table(
    "alerts",
    metadata,
    Column("number", RowId, primary_key=True),
    Column("source", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("step", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("risk", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("alerts_key", "order_id", "source", "job", "subject", unique=True),
    Index("alerts_opened", "opened", "number"),
    # A number is in messages and links that people keep: it never becomes another alert's.
    sqlite_autoincrement=True,
)
"""`risk` is an amount as text, of `currency`; both are empty when nothing is at stake."""

_UNRESOLVED = text("state <> 'resolved'")
Index(
    "alerts_unresolved",
    alerts.c.source,
    alerts.c.order_id,
    sqlite_where=_UNRESOLVED,
    postgresql_where=_UNRESOLVED,
)

alert_entries = Table(
    "alert_entries",
    metadata,
    Column("number", RowId, primary_key=True),
    Column("alert", RowId, ForeignKey("alerts.number"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("entries_of_alert", "alert"),
)
"""What happened to alerts. `number` grows."""

revisits = Table(
    "revisits",
    metadata,
    Column("source", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("source", "order_id"),
)
"""What agents filled in. The record's lines themselves are reminders; see `store.reports`."""

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
