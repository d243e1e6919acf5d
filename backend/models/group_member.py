"""The members of groups."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Synced
from backend.db.ids import new_id
from backend.models.checks import length_check


class GroupMember(Synced, Base):
    """A name in a group, with or without an account behind it.

    The pair (group_id, id) is unique so that rows with money can refer to it: then neither engine
    accepts a payer or a share of somebody from another group.
    """

    __tablename__ = "group_members"
    __table_args__ = (
        UniqueConstraint("group_id", "id"),
        UniqueConstraint("group_id", "user_id"),
        length_check("display_name", at_most=80),
        Index(None, "user_id", "group_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    display_name: Mapped[str] = mapped_column(Text)
