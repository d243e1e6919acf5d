"""Who paid for an order, and who owes what of it.

Group and currency are copied from the order, held equal by the foreign key, so that a covering
index answers the balances of a group without touching the orders.
"""

from __future__ import annotations

import uuid

from sqlalchemy import Constraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Synced
from backend.db.types import MinorUnits
from backend.models.checks import amount_check


def _part_of_an_order(table: str, *, at_least: int) -> tuple[Constraint | Index, ...]:
    return (
        ForeignKeyConstraint(
            ["group_id", "currency", "order_id"],
            ["orders.group_id", "orders.currency", "orders.id"],
        ),
        ForeignKeyConstraint(
            ["group_id", "member_id"], ["group_members.group_id", "group_members.id"]
        ),
        amount_check("amount", at_least=at_least),
        # SQLite takes an index for covering only if it also holds the column of its condition.
        Index(
            f"ix_{table}_balance",
            "group_id",
            "currency",
            "member_id",
            "amount",
            "deleted_at",
            postgresql_where=text("deleted_at IS NULL"),
            sqlite_where=text("deleted_at IS NULL"),
        ),
    )


class OrderPayer(Synced, Base):
    """What one member paid for an order."""

    __tablename__ = "order_payers"
    __table_args__ = _part_of_an_order("order_payers", at_least=1)

    order_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    group_id: Mapped[uuid.UUID]
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(MinorUnits)


class OrderShare(Synced, Base):
    """What one member owes of an order: computed once, then frozen."""

    __tablename__ = "order_shares"
    # Three people share two kuruş: one of them owes nothing, and was there all the same.
    __table_args__ = _part_of_an_order("order_shares", at_least=0)

    order_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    group_id: Mapped[uuid.UUID]
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(MinorUnits)
