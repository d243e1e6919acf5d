"""Keep what takes a run back, if that is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from backend.sync.shape import Key, Wanted
from backend.sync.side import Side
from backend.sync.tables import Row


class NoUndo:
    """Keeps nothing."""

    def inserted(self, table: str, key_columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Let it pass."""

    def updated(
        self,
        table: str,
        key_columns: Sequence[str],
        columns: Sequence[str],
        old_rows: Sequence[Row],
    ) -> None:
        """Let it pass."""

    def deleted(self, table: str, columns: Sequence[str], old_rows: Sequence[Row]) -> None:
        """Let it pass."""

    def close(self) -> Path | None:
        """Return that there is nothing."""


@contextmanager
def undo_for(wanted: Wanted, target: Side) -> Iterator[NoUndo]:
    """Give what notes a run's writes."""
    del wanted, target
    yield NoUndo()
