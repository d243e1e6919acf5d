"""Replies to requests with an idempotency key, so that a repeated one does not run twice."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base
from backend.db.types import UtcDateTime, utc_now
from backend.models.checks import digest_check, length_check


class IdempotencyKey(Base):
    """The reply to a request, written in the transaction that carried it out.

    `status_code` is NULL only inside that transaction: nobody else ever sees it so.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        length_check("key", at_most=200),
        digest_check("fingerprint"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    status_code: Mapped[int | None] = mapped_column(BigInteger)
    location: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
