"""The first schema: people, groups, orders, and who owes what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "expand_0001"
down_revision = None
branch_labels = ("expand",)
depends_on = None

Moment = sa.DateTime(timezone=True)
LIVE = sa.text("deleted_at IS NULL")

# Constraints and indexes are named by the convention in backend/db/base.py.


def upgrade() -> None:
    """Create every table, parents before children."""
    _create_groups()
    _create_schema_state()
    _create_users()
    _create_api_tokens()
    _create_group_members()
    _create_idempotency_keys()
    _create_user_sessions()
    _create_orders()
    _create_settlements()
    _create_order_payers()
    _create_order_shares()


def _create_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        *_synced(),
        sa.CheckConstraint(
            "length(currency) = 3 AND currency = upper(currency)", name="currency_form"
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name="name_length"),
    )


def _create_schema_state() -> None:
    op.create_table(
        "schema_state",
        sa.Column("id", sa.BigInteger, autoincrement=False, primary_key=True),
        sa.Column("expand_level", sa.BigInteger, nullable=False),
        sa.Column("contract_level", sa.BigInteger, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        *_synced(),
        sa.UniqueConstraint("email_key"),
        sa.CheckConstraint("length(display_name) BETWEEN 1 AND 80", name="display_name_length"),
        sa.CheckConstraint("length(email_key) BETWEEN 1 AND 254", name="email_key_length"),
        sa.CheckConstraint("length(email) BETWEEN 1 AND 254", name="email_length"),
        sa.CheckConstraint("status IN ('active', 'closed')", name="status_known"),
    )


def _create_api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_used_at", Moment),
        sa.Column("revoked_at", Moment),
        sa.UniqueConstraint("token_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name="name_length"),
        sa.CheckConstraint("length(prefix) BETWEEN 1 AND 16", name="prefix_length"),
        sa.CheckConstraint("length(token_hash) = 64", name="token_hash_length"),
    )
    op.create_index(None, "api_tokens", ["user_id", "id"])


def _create_group_members() -> None:
    op.create_table(
        "group_members",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("display_name", sa.Text, nullable=False),
        *_synced(),
        sa.UniqueConstraint("group_id", "id"),
        sa.UniqueConstraint("group_id", "user_id"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"]),
        sa.CheckConstraint("length(display_name) BETWEEN 1 AND 80", name="display_name_length"),
    )
    op.create_index(None, "group_members", ["user_id", "group_id"])


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status_code", sa.BigInteger),
        sa.Column("location", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.CheckConstraint("length(fingerprint) = 64", name="fingerprint_length"),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 200", name="key_length"),
    )


def _create_user_sessions() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.UniqueConstraint("token_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.CheckConstraint("length(token_hash) = 64", name="token_hash_length"),
    )
    op.create_index(None, "user_sessions", ["user_id"])


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("ordered_on", sa.Date, nullable=False),
        sa.Column("split_mode", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        *_synced(),
        sa.UniqueConstraint("group_id", "currency", "id"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"]),
        sa.ForeignKeyConstraint(
            ["group_id", "created_by"], ["group_members.group_id", "group_members.id"]
        ),
        sa.CheckConstraint(
            "length(currency) = 3 AND currency = upper(currency)", name="currency_form"
        ),
        sa.CheckConstraint("length(note) BETWEEN 0 AND 1000", name="note_length"),
        sa.CheckConstraint("split_mode IN ('equal', 'exact')", name="split_mode_known"),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 120", name="title_length"),
        sa.CheckConstraint("total BETWEEN 1 AND 1000000000000", name="total_range"),
    )
    op.create_index(None, "orders", ["group_id", "ordered_on", "id"], postgresql_where=LIVE)


def _create_settlements() -> None:
    op.create_table(
        "settlements",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("from_member_id", sa.Uuid, nullable=False),
        sa.Column("to_member_id", sa.Uuid, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("paid_on", sa.Date, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        *_synced(),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"]),
        sa.ForeignKeyConstraint(
            ["group_id", "created_by"], ["group_members.group_id", "group_members.id"]
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "from_member_id"], ["group_members.group_id", "group_members.id"]
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "to_member_id"], ["group_members.group_id", "group_members.id"]
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000", name="amount_range"),
        sa.CheckConstraint(
            "length(currency) = 3 AND currency = upper(currency)", name="currency_form"
        ),
        sa.CheckConstraint("length(note) BETWEEN 0 AND 1000", name="note_length"),
        sa.CheckConstraint("from_member_id <> to_member_id", name="two_members"),
    )
    op.create_index(
        "ix_settlements_sent",
        "settlements",
        ["group_id", "currency", "from_member_id", "amount", "deleted_at"],
        postgresql_where=LIVE,
    )
    op.create_index(
        "ix_settlements_received",
        "settlements",
        ["group_id", "currency", "to_member_id", "amount", "deleted_at"],
        postgresql_where=LIVE,
    )
    op.create_index(None, "settlements", ["group_id", "paid_on", "id"], postgresql_where=LIVE)


def _create_order_payers() -> None:
    op.create_table(
        "order_payers",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        *_synced(),
        sa.PrimaryKeyConstraint("order_id", "member_id"),
        sa.ForeignKeyConstraint(
            ["group_id", "currency", "order_id"],
            ["orders.group_id", "orders.currency", "orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "member_id"], ["group_members.group_id", "group_members.id"]
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000", name="amount_range"),
    )
    op.create_index(
        "ix_order_payers_balance",
        "order_payers",
        ["group_id", "currency", "member_id", "amount", "deleted_at"],
        postgresql_where=LIVE,
    )


def _create_order_shares() -> None:
    op.create_table(
        "order_shares",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        *_synced(),
        sa.PrimaryKeyConstraint("order_id", "member_id"),
        sa.ForeignKeyConstraint(
            ["group_id", "currency", "order_id"],
            ["orders.group_id", "orders.currency", "orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "member_id"], ["group_members.group_id", "group_members.id"]
        ),
        sa.CheckConstraint("amount BETWEEN 0 AND 1000000000000", name="amount_range"),
    )
    op.create_index(
        "ix_order_shares_balance",
        "order_shares",
        ["group_id", "currency", "member_id", "amount", "deleted_at"],
        postgresql_where=LIVE,
    )


def _synced() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.Column("version", sa.BigInteger, nullable=False),
    ]
