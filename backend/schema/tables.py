"""The tables of a database: columns with their types, keys, and what they refer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ColumnType:
    """A type: `name` without, `full` with its length, precision or scale.

    Of SQLite it is what somebody declared, or empty: `full` as it is, `name` in capitals. `labels`
    are an enum's; other types have none. `element` is what an array holds.
    """

    name: str
    full: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    labels: tuple[str, ...] = ()
    element: ColumnType | None = None

    @staticmethod
    def of_sqlite(declared: str) -> ColumnType:
        """Return the type that a column of SQLite is declared with."""
        return ColumnType(declared.strip().upper(), declared)


@dataclass(frozen=True)
class Column:
    """A column; `sequence` is the qualified name of the one it owns.

    Different texts can be equal in a `folded` one.
    """

    name: str
    type: ColumnType
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
class Table:
    """A table of either engine; `unique_keys` are those over plain columns, without a condition."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SqliteTable(Table):
    """A table of SQLite; `high_water` is the largest id that AUTOINCREMENT ever gave, if it counts.

    A `virtual` one keeps what it holds in tables of its own, and cannot be copied. Its keys other
    than the primary key are not read. With `has_key_index` the primary key is no rowid, whatever
    its type: INTEGER PRIMARY KEY DESC is an index like any other, and takes NULL.
    """

    has_rowid: bool = True
    has_key_index: bool = False
    high_water: int | None = None
    virtual: bool = False


@dataclass(frozen=True, kw_only=True)
class PostgresTable(Table):
    """A table of Postgres.

    Rows of a `partitioned` one lie in its partitions, those of any other in itself alone: what
    `heirs` hold, which inherit from it, is theirs.
    """

    schema: str
    partitioned: bool = False
    heirs: tuple[str, ...] = ()
