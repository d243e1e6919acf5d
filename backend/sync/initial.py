"""The first sync of two databases: everything that is not the same on both is still to travel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.cli.progress import Watcher
from backend.errors import DataError
from backend.sync.chunks import chunks
from backend.sync.merge.result import Outcome, TableCount
from backend.sync.replica.replica import Side
from backend.sync.replica.tables import Key, Row, SyncedTable, SyncedTables

_AT_ONCE = 5_000


@dataclass
class Apart:
    """Keys of one table's rows: only here, only there, and on both sides but not the same."""

    here: list[Key] = field(default_factory=list)
    there: list[Key] = field(default_factory=list)
    differing: list[Key] = field(default_factory=list)
    same: int = 0


def compare(table: SyncedTable, here: Iterator[Row], there: Iterator[Row]) -> Apart:
    """Walk through both sides in the order of their keys; rows are of visible values."""
    found = Apart()
    one, other = next(here, None), next(there, None)
    while one is not None or other is not None:
        # Most rows are the same; their keys need not be looked at.
        if one == other:
            found.same += 1
            one, other = next(here, None), next(there, None)
            continue
        own = None if one is None else _sorting(table.key_of(one))
        their = None if other is None else _sorting(table.key_of(other))
        if their is None or (own is not None and own < their):
            assert one is not None  # noqa: S101 - else its key would be None
            found.here.append(table.key_of(one))
            one = next(here, None)
        elif own is None or their < own:
            assert other is not None  # noqa: S101 - as above
            found.there.append(table.key_of(other))
            other = next(there, None)
        else:
            assert one is not None  # noqa: S101 - as above
            found.differing.append(table.key_of(one))
            one, other = next(here, None), next(there, None)
    return found


def _sorting(key: Key) -> tuple[int | str | bytes, ...]:
    """Return a key such that Python sorts it as both engines do: texts by their bytes."""
    return tuple(value.encode() if isinstance(value, str) else int(value or 0) for value in key)


def is_empty(side: Side, tables: SyncedTables) -> bool:
    """Tell whether no table holds a row."""
    return all(next(side.scan(table), None) is None for table in tables.tables)


def union(source: Side, target: Side, tables: SyncedTables, watcher: Watcher) -> None:
    """Note every row that is not the same on both sides as one that was just added there."""
    for table in tables.tables:
        watcher.stage(f"compare {table.name}")
        apart = compare(table, source.scan(table), target.scan(table))
        for side, keys in ((source, apart.here), (target, apart.there)):
            for piece in chunks([*keys, *apart.differing], _AT_ONCE):
                side.note(table, dict.fromkeys(piece))


def fill(
    source: Side, target: Side, tables: SyncedTables, watcher: Watcher, outcome: Outcome
) -> None:
    """Copy every row into empty tables, and compare what has arrived.

    Raises:
        DataError: the target holds something else than what was sent.
        RowRefusedError: it refuses some of it.
        UnfitValueError: the source holds a value that its column is not for.
    """
    for table in tables.tables:
        watcher.stage(f"copy {table.name}")
        with target.refusals():
            rows = target.fill(
                table, _watched(table, source.scan(table, all_columns=True), watcher)
            )
        if rows:
            outcome.tables.setdefault(table.name, TableCount()).inserted = rows
    for table in tables.tables:
        watcher.stage(f"compare {table.name}")
        apart = compare(table, source.scan(table), target.scan(table))
        if apart.here or apart.there or apart.differing:
            raise DataError(
                f"{table.name} was stored as something else than what was sent; nothing was kept",
                hint="look for a trigger, a rule or a default of the target that changes rows",
            )
        outcome.compared += apart.same


def _watched(table: SyncedTable, rows: Iterator[Row], watcher: Watcher) -> Iterator[Row]:
    for piece in chunks(rows, _AT_ONCE):
        yield from piece
        watcher.advance(table.name, len(piece))
