"""The two replicas of a sync: which is written to, and which columns both have.

Columns that the models do not know travel like any other if both databases have them alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from backend.capture.tables import SyncedColumn, SyncedTable, SyncedTables
from backend.errors import RefusedError
from backend.schema.tables import Column
from backend.sync.options import Direction
from backend.sync.replica.replica import Replica
from backend.sync.table_config import app_tables
from backend.values.kinds import ValueKind, kinds_of

Columns = Mapping[str, tuple[Column, ...]]

# What two Postgres show and take in the same words, whatever their sessions are set to.
_PLAIN = frozenset(ValueKind) - {ValueKind.REAL, ValueKind.DECIMAL, ValueKind.OTHER}


@dataclass(frozen=True)
class ReplicaPair:
    """Both, and the tables that travel between them."""

    local: Replica
    remote: Replica
    tables: SyncedTables = field(default_factory=app_tables)

    def source(self, direction: Direction) -> Replica:
        """Return the side that is read."""
        return self.local if direction is Direction.LOCAL_TO_RENDER else self.remote

    def target(self, direction: Direction) -> Replica:
        """Return the side that is written to."""
        return self.remote if direction is Direction.LOCAL_TO_RENDER else self.local

    @contextmanager
    def maybe_dry_run(self, *, dry_run: bool) -> Iterator[None]:
        """Take back at the end whatever is done inside, on both sides, if it is a dry run."""
        if not dry_run:
            yield
            return
        with self.local.dry_run(), self.remote.dry_run():
            yield


@dataclass(frozen=True)
class _UnknownColumn:
    """A column of that name on each side that has one."""

    table: str
    local: Column | None
    remote: Column | None

    @property
    def name(self) -> str:
        """Return the column's name, with its table's."""
        column = self.local or self.remote
        return f"{self.table}.{column.name}" if column else self.table


def widened(pair: ReplicaPair, local: Columns, remote: Columns) -> ReplicaPair:
    """Add the columns that both sides have alike; each side is given with what it has.

    Raises:
        RefusedError: one that cannot travel holds something.
    """
    tables, left = [], []
    for table in pair.tables.tables:
        unknowns = list(
            _unknown_columns(table, local.get(table.name, ()), remote.get(table.name, ()))
        )
        agreed = [_agreed(pair, unknown) for unknown in unknowns]
        tables.append(table.widened([column for column in agreed if column]))
        left += [
            unknown for unknown, column in zip(unknowns, agreed, strict=True) if column is None
        ]
    _refuse_values(pair, left)
    return replace(pair, tables=SyncedTables(tuple(tables)))


def with_all_columns(pair: ReplicaPair) -> ReplicaPair:
    """Add the columns that both databases report and have alike.

    Raises:
        RefusedError: one that cannot travel holds something.
    """
    return widened(pair, pair.local.columns(pair.tables), pair.remote.columns(pair.tables))


def _unknown_columns(
    table: SyncedTable, local: tuple[Column, ...], remote: tuple[Column, ...]
) -> Iterator[_UnknownColumn]:
    """Return what only the databases know; what each works out by itself is not looked at."""
    here, there = ({one.name: one for one in columns} for columns in (local, remote))
    for name in sorted((here.keys() | there.keys()) - set(table.names)):
        unknown = _UnknownColumn(table.name, here.get(name), there.get(name))
        if not all(one is None or one.generated for one in (unknown.local, unknown.remote)):
            yield unknown


def _agreed(pair: ReplicaPair, unknown: _UnknownColumn) -> SyncedColumn | None:
    """Return the column as it travels, if both sides have it alike and can be written to."""
    local, remote = unknown.local, unknown.remote
    if local is None or remote is None or not (_takes(local) and _takes(remote)):
        return None
    nullable = not (local.not_null or remote.not_null)
    if pair.local.engine != pair.remote.engine:
        both = sorted(_kinds(pair.local, local) & _kinds(pair.remote, remote))
        return SyncedColumn(local.name, both[0], nullable, local.type.full) if both else None
    if local.type.full.upper() != remote.type.full.upper():
        return None
    plain = _kinds(pair.local, local) & _PLAIN if pair.local.engine == "postgres" else ()
    kind = next(iter(plain), ValueKind.OTHER)
    # Any type of a file may be without a name.
    return SyncedColumn(local.name, kind, nullable, local.type.full or "BLOB")


def _takes(column: Column) -> bool:
    return column.identity != "always" and not column.generated


def _kinds(replica: Replica, column: Column) -> frozenset[ValueKind]:
    return kinds_of(replica.engine, column.type.full)


def _refuse_values(pair: ReplicaPair, unknowns: list[_UnknownColumn]) -> None:
    said = [words for unknown in unknowns for words in _held(pair, unknown)]
    if said:
        raise RefusedError(
            "the app does not know these columns, and what they hold could not travel: "
            + "; ".join(said),
            hint="give both sides the same column, of one type; or empty it (it is to hold"
            " nothing but NULL), or drop it",
        )


def _held(pair: ReplicaPair, unknown: _UnknownColumn) -> Iterator[str]:
    ends = ((pair.local, unknown.local), (pair.remote, unknown.remote))
    if any(column and _is_in_the_way(replica, unknown.table, column) for replica, column in ends):
        yield f"{unknown.name} ({', '.join(_type_in(replica, column) for replica, column in ends)})"


def _is_in_the_way(replica: Replica, table: str, column: Column) -> bool:
    """Tell whether it holds anything, or must with the first row that arrives."""
    return column.not_null or replica.holds(table, column.name)


def _type_in(replica: Replica, column: Column | None) -> str:
    if column is None:
        return f"not in {replica.where}"
    return f"{column.type.full or 'without a type'} in {replica.where}"
