"""Whether what a Postgres has noted since the last sync can be believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import md5
from typing import Any

from backend.sync.replica.postgres_capture import bodies, former_bodies
from backend.sync.replica.postgres_log import KEPT_IN
from backend.sync.replica.tables import SyncedTables


@dataclass(frozen=True)
class PostgresCaptureCheck:
    """What a database holds of a sync: its memory, its triggers and the numbers of its tables.

    Args:
        tables: the tables that are to be captured.
        schema: where they are.
        known: what the database remembers, by the names of the columns.
        captured: the hash of what each trigger runs, by the function's name.
        numbers: the number of each table now, by its name.
    """

    tables: SyncedTables
    schema: str
    known: Mapping[str, Any]  # texts and numbers
    captured: Mapping[str, str]
    numbers: Mapping[str, str]

    def of(self, tables: SyncedTables) -> PostgresCaptureCheck:
        """Return what would be said if these tables were to be captured."""
        return replace(self, tables=tables)

    @property
    def problem(self) -> str:
        """Say why the log cannot be believed; empty: it can."""
        if self.known["emptied"]:
            return f"{self.known['emptied']} was emptied by TRUNCATE"
        if self._are_others:
            return "its tables were replaced by others"
        expected = bodies(self.tables, self.schema)
        if missing := sorted(expected.keys() - self.captured.keys()):
            return f"the trigger of {missing[0]} is gone"
        known = (_hashed(expected), self._former)
        return "" if self.captured in known else "its schema has changed"

    @property
    def is_outdated(self) -> bool:
        """Tell whether it comes from the first release, or from another server."""
        another = "coming" not in self.known or self._remembered != self.numbers
        return another or self.captured == self._former

    @property
    def _are_others(self) -> bool:
        held = self._remembered
        # Restored elsewhere, everything has another number, and so has what remembers them.
        has_moved = KEPT_IN in held and held[KEPT_IN] != self.numbers[KEPT_IN]
        return not has_moved and any(self.numbers.get(one) != held[one] for one in held)

    @property
    def _remembered(self) -> dict[str, str]:
        return dict(json.loads(self.known["tables"]))

    @cached_property
    def _former(self) -> dict[str, str]:
        return _hashed(former_bodies(self.tables, self.schema))


def _hashed(words: Mapping[str, str]) -> dict[str, str]:
    return {
        name: md5(body.encode(), usedforsecurity=False).hexdigest() for name, body in words.items()
    }
