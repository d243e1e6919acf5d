"""The values that the engine's parts hand to each other; none of them touches a database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

# Rows that travel, and are compared, together.
BATCH_ROWS = 10_000

# A row's key as SQLite stores it: int, str, bytes or float for each of its columns.
Key = tuple[Any, ...]  # Any: SQLite types values, not columns


@dataclass(frozen=True)
class SourceColumn:
    """A column of a SQLite table; `declared` is its type as somebody wrote it, or empty."""

    name: str
    declared: str
    not_null: bool
    generated: bool = False


@dataclass(frozen=True)
class SourceTable:
    """A SQLite table; `high_water` is the largest id that AUTOINCREMENT ever gave, if it counts.

    A `virtual` one keeps what it holds in tables of its own, and cannot be copied.
    """

    name: str
    columns: tuple[SourceColumn, ...]
    primary_key: tuple[str, ...]
    has_rowid: bool
    high_water: int | None = None
    virtual: bool = False


@dataclass(frozen=True)
class TargetType:
    """A Postgres type: `name` without, `full` with its length, precision or scale.

    `labels` are an enum's; other types have none. `element` is what an array holds.
    """

    name: str
    full: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    labels: tuple[str, ...] = ()
    element: TargetType | None = None


@dataclass(frozen=True)
class TargetColumn:
    """A column of a Postgres table; `sequence` is the qualified name of the one it owns.

    Different texts can be equal in a `folded` one.
    """

    name: str
    type: TargetType
    not_null: bool
    has_default: bool = False
    generated: bool = False
    identity: Literal["", "always", "by default"] = ""
    sequence: str = ""
    folded: bool = False


@dataclass(frozen=True)
class ForeignKey:
    """A reference from some columns of a table to the unique columns of a table."""

    name: str
    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True)
class TargetTable:
    """A Postgres table; `unique_keys` are those over plain columns, without a condition.

    Rows of a `partitioned` one lie in its partitions, those of any other in itself alone: what
    `heirs` hold, which inherit from it, is theirs.
    """

    schema: str
    name: str
    columns: tuple[TargetColumn, ...]
    primary_key: tuple[str, ...]
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    partitioned: bool = False
    heirs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnPair:
    """Where a column's values come from and where they go."""

    source: SourceColumn
    target: TargetColumn


@dataclass(frozen=True)
class TablePair:
    """Two tables that shall hold the same rows; `key` tells rows apart on both sides.

    `ordered` says that both sides keep the key in the same order, through an index: only then can
    they be compared range by range. Until somebody has looked it is not known to be so.
    """

    source: SourceTable
    target: TargetTable
    columns: tuple[ColumnPair, ...]
    key: tuple[ColumnPair, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Casts:
    """What the operator allows to be read as something else; every use is counted."""

    empty_datetime: Literal["refuse", "null"] = "refuse"
    epoch_datetimes: Literal["refuse", "s", "ms"] = "refuse"
    intervals: Literal["refuse", "us", "ms", "s", "days"] = "refuse"
    nul: Literal["refuse", "replace"] = "refuse"


@dataclass(frozen=True)
class KeyRange:
    """The rows whose key is greater than `after` and at most `upto`; None is no border.

    Of a pair that is not `ordered` it is the source's own key, often its rowid.
    """

    after: Key | None = None
    upto: Key | None = None


@dataclass(frozen=True)
class RangeDigest:
    """How many rows a range holds, and a digest over their canonical text in key order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class BadValue:
    """A value that the target's column cannot hold as it is; `value` is shortened for people."""

    table: str
    key: str
    column: str
    value: str
    reason: str


class Kind(StrEnum):
    """In which way a row differs."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    DOUBLED = "doubled"


@dataclass(frozen=True)
class Difference:
    """One row, or one value of a row, that is not the same on both sides."""

    table: str
    key: str
    kind: Kind
    column: str = ""
    source: str = ""
    target: str = ""
