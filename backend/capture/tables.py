"""The tables whose rows are captured and travel: their columns, keys and references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from backend.schema.tables import ForeignKey
from backend.values.conversion import Value
from backend.values.kinds import ValueKind

# Values are in the one form of `backend.values.portable`; only two files hand bytes to each other.
Key = tuple[Value, ...]
Row = tuple[Value, ...]


@dataclass(frozen=True)
class SyncedColumn:
    """A column and what it holds; `type` is the database's own word, if the models have none."""

    name: str
    kind: ValueKind
    nullable: bool
    type: str = ""


@dataclass(frozen=True)
class TableConfig:
    """How a table is synced, as far as the models cannot tell.

    Args:
        natural_key: columns by which two rows with different keys are known to be the same thing.
        insert_only: columns that give power: they travel with a new row, and never again.
        ignored: columns that are not compared to see whether a row has changed.
        counters: columns that count changes, to be added up when both sides counted.
        deleted: the column that is set when a row is soft-deleted.
        changed: the column that tells when a row was changed last.
        part_of: the table whose rows own rows of this one; they travel together or not at all.
        root: the columns that hold the owner's key.
        check_scope: the column that names the row of `groups` or `users` whose invariants it is in.
    """

    natural_key: tuple[str, ...] = ()
    insert_only: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    counters: frozenset[str] = frozenset()
    deleted: str = ""
    changed: str = ""
    part_of: str = ""
    root: tuple[str, ...] = ()
    check_scope: str = ""


@dataclass(frozen=True)
class SyncedTable:
    """A table whose rows travel."""

    name: str
    columns: tuple[SyncedColumn, ...]
    key: tuple[str, ...]
    references: tuple[ForeignKey, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    config: TableConfig = field(default_factory=TableConfig)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return every column's name, in the table's order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def visible(self) -> tuple[SyncedColumn, ...]:
        """Return the columns that are compared and overwritten: all but those of `insert_only`."""
        return tuple(one for one in self.columns if one.name not in self.config.insert_only)

    @cached_property
    def extras(self) -> tuple[SyncedColumn, ...]:
        """Return the columns that the models do not know."""
        return tuple(one for one in self.columns if one.type)

    def widened(self, extras: Sequence[SyncedColumn]) -> SyncedTable:
        """Return the table with columns that the models do not know."""
        return replace(self, columns=(*self.columns, *extras)) if extras else self

    @property
    def root(self) -> str:
        """Return the table to whose rows the rows of this one belong; often it is itself."""
        return self.config.part_of or self.name

    @property
    def root_columns(self) -> tuple[str, ...]:
        """Return the columns that hold the key of the row to which a row belongs."""
        return self.config.root or self.key

    @property
    def scope_table(self) -> str:
        """Return the table that the column `check_scope` refers to; its own, if that is its key."""
        names = (self.config.check_scope,)
        found = [one.table for one in self.references if one.columns == names]
        return found[0] if found else self.name

    def named(self, names: Iterable[str]) -> tuple[SyncedColumn, ...]:
        """Return columns by their names."""
        known = {column.name: column for column in self.columns}
        return tuple(known[name] for name in names)

    def has_room(self, columns: Sequence[str]) -> bool:
        """Tell whether one of these columns can hold a temporary value."""
        return any(one.nullable or one.kind is ValueKind.TEXT for one in self.named(columns))

    def places(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the positions of these columns in a row of visible values."""
        return tuple(self._order[name] for name in names)

    @cached_property
    def _order(self) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(self.visible)}

    def pick(self, row: Row, names: Sequence[str]) -> Key:
        """Return the values of some columns of a row of visible values."""
        return tuple(row[place] for place in self.places(names))

    def key_of(self, row: Row) -> Key:
        """Return the key of a row of visible values."""
        return self.pick(row, self.key)

    def shown(self, key: Key) -> str:
        """Write a key for people."""
        columns = self.named(self.key[: len(key)])
        return ", ".join(
            _shown(value) if column.kind is ValueKind.UUID else str(value)
            for column, value in zip(columns, key, strict=True)
        )

    def is_live(self, row: Row | None) -> bool:
        """Tell whether there is a row and it is not soft-deleted."""
        if row is None:
            return False
        return not self.config.deleted or row[self.places([self.config.deleted])[0]] is None

    def content(self, row: Row) -> Row:
        """Return what two rows must share to be the same in the eyes of people."""
        leave = self.config.ignored | self.config.counters
        return tuple(
            value
            for column, value in zip(self.visible, row, strict=True)
            if column.name not in leave
        )


def _shown(value: Value) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        # A SQLite file may hold any text instead.
        return ascii(value).strip("'")


@dataclass(frozen=True)
class SyncedTables:
    """Every table whose rows travel, parents first."""

    tables: tuple[SyncedTable, ...]

    def __getitem__(self, name: str) -> SyncedTable:
        """Return a table by its name."""
        return next(table for table in self.tables if table.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, parents first."""
        return tuple(table.name for table in self.tables)

    @property
    def roots(self) -> tuple[SyncedTable, ...]:
        """Return the tables that are part of no other, parents first."""
        return tuple(table for table in self.tables if not table.config.part_of)

    def family(self, root: str) -> tuple[SyncedTable, ...]:
        """Return a table and those that are part of it."""
        return tuple(table for table in self.tables if table.root == root)

    def hanging_on(self, name: str) -> tuple[tuple[SyncedTable, ForeignKey], ...]:
        """Return the references to a table, with the tables that hold them."""
        return tuple(
            (table, reference)
            for table in self.tables
            for reference in table.references
            if reference.table == name
        )
