"""The first tables."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, PrimaryKeyConstraint, Text, text

revision = "0001"
down_revision = None

_OPEN = "state = 'in_doubt' OR state = 'held'"
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Make them all."""
    _orders()
    _reminders()
    _attempts()
    _sources()


def _orders() -> None:
    op.create_table(
        "orders",
        *[_text(name) for name in ("source", "id", "state", "customer")],
        Column("placed", BigInteger, nullable=False),
        Column("read", BigInteger, nullable=False),
        _text("digest"),
        Column("body", LargeBinary, nullable=False),
        PrimaryKeyConstraint("source", "id"),
    )
    op.create_index("orders_of_customer", "orders", ["source", "customer", "placed", "id"])


def _reminders() -> None:
    op.create_table(
        "reminders",
        Column("id", _ROW_ID, primary_key=True),
        *[_text(name) for name in ("source", "order_id", "job", "subject")],
        _number("step"),
        *[_text(name) for name in ("occurrence", "customer", "state")],
        *[Column(name, BigInteger, nullable=False) for name in ("due", "until", "wake")],
        Column("ready", BigInteger),
        Column("merge", Boolean, nullable=False),
        _text("reason"),
        *[_number(name) for name in ("fence", "attempts", "crashes")],
        _text("refused"),
        _text("attempt"),
        Column("updated", BigInteger),
    )
    key = ["order_id", "source", "job", "subject", "step", "occurrence"]
    op.create_index("reminders_key", "reminders", key, unique=True)
    _partial("reminders_wake", "reminders", ["wake", "id"], "state = 'planned'")
    _partial("reminders_claimed", "reminders", ["ready"], "ready IS NOT NULL")
    _partial("reminders_open", "reminders", ["id"], _OPEN)


def _attempts() -> None:
    op.create_table(
        "attempts",
        Column("number", _ROW_ID, primary_key=True),
        Column("id", Text, nullable=False, unique=True),
        Column("reminder", _ROW_ID, ForeignKey("reminders.id")),
        *[_text(name) for name in ("rows", "source", "channel", "address", "message_id", "purpose", "customer")],
        *[Column(name, BigInteger, nullable=False) for name in ("started", "until")],
        *[_text(name) for name in ("state", "outcome", "reason", "reference")],
        Column("ended", BigInteger),
    )
    op.create_index("attempts_of_reminder", "attempts", ["reminder"])
    op.create_index("attempts_of_customer", "attempts", ["source", "customer", "started"])
    _partial("attempts_reference", "attempts", ["reference", "channel"], "reference <> ''", unique=True)
    _partial("attempts_open", "attempts", ["number"], _OPEN)
    _partial("attempts_sending", "attempts", ["number"], "state = 'sending'")
    op.create_table(
        "contents",
        Column("attempt", _ROW_ID, ForeignKey("attempts.number"), primary_key=True, autoincrement=False),
        Column("content", LargeBinary, nullable=False),
    )


def _sources() -> None:
    op.create_table(
        "sources",
        Column("source", Text, primary_key=True),
        Column("cursor", Text),
        _number("rounds"),
        Column("read", BigInteger),
        _number("failures"),
        *[_text(name) for name in ("trouble", "paused")],
        Column("approved", Boolean, nullable=False),
    )
    op.create_table(
        "quarantine",
        *[_text(name) for name in ("source", "order_id")],
        Column("seen", BigInteger, nullable=False),
        *[_text(name) for name in ("reason", "body")],
        PrimaryKeyConstraint("source", "order_id"),
    )
    op.create_table(
        "suppressions",
        *[_text(name) for name in ("kind", "address", "reason")],
        Column("since", BigInteger, nullable=False),
        PrimaryKeyConstraint("address", "kind"),
    )
    op.create_table("meta", Column("name", Text, primary_key=True), _text("value"))
    op.create_table(
        "tallies", _text("source"), _text("state"), _number("amount"), PrimaryKeyConstraint("source", "state")
    )


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
