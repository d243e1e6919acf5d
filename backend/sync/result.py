"""What a run has done and what a status has found: values that touch no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from backend.sync.options import Direction


class ConflictKind(StrEnum):
    """Why two changes cannot both be kept."""

    BOTH_CHANGED = "changed on both sides"
    DELETED_AND_CHANGED = "deleted on one side, changed on the other"
    IN_USE = "deleted on one side, used by what the other has added"
    TAKEN = "holds a value that belongs to another row there"
    RULE = "together, the changes of both sides would break a rule"
    FAULT = "breaks a rule of the app already on one side"
    REFUSED = "refused by the database that it would be written to"
    UNFIT = "holds a value that its column is not for"


@dataclass(frozen=True)
class FieldDifference:
    """One column of a row that is not the same on both sides; None: the row is not there."""

    table: str
    key: str
    column: str
    local: str | None
    remote: str | None


@dataclass(frozen=True)
class MergeConflict:
    """Something that both sides have an opinion on; `resolved` names the side that was kept."""

    table: str
    key: str
    kind: ConflictKind
    fields: tuple[FieldDifference, ...] = ()
    resolved: str = ""
    # Names what else is involved: the row that holds the value, the rule that would break.
    because: str = ""
    # Tells whether one of the two was changed later than the other, as far as both say.
    has_later: bool = True


@dataclass(frozen=True)
class DuplicatePair:
    """Two rows that are one person or thing: the local one took the key of the remote one.

    `moved` are the rows that hung on the local one, as (table, key), and hang on the survivor now.
    """

    table: str
    local_key: str
    survivor_key: str
    moved: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Deletion:
    """A row that one side has deleted; `travelled` tells whether the other side deleted it too."""

    table: str
    key: str
    travelled: bool = False


@dataclass
class TableCount:
    """What happened to one table of the target; `same` rows had become equal by themselves."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    same: int = 0

    @property
    def written(self) -> int:
        """Add up the rows that were written."""
        return self.inserted + self.updated + self.deleted


@dataclass
class SyncResult:
    """One run: what was written, what was not, and why.

    `waiting` counts rows that stay behind because a row they need does, table by table.
    """

    direction: Direction
    dry_run: bool
    first: bool
    tables: dict[str, TableCount] = field(default_factory=dict)
    conflicts: list[MergeConflict] = field(default_factory=list)
    paired: list[DuplicatePair] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    backup: Path | None = None
    compared: int = 0
    mirrored: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def open_conflicts(self) -> list[MergeConflict]:
        """Return those for which nothing was written."""
        return [one for one in self.conflicts if not one.resolved]

    @property
    def written(self) -> int:
        """Add up the rows that were written."""
        return sum(count.written for count in self.tables.values())


# Is told what has been committed, before anything else can go wrong.
OnCommit = Callable[[SyncResult], None]


@dataclass(frozen=True)
class ReplicaStatus:
    """One database as it is: where, which schema, and how many rows each table holds."""

    where: str
    revision: str
    rows: dict[str, int]


@dataclass(frozen=True)
class PairStatus:
    """Both sides; `synced_at` is None before the first sync, and then nothing is known to travel.

    `to_remote` and `to_local` count the rows of each table that would go that way.
    """

    local: ReplicaStatus
    remote: ReplicaStatus
    synced_at: str | None = None
    to_remote: dict[str, int] = field(default_factory=dict)
    to_local: dict[str, int] = field(default_factory=dict)
    conflicts: list[MergeConflict] = field(default_factory=list)
    # Rows of both sides of each table that holds more on one though no change was noted.
    miscounted: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mismatch:
    """A row that a full comparison found to differ, though nothing is pending for it."""

    table: str
    key: str
    says: str
