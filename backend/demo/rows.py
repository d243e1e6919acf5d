"""Rows on their way into the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from backend.db.base import Base

Row = tuple[type[Base], dict[str, Any]]  # Any: a column's value


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
