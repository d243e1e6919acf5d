"""People who share bills: a table, a flat, a trip."""

from __future__ import annotations

import uuid

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Synced
from backend.db.ids import new_id
from backend.models.checks import currency_check, length_check


class Group(Synced, Base):
    """A group of members; `currency` is the default of its forms."""

    __tablename__ = "groups"
    __table_args__ = (length_check("name", at_most=80), currency_check())

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
