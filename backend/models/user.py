"""People with an account."""

from __future__ import annotations

import uuid
from enum import StrEnum

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Synced
from backend.db.ids import new_id
from backend.models.checks import length_check, one_of_check


class UserStatus(StrEnum):
    """Whether an account may log in."""

    ACTIVE = "active"
    CLOSED = "closed"


class User(Synced, Base):
    """A person who can log in; `email` is as typed, `email_key` is what must be unique."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("email_key"),
        length_check("email", at_most=254),
        length_check("email_key", at_most=254),
        length_check("display_name", at_most=80),
        one_of_check("status", UserStatus),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, default=UserStatus.ACTIVE)
