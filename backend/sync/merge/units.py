"""Load units, the rows that travel together, with what they were at the last sync."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backend.capture.change_log import ChangeLogEntry
from backend.capture.tables import Key, Row, SyncedTable, SyncedTables
from backend.capture.unfit_rows import UnfitRow
from backend.sync.merge.three_way import RowRef, UnitState
from backend.sync.replica.replica import Replica
from backend.values.conversion import Value
from backend.values.kinds import ValueKind

# Between two files, a column that the models do not know may hold anything, a key too.
_MAY_REFER = frozenset({ValueKind.UUID, ValueKind.OTHER})


@dataclass(frozen=True)
class Unit:
    """A unit on one side, and its entries in the log of that side."""

    state: UnitState
    entries: tuple[ChangeLogEntry, ...] = ()

    def unfit(self, tables: SyncedTables) -> str:
        """Name a row that can be neither compared nor written, and say why; empty for most."""
        for (name, key), row in self.state.now.items():
            if isinstance(row, UnfitRow):
                return f"{name} {tables[name].shown(key)}: {row.why}"
        return ""


@dataclass
class Renames:
    """Keys of local rows that take the key of a remote one; UUIDs, so no two tables share one."""

    survivors: dict[Value, Value] = field(default_factory=dict)
    _before: dict[Value, Value] = field(default_factory=dict)
    _tables: list[SyncedTable] = field(default_factory=list)

    def add(self, table: SyncedTable, local: Key, survivor: Key) -> None:
        """Let a row have another row's key from now on."""
        self.survivors[local[0]] = survivor[0]
        self._before[survivor[0]] = local[0]
        self._tables.append(table)

    @property
    def all(self) -> Iterator[tuple[SyncedTable, Key, Key]]:
        """Return every table, the key that goes and the key that stays."""
        for table, (local, survivor) in zip(self._tables, self.survivors.items(), strict=True):
            yield table, (local,), (survivor,)

    def key(self, key: Key) -> Key:
        """Return a key with renamed values replaced."""
        return tuple(self.survivors.get(value, value) for value in key)

    def former(self, key: Key) -> Key:
        """Return the key that a row had before it was renamed."""
        return tuple(self._before.get(value, value) for value in key)

    def row(self, table: SyncedTable, row: Row) -> Row:
        """Return a row of visible values with renamed keys replaced."""
        if not self.survivors:
            return row
        renamed = tuple(
            self.survivors.get(value, value) if column.kind in _MAY_REFER else value
            for column, value in zip(table.visible, row, strict=True)
        )
        return UnfitRow(renamed, row.why) if isinstance(row, UnfitRow) else renamed

    def entry(self, table: SyncedTable, entry: ChangeLogEntry) -> ChangeLogEntry:
        """Return an entry under the key that its row is going to have."""
        base = None if entry.base is None else self.row(table, entry.base)
        return replace(entry, key=self.key(entry.key), base=base)


def load(
    replica: Replica,
    tables: SyncedTables,
    root: SyncedTable,
    keys: Sequence[Key],
    renames: Renames | None = None,
) -> dict[Key, Unit]:
    """Load units by key. A deleted unit has no rows but keeps its change-log entries."""
    known = renames or Renames()
    family = tables.family(root.name)
    asked = [known.former(key) for key in keys]
    held, noted = replica.family(family, asked)
    rows: dict[Key, dict[RowRef, Row]] = {key: {} for key in keys}
    for table in family:
        for found in held[table.name]:
            row = known.row(table, found)
            rows[table.pick(row, table.root_columns)][(table.name, table.key_of(row))] = row
    entries: dict[Key, list[ChangeLogEntry]] = {key: [] for key in keys}
    for written in noted:
        table = tables[written.table]
        entry = known.entry(table, written)
        entries[entry.key[: len(table.root_columns)]].append(entry)
    return {key: _unit(rows[key], entries[key]) for key in keys}


def _unit(rows: Mapping[RowRef, Row], entries: Iterable[ChangeLogEntry]) -> Unit:
    noted = tuple(entries)
    if not noted:
        return Unit(UnitState(rows))
    base = dict(rows)
    for entry in noted:
        place = (entry.table, entry.key)
        if entry.base is None:
            base.pop(place, None)
        else:
            base[place] = entry.base
    return Unit(UnitState(rows, base), noted)
