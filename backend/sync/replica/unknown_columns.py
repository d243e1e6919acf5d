"""Columns that the models do not know: those that both sides have alike travel like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from backend.errors import RefusedError
from backend.sync.replica.pair import Sides
from backend.sync.replica.replica import HeldColumn, Side
from backend.sync.replica.tables import Kind, SyncedColumn, SyncedTable, SyncedTables

Columns = Mapping[str, tuple[HeldColumn, ...]]

# What two Postgres show and take in the same words, whatever their sessions are set to.
_PLAIN = frozenset(Kind) - {Kind.REAL, Kind.DECIMAL, Kind.OTHER}


@dataclass(frozen=True)
class _Pair:
    """A column of that name on each side that has one."""

    table: str
    local: HeldColumn | None
    remote: HeldColumn | None

    @property
    def name(self) -> str:
        """Return the column's name, with its table's."""
        column = self.local or self.remote
        return f"{self.table}.{column.name}" if column else self.table


def widened(sides: Sides, local: Columns, remote: Columns) -> Sides:
    """Let the columns travel that both sides have alike; each side is given with what it has.

    Raises:
        RefusedError: one that cannot travel holds something.
    """
    tables, left = [], []
    for table in sides.tables.tables:
        pairs = list(_unknown(table, local.get(table.name, ()), remote.get(table.name, ())))
        agreed = [_agreed(sides, pair) for pair in pairs]
        tables.append(table.widened([column for column in agreed if column]))
        left += [pair for pair, column in zip(pairs, agreed, strict=True) if column is None]
    _refuse_values(sides, left)
    return replace(sides, tables=SyncedTables(tuple(tables)))


def with_all_columns(sides: Sides) -> Sides:
    """Do the same, and ask both sides what they have.

    Raises:
        RefusedError: as above.
    """
    return widened(sides, sides.local.columns(sides.tables), sides.remote.columns(sides.tables))


def _unknown(
    table: SyncedTable, local: tuple[HeldColumn, ...], remote: tuple[HeldColumn, ...]
) -> Iterator[_Pair]:
    """Return what only the databases know; what each works out by itself is not looked at."""
    here, there = ({one.name: one for one in side} for side in (local, remote))
    for name in sorted((here.keys() | there.keys()) - set(table.names)):
        pair = _Pair(table.name, here.get(name), there.get(name))
        if not all(one is None or one.is_generated for one in (pair.local, pair.remote)):
            yield pair


def _agreed(sides: Sides, pair: _Pair) -> SyncedColumn | None:
    """Return the column as it travels, if both sides have it alike and can be written to."""
    local, remote = pair.local, pair.remote
    if local is None or remote is None or not (_takes(local) and _takes(remote)):
        return None
    nullable = not (local.required or remote.required)
    if sides.local.engine != sides.remote.engine:
        both = sorted(local.kinds & remote.kinds)
        return SyncedColumn(local.name, both[0], nullable, local.type) if both else None
    if local.type.upper() != remote.type.upper():
        return None
    plain = local.kinds & _PLAIN if sides.local.engine == "postgres" else ()
    kind = next(iter(plain), Kind.OTHER)
    # Any type of a file may be without a name.
    return SyncedColumn(local.name, kind, nullable, local.type or "BLOB")


def _takes(column: HeldColumn) -> bool:
    return column.is_writable and not column.is_generated


def _refuse_values(sides: Sides, pairs: list[_Pair]) -> None:
    said = [words for pair in pairs for words in _held(sides, pair)]
    if said:
        raise RefusedError(
            "the app does not know these columns, and what they hold could not travel: "
            + "; ".join(said),
            hint="give both sides the same column, of one type; or empty it (it is to hold"
            " nothing but NULL), or drop it",
        )


def _held(sides: Sides, pair: _Pair) -> Iterator[str]:
    ends = ((sides.local, pair.local), (sides.remote, pair.remote))
    if any(column and _is_in_the_way(side, pair.table, column) for side, column in ends):
        yield f"{pair.name} ({', '.join(_is(side, column) for side, column in ends)})"


def _is_in_the_way(side: Side, table: str, column: HeldColumn) -> bool:
    """Tell whether it holds anything, or will with the first row that arrives."""
    return column.required or side.holds(table, column.name)


def _is(side: Side, column: HeldColumn | None) -> str:
    if column is None:
        return f"not in {side.where}"
    return f"{column.type or 'without a type'} in {side.where}"
