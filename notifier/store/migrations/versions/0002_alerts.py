"""Alerts with their histories, calls among the reminders, the revisit record, and what reports look for."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, PrimaryKeyConstraint, Text, text

revision = "0002"
down_revision = "0001"

_ROW_ID = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Add tables, a column and indexes. No row is written again: a large file is upgraded in seconds."""
    _alerts()
    _entries()
    _revisits()
    op.add_column("reminders", Column("alert", _ROW_ID, nullable=False, server_default=text("0")))
    _partial("reminders_calls", "reminders", ["alert"], "alert <> 0")
    _partial("reminders_revisits", "reminders", ["due"], "job = 'revisit' OR job = 'revisit-call'")
    op.create_index("attempts_started", "attempts", ["started"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        Column("number", _ROW_ID, primary_key=True),
        *[_text(name) for name in ("source", "order_id", "job", "subject", "state", "policy", "urgency")],
        *[Column(name, BigInteger, nullable=False) for name in ("opened", "started", "changed")],
        *[_number(name) for name in ("step", "round", "times")],
        *[_text(name) for name in ("by", "reason", "what", "risk", "currency")],
        _number("version"),
        sqlite_autoincrement=True,
    )
    op.create_index("alerts_key", "alerts", ["order_id", "source", "job", "subject"], unique=True)
    op.create_index("alerts_opened", "alerts", ["opened", "number"])
    _partial("alerts_unresolved", "alerts", ["source", "order_id"], "state <> 'resolved'")


def _entries() -> None:
    op.create_table(
        "alert_entries",
        Column("number", _ROW_ID, primary_key=True),
        Column("alert", _ROW_ID, ForeignKey("alerts.number"), nullable=False),
        Column("at", BigInteger, nullable=False),
        *[_text(name) for name in ("what", "by", "text")],
    )
    op.create_index("entries_of_alert", "alert_entries", ["alert"])


def _revisits() -> None:
    op.create_table(
        "revisits",
        *[_text(name) for name in ("source", "order_id")],
        Column("at", BigInteger, nullable=False),
        *[_text(name) for name in ("by", "result", "note")],
        PrimaryKeyConstraint("source", "order_id"),
    )


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(where), postgresql_where=text(where))
