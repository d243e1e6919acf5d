"""Invented rows, and the group that most of them belong to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend.db.base import Base
from backend.demo import vocabulary

DemoRow = tuple[type[Base], dict[str, Any]]  # Any: a column's value


def synced(
    born: datetime, *, deleted: bool = False, version: int = 1
) -> dict[str, Any]:  # Any: a column's value
    """Return the columns that every row of a synced table has."""
    changed = born + timedelta(days=version - 1 + deleted, microseconds=version)
    return {
        "created_at": born,
        "updated_at": changed,
        "deleted_at": changed if deleted else None,
        "version": version + deleted,
    }


@dataclass(frozen=True)
class DemoGroup:
    """A group, and those of its members who take part in orders."""

    number: int
    id: UUID
    members: Sequence[UUID]
    currency: str
    founded: datetime

    def some_currency(self, chance: random.Random) -> str:
        """Return mostly the group's own currency."""
        return self.currency if chance.random() < 0.9 else chance.choice(vocabulary.CURRENCIES)
