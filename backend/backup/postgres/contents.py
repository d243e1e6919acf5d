"""What a database holds, as a manifest keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TableContents:
    """What a table holds: how many rows, and the digest of all of them in one order."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class SequenceState:
    """What a sequence has given out last; None before its first value."""

    last: int | None
    increment: int
    cycles: bool


@dataclass(frozen=True)
class DatabaseContents:
    """One database: its schema as SQL, and its tables and sequences by their quoted names.

    `not_compared` names what holds rows that no backup brings back, or none of its own.
    """

    schema: str
    tables: Mapping[str, TableContents]
    sequences: Mapping[str, SequenceState] = field(default_factory=dict)
    not_compared: Mapping[str, str] = field(default_factory=dict)
    levels: tuple[int, int] | None = None

    @property
    def rows(self) -> int:
        """Return how many rows all tables have together."""
        return sum(table.rows for table in self.tables.values())


def contents_from_dict(values: dict[str, Any]) -> DatabaseContents:  # what json.loads gives
    """Return the contents that `dataclasses.asdict` made this of."""
    levels = values["levels"]
    return DatabaseContents(
        schema=values["schema"],
        tables={name: TableContents(**one) for name, one in values["tables"].items()},
        sequences={name: SequenceState(**one) for name, one in values["sequences"].items()},
        not_compared=values["not_compared"],
        levels=(levels[0], levels[1]) if levels else None,
    )
