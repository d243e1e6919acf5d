"""The tables of a database: columns with their types, keys, and what they refer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
