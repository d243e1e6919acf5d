"""Count failed logins, so that nobody can go on guessing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "expand_0002"
down_revision = "expand_0001"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table of failed tries."""
    op.create_table(
        "throttles",
        sa.Column("action", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("tried_at", Moment, nullable=False),
        sa.Column("logged_in_at", Moment),
        sa.Column("expires_at", Moment, nullable=False),
        sa.CheckConstraint("action IN ('login', 'sign_up', 'look_up')", name="action_known"),
        sa.CheckConstraint("length(account) IN (0, 64)", name="account_length"),
        sa.CheckConstraint("length(network) BETWEEN 0 AND 43", name="network_length"),
        sa.CheckConstraint("failures >= 0", name="failures_range"),
    )
    op.create_index(None, "throttles", ["expires_at"])
