"""Keep what takes a run back, unless the operator wants none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from backend.sync.keep.safety import SafetyCopy, script_path
from backend.sync.merge.result import Wanted
from backend.sync.replica.replica import Side
from backend.sync.replica.tables import Key, Row


class Undo(Protocol):
    """Notes every step of a run before it is taken."""

    def inserted(self, table: str, key_columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Note rows that were not there."""

    def updated(
        self,
        table: str,
        key_columns: Sequence[str],
        columns: Sequence[str],
        old_rows: Sequence[Row],
    ) -> None:
        """Note rows as they were."""

    def deleted(self, table: str, columns: Sequence[str], old_rows: Sequence[Row]) -> None:
        """Note rows that will be gone, with all their columns."""

    def close(self) -> Path | None:
        """Keep it for good; None: there is nothing to take back."""


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
        return None


@contextmanager
def undo_for(wanted: Wanted, target: Side) -> Iterator[Undo]:
    """Return what the run is to tell its steps to."""
    if wanted.backup is None or wanted.dry_run:
        yield NoUndo()
        return
    with SafetyCopy(script_path(wanted.backup, wanted.direction), target.engine) as copy:
        yield copy
