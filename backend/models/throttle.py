"""Counters of failed tries, which stop somebody from guessing on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import STAYS, Base
from backend.db.types import UtcDateTime
from backend.models.checks import length_check, one_of_check


class Action(StrEnum):
    """The action that is counted."""

    LOGIN = "login"
    SIGN_UP = "sign_up"
    LOOK_UP = "look_up"


class Throttle(Base):
    """How often one thing failed within an hour: for an account, for a network, or for both.

    `account` is a SHA-256, so that what people type is kept nowhere; it is empty where all
    accounts count together, as `network` is where all networks do.
    """

    __tablename__ = "throttles"
    __table_args__ = (
        one_of_check("action", Action),
        CheckConstraint("length(account) IN (0, 64)", name="account_length"),
        length_check("network", at_most=43, at_least=0),
        CheckConstraint("failures >= 0", name="failures_range"),
        Index(None, "expires_at"),
        {"info": {STAYS: True}},
    )

    action: Mapped[str] = mapped_column(Text, primary_key=True)
    account: Mapped[str] = mapped_column(Text, primary_key=True)
    network: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
    logged_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
