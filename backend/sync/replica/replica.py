"""One database of a sync, whichever engine it runs on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from backend.capture.change_log import CaptureCheck, ChangeLog, ChangeLogEntry, SyncState
from backend.capture.tables import Key, Row, SyncedTable, SyncedTables
from backend.config.database_url import EngineName
from backend.schema.tables import Column, ForeignKey


@dataclass(frozen=True)
class ReplicaState:
    """A database at one moment: its schema, its sync state, and how much it holds.

    `touched` are the tables with entries in the log; `number` counts the changes that were ever
    noted; `check` is None for what was never synced.
    """

    revisions: str
    sync_state: SyncState | None
    check: CaptureCheck | None
    rows: Mapping[str, int] = field(default_factory=dict)
    touched: frozenset[str] = frozenset()
    number: int = 0
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """Say why the log cannot be believed; empty: it can."""
        return self.check.problem if self.check else ""

    @property
    def outdated(self) -> bool:
        """Tell that the triggers were made by an older release, or on another server."""
        return self.check.is_outdated if self.check else False

    @property
    def is_current(self) -> bool:
        """Tell whether the log holds every change since a sync, by triggers of this release."""
        return self.sync_state is not None and not self.problem and not self.outdated

    def of(self, tables: SyncedTables) -> ReplicaState:
        """Return the state for tables whose columns are known."""
        return replace(self, check=self.check.of(tables) if self.check else None)


class Replica(Protocol):
    """One of the two databases."""

    @property
    def connection(self) -> Any:  # of either driver
        """Return the connection that this replica reads and writes by."""

    @property
    def engine(self) -> EngineName:
        """Tell how it speaks SQL."""

    @property
    def where(self) -> str:
        """Name the database for people, without its password."""

    def read_state(self, tables: SyncedTables) -> ReplicaState:
        """Return everything that decides whether and how to go on."""

    def columns(self, tables: SyncedTables) -> Mapping[str, tuple[Column, ...]]:
        """Return what each table has, whether the models know it or not."""

    def holds(self, table: str, column: str) -> bool:
        """Tell whether a column holds anything but NULL."""

    def clock(self) -> str:
        """Return the present moment, as the database sees it."""

    def transaction(self, *, write: bool) -> AbstractContextManager[None]:
        """Hold one snapshot; or write, unseen until the end. Nothing is kept after an error."""

    def batch(self) -> AbstractContextManager[None]:
        """Send the writes inside without waiting for each; an error of one may come later.

        Raises:
            RowRefusedError: the database refuses a row by a rule of its own.
        """

    def refusals(self) -> AbstractContextManager[None]:
        """Turn the driver's errors about refused rows inside the block into ours.

        Raises:
            RowRefusedError: the database refuses a row by a rule of its own.
        """

    def savepoint(self) -> AbstractContextManager[None]:
        """Roll back what is done inside, and no more, if it ends in an error."""

    def check_now(self) -> None:
        """Check deferred constraints now."""

    def dry_run(self) -> AbstractContextManager[None]:
        """Roll back at the end whatever is done inside, its transactions included."""

    @property
    def log(self) -> ChangeLog:
        """Return what notes the changes of the rows."""

    def touched(self, tables: Sequence[SyncedTable]) -> tuple[list[Key], Mapping[Key, str]]:
        """Return the keys of all owners of which a row has an entry.

        Those that a row still has but that are no keys are apart, each with what is wrong.
        """

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[ChangeLogEntry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""

    # Rows; of visible columns unless something else is said.

    def scan(self, table: SyncedTable, *, all_columns: bool = False) -> Iterator[Row]:
        """Return every row, in the order of the keys; `all_columns`: of `insert_only` too."""

    def rows(
        self,
        table: SyncedTable,
        columns: Sequence[str],
        keys: Sequence[Key],
        *,
        all_columns: bool = False,
    ) -> list[Row]:
        """Return the rows that hold one of these keys in these columns."""

    def pending_users(
        self, table: SyncedTable, reference: ForeignKey, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""

    # What is written here is not captured.

    def insert(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Insert rows, given with all their columns."""

    def bulk_insert(self, table: SyncedTable, rows: Iterable[Row]) -> int:
        """Insert any number of rows, given with all their columns; return how many."""

    def update(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Overwrite the visible columns of rows."""

    def delete(self, table: SyncedTable, keys: Sequence[Key]) -> None:
        """Delete rows."""

    def empty(self, table: SyncedTable) -> None:
        """Delete every row."""

    def park_unique(self, table: SyncedTable, columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Replace unique values by temporary ones so that rows can swap them.

        One of the columns has room for such a value.
        """

    def rekey(self, tables: SyncedTables, table: SyncedTable, old: Key, new: Key) -> None:
        """Give a row another key, in all that refers to it and in the log."""
