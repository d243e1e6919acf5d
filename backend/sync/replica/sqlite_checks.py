"""Whether what a SQLite file has noted since the last sync can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from backend.sync.replica.sqlite_capture import LATER_COLUMNS, triggers
from backend.sync.replica.tables import SyncedTables


@dataclass(frozen=True)
class SQLiteCaptureCheck:
    """What a file holds of a sync.

    Args:
        tables: the tables that are to be captured.
        known: what the file remembers, by the names of the columns.
        captured: the statement that made each trigger, by its name.
    """

    tables: SyncedTables
    known: Mapping[str, str | int]
    captured: Mapping[str, str]

    def of(self, tables: SyncedTables) -> SQLiteCaptureCheck:
        """Return what would be said if these tables were to be captured."""
        return replace(self, tables=tables)

    @property
    def problem(self) -> str:
        """Say why the log cannot be believed; empty: it can."""
        expected = triggers(self.tables)
        if missing := sorted(expected.keys() - self.captured.keys()):
            return f"its trigger {missing[0]} is gone"
        changed = any(self.captured[name] != words for name, words in expected.items())
        return "its schema has changed" if changed else ""

    @property
    def is_outdated(self) -> bool:
        """Tell whether it comes from the first release."""
        return not LATER_COLUMNS.keys() <= self.known.keys()
