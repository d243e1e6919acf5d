"""The two databases of a sync, and which of them is written to."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.sync.merge.result import Direction
from backend.sync.replica.replica import Side
from backend.sync.replica.tables import SyncedTables
from backend.sync.table_config import app_tables


@dataclass(frozen=True)
class Sides:
    """Both, and the tables that travel between them."""

    local: Side
    remote: Side
    tables: SyncedTables = field(default_factory=app_tables)

    def source(self, direction: Direction) -> Side:
        """Return the side that is read."""
        return self.local if direction is Direction.LOCAL_TO_RENDER else self.remote

    def target(self, direction: Direction) -> Side:
        """Return the side that is written to."""
        return self.remote if direction is Direction.LOCAL_TO_RENDER else self.local
