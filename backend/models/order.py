"""Bills: what was bought, when, and for how much."""

from __future__ import annotations

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.db.base import Base, Synced
from backend.db.ids import new_id
from backend.db.types import MinorUnits
from backend.models.checks import amount_check, currency_check, length_check, one_of_check
from backend.models.order_part import OrderPayer, OrderShare


class SplitMode(StrEnum):
    """How the shares of an order came about; they are frozen in either case."""

    EQUAL = "equal"
    EXACT = "exact"


class Order(Synced, Base):
    """One bill of a group; what was paid and what is owed for it each add up to `total`."""

    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(["group_id"], ["groups.id"]),
        ForeignKeyConstraint(
            ["group_id", "created_by"], ["group_members.group_id", "group_members.id"]
        ),
        UniqueConstraint("group_id", "currency", "id"),
        length_check("title", at_most=120),
        length_check("note", at_least=0, at_most=1000),
        currency_check(),
        amount_check("total", at_least=1),
        one_of_check("split_mode", SplitMode),
        # The list of a group's orders, newest first, page by page.
        Index(
            None,
            "group_id",
            "ordered_on",
            "id",
            postgresql_where=text("deleted_at IS NULL"),
            sqlite_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    group_id: Mapped[uuid.UUID]
    created_by: Mapped[uuid.UUID]
    title: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    total: Mapped[int] = mapped_column(MinorUnits)
    ordered_on: Mapped[date]
    split_mode: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")

    # "raise": a query that nobody asked for is a mistake, not a convenience.
    payers: Mapped[list[OrderPayer]] = relationship(lazy="raise", order_by=OrderPayer.member_id)
    shares: Mapped[list[OrderShare]] = relationship(lazy="raise", order_by=OrderShare.member_id)
