"""Money that one member gave another to be even."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Synced
from backend.db.ids import new_id
from backend.db.types import MinorUnits
from backend.models.checks import amount_check, currency_check, length_check

_SUMMED = ("group_id", "currency")


def _member_key(column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["group_id", column], ["group_members.group_id", "group_members.id"]
    )


def _live_index(name: str | None, *columns: str) -> Index:
    live = text("deleted_at IS NULL")
    return Index(name, *columns, postgresql_where=live, sqlite_where=live)


class Settlement(Synced, Base):
    """A payment between two members of a group."""

    __tablename__ = "settlements"
    __table_args__ = (
        ForeignKeyConstraint(["group_id"], ["groups.id"]),
        _member_key("from_member_id"),
        _member_key("to_member_id"),
        _member_key("created_by"),
        CheckConstraint("from_member_id <> to_member_id", name="two_members"),
        currency_check(),
        amount_check("amount", at_least=1),
        length_check("note", at_least=0, at_most=1000),
        _live_index(None, "group_id", "paid_on", "id"),
        # For the balances; what `deleted_at` does in them is said in order_part.py.
        _live_index("ix_settlements_sent", *_SUMMED, "from_member_id", "amount", "deleted_at"),
        _live_index("ix_settlements_received", *_SUMMED, "to_member_id", "amount", "deleted_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    group_id: Mapped[uuid.UUID]
    created_by: Mapped[uuid.UUID]
    from_member_id: Mapped[uuid.UUID]
    to_member_id: Mapped[uuid.UUID]
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(MinorUnits)
    paid_on: Mapped[date]
    note: Mapped[str] = mapped_column(Text, default="")
