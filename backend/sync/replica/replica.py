"""What a sync asks of a database, whichever engine it runs on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from backend.config.database_url import EngineName
from backend.sync.replica.tables import Key, Kind, Reference, Row, SyncedTable, SyncedTables


@dataclass(frozen=True)
class ChangeLogEntry:
    """A row that was changed since the last sync; `base` is what it was then, None: not there.

    `stamp` is another one after every further change.
    """

    table: str
    key: Key
    base: Row | None
    stamp: int


@dataclass(frozen=True)
class SyncState:
    """What a database remembers of the last sync.

    `previous` is set between the two commits of a sync, on the side that commits first; `coming`
    before them, on the other side: the tokens that the first one may come to hold. `generation`
    counts the syncs; `seen` is the number of the other side's last change when they met.
    """

    token: str
    previous: str = ""
    synced_at: str = ""
    coming: str = ""
    generation: int = 0
    seen: int = 0


def sync_state_from(held: Mapping[str, Any]) -> SyncState:  # texts and numbers
    """Return what a row holds by its columns' names; the first release had fewer of them."""
    return SyncState(
        **{each.name: held[each.name] for each in fields(SyncState) if each.name in held}
    )


@dataclass(frozen=True)
class DatabaseColumn:
    """A column as a database has it; `kinds` are what its values may be to both engines."""

    name: str
    type: str
    kinds: frozenset[Kind]
    required: bool
    is_generated: bool = False
    is_writable: bool = True


class CaptureCheck(Protocol):
    """Whether what a database has noted since the last sync can be believed."""

    @property
    def problem(self) -> str:
        """Say why it cannot; empty: it can."""

    @property
    def is_outdated(self) -> bool:
        """Tell that what notes changes was made by an older release, or on another server."""

    def of(self, tables: SyncedTables) -> CaptureCheck:
        """Return what would be said if these tables were to be captured."""


@dataclass(frozen=True)
class ReplicaState:
    """A database at one moment: its schema, what it remembers, and how much there is.

    `touched` are the tables with entries in the log; `number` counts the changes that were ever
    noted; there are no `checks` of what was never synced.
    """

    revisions: str
    sync_state: SyncState | None
    checks: CaptureCheck | None
    rows: Mapping[str, int] = field(default_factory=dict)
    touched: frozenset[str] = frozenset()
    number: int = 0
    columns: Mapping[str, tuple[DatabaseColumn, ...]] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """Say why the log cannot be trusted; empty: it can."""
        return self.checks.problem if self.checks else ""

    @property
    def outdated(self) -> bool:
        """Tell that what notes changes was made by an older release, or on another server."""
        return self.checks.is_outdated if self.checks else False

    def of(self, tables: SyncedTables) -> ReplicaState:
        """Return it as it is for tables whose columns are known."""
        return replace(self, checks=self.checks.of(tables) if self.checks else None)


class Replica(Protocol):
    """One of the two databases."""

    @property
    def connection(self) -> Any:  # of either driver
        """Return what the side talks through."""

    @property
    def engine(self) -> EngineName:
        """Tell how it speaks SQL."""

    @property
    def where(self) -> str:
        """Name the database for people, without its password."""

    def read_state(self, tables: SyncedTables) -> ReplicaState:
        """Look at everything that decides whether and how to go on."""

    def columns(self, tables: SyncedTables) -> Mapping[str, tuple[DatabaseColumn, ...]]:
        """Return what each table has, whether the models know it or not."""

    def holds(self, table: str, column: str) -> bool:
        """Tell whether a column holds anything but NULL."""

    def clock(self) -> str:
        """Return the present moment, as the database sees it."""

    def transaction(self, *, write: bool) -> AbstractContextManager[None]:
        """Hold one snapshot; or write, unseen until the end. Nothing is kept after an error."""

    def batch(self) -> AbstractContextManager[None]:
        """Let writes inside not wait for one another; what one of them says may come later.

        Raises:
            RowRefusedError: the database refuses a row by a rule of its own.
        """

    def refusals(self) -> AbstractContextManager[None]:
        """Raise the same for rows that are refused inside."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Take back what is done inside, and no more, if it ends in an error."""

    def check_now(self) -> None:
        """Put the constraints to what was written that would have waited for the end."""

    def dry_run(self) -> AbstractContextManager[None]:
        """Take back at the end whatever is done inside, its transactions included."""

    # What has changed, and what is remembered.

    def install(self, tables: SyncedTables) -> None:
        """Begin to capture changes, or make sure of it."""

    def renew(self, tables: SyncedTables) -> None:
        """Bring what captures changes up to date, and forget nothing."""

    def remember(self, state: SyncState, tables: SyncedTables) -> int:
        """Keep this until the next sync; return the number of the last change."""

    def expect(self, tokens: str) -> int:
        """Keep what the other side may come to hold; return the number of the last change."""

    def start_over(self) -> None:
        """Forget the log and the last sync."""

    def touched(self, tables: Sequence[SyncedTable]) -> tuple[list[Key], Mapping[Key, str]]:
        """Return the keys of all owners of which a row has an entry.

        Those that a row still has but that are no keys are apart, each with what is wrong.
        """

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[ChangeLogEntry]:
        """Return the entries of the rows that belong to these owners."""

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[ChangeLogEntry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""

    def forget(self, entries: Iterable[ChangeLogEntry]) -> None:
        """Remove entries, unless their rows were changed again meanwhile."""

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""

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
        self, table: SyncedTable, reference: Reference, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""

    # What is written here is not logged.

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
        """Put unique values aside that other rows will hold; one of the columns has room."""

    def rekey(self, tables: SyncedTables, table: SyncedTable, old: Key, new: Key) -> None:
        """Give a row another key, for all that refers to it and for the log as well."""
