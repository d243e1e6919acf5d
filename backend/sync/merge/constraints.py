"""Checks of constraints: what keeps a change from being written, before the target refuses it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backend.capture.tables import Key, Row, SyncedTable, SyncedTables
from backend.capture.unfit_rows import UnfitRow
from backend.schema.tables import ForeignKey
from backend.sync.merge.three_way import Image
from backend.sync.merge.units import Renames
from backend.sync.replica.replica import Replica
from backend.sync.result import ConflictKind, MergeConflict

# A table and some of its columns.
_Corner = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Change:
    """What a unit of the target shall become."""

    root: SyncedTable
    key: Key
    image: Image

    @property
    def rows(self) -> Iterator[tuple[str, Row]]:
        """Return every row with its table's name."""
        for (name, _), row in self.image.items():
            yield name, row


@dataclass
class ConstraintChecks:
    """Checks changes against the target, and caches which parents are there."""

    source: Replica
    target: Replica
    tables: SyncedTables
    renames: Renames
    _there: dict[_Corner, set[Key]] = field(default_factory=lambda: defaultdict(set))

    def parents(
        self, changes: list[Change]
    ) -> tuple[list[Change], list[Change], list[MergeConflict]]:
        """Return what can be written, what waits for a parent, what refers to a deleted one."""
        missing, dead = self._missing_parents(changes)
        ready: list[Change] = []
        waiting: list[Change] = []
        conflicts: list[MergeConflict] = []
        for change in changes:
            needs = list(self._needs(change))
            live = change.root.is_live(change.image.get((change.root.name, change.key)))
            used = [one for one in needs if live and one[2] in dead.get(one[:2], ())]
            if any(one[2] in missing.get(one[:2], ()) for one in needs):
                waiting.append(change)
            elif used:
                conflicts.append(self._in_use(change, *used[0]))
            else:
                ready.append(change)
        return ready, waiting, conflicts

    def _needs(self, change: Change) -> Iterator[tuple[str, tuple[str, ...], Key]]:
        """Return the rows of other units that the rows of a unit refer to."""
        for name, row in change.rows:
            table = self.tables[name]
            for reference in table.references:
                value = table.pick(row, reference.columns)
                if self.tables[reference.table].root != change.root.name and None not in value:
                    yield reference.table, reference.referred, value

    def _missing_parents(
        self, changes: list[Change]
    ) -> tuple[dict[_Corner, set[Key]], dict[_Corner, set[Key]]]:
        wanted: dict[_Corner, set[Key]] = defaultdict(set)
        for change in changes:
            for name, columns, value in self._needs(change):
                if value not in self._there[name, columns]:
                    wanted[name, columns].add(value)
        missing: dict[_Corner, set[Key]] = {}
        dead: dict[_Corner, set[Key]] = {}
        for (name, columns), values in wanted.items():
            table = self.tables[name]
            rows = self.target.rows(table, columns, sorted(values, key=repr))
            found = {table.pick(row, columns): table.is_live(row) for row in rows}
            gone = {value for value, live in found.items() if not live}
            corner = name, columns
            missing[corner] = values - found.keys()
            dead[corner] = self._alive_at_source(table, columns, gone)
            self._there[corner] |= found.keys() - dead[corner]
        return missing, dead

    def _alive_at_source(
        self, table: SyncedTable, columns: tuple[str, ...], values: set[Key]
    ) -> set[Key]:
        """Return the values whose rows the target has deleted and the source still has."""
        if not values:
            return set()
        asked = [self.renames.former(value) for value in sorted(values, key=repr)]
        rows = (self.renames.row(table, one) for one in self.source.rows(table, columns, asked))
        return {table.pick(row, columns) for row in rows if table.is_live(row)}

    def _in_use(
        self, change: Change, name: str, columns: tuple[str, ...], value: Key
    ) -> MergeConflict:
        table = self.tables[name]
        (row,) = self.target.rows(table, columns, [value])
        because = f"it uses {name} {table.shown(table.key_of(row))}, deleted on the other side"
        shown = change.root.shown(change.key)
        return MergeConflict(change.root.name, shown, ConflictKind.IN_USE, because=because)

    def users_of_deleted(self, root: SyncedTable, rows: list[Row]) -> Mapping[Key, str]:
        """Return rows to be soft-deleted that a row new in the target uses, and that row."""
        found: dict[Key, str] = {}
        for child, reference in self._hanging_on(root):
            keys = {root.pick(row, reference.referred): root.key_of(row) for row in rows}
            added = self.target.pending_users(child, reference, list(keys))
            live = self._live_at_source(child, [row for row in added if child.is_live(row)])
            for user in added:
                if child.is_live(user) and child.key_of(user) not in live:
                    found.setdefault(keys[child.pick(user, reference.columns)], _uses(child, user))
        return found

    def _live_at_source(self, table: SyncedTable, rows: list[Row]) -> set[Key]:
        # A row whose key is none cannot be on the other side, and must not be asked for there.
        fit = [row for row in rows if not isinstance(row, UnfitRow)]
        asked = [self.renames.former(table.key_of(row)) for row in fit]
        found = self.source.rows(table, table.key, asked) if asked else []
        return {self.renames.key(table.key_of(row)) for row in found if table.is_live(row)}

    def left_behind(self, root: SyncedTable, rows: list[Row]) -> Mapping[Key, str]:
        """Return rows to be removed that a row of the target still refers to, and that row."""
        found: dict[Key, str] = {}
        for child, reference in self._hanging_on(root):
            keys = {root.pick(row, reference.referred): root.key_of(row) for row in rows}
            for user in self.target.rows(child, reference.columns, list(keys)):
                found.setdefault(keys[child.pick(user, reference.columns)], _uses(child, user))
        return found

    def _hanging_on(self, root: SyncedTable) -> Iterator[tuple[SyncedTable, ForeignKey]]:
        for child, reference in self.tables.hanging_on(root.name):
            if child.root != root.name:
                yield child, reference

    def unique_owners(
        self, root: SyncedTable, changes: list[Change]
    ) -> Mapping[Key, frozenset[Key]]:
        """Return by key the rows of the target that hold a unique value which this change needs."""
        found: dict[Key, set[Key]] = defaultdict(set)
        for columns in root.unique:
            # Two may want the same: what one side has given to one, the other side to another.
            wanted: dict[Key, list[Key]] = defaultdict(list)
            for change in changes:
                row = change.image.get((root.name, change.key))
                value = root.pick(row, columns) if row else (None,)
                if None not in value:
                    wanted[value].append(change.key)
            for row in self.target.rows(root, columns, list(wanted)) if wanted else []:
                holder = root.key_of(row)
                for key in wanted[root.pick(row, columns)]:
                    if key != holder:
                        found[key].add(holder)
        return {key: frozenset(holders) for key, holders in found.items()}


def _uses(child: SyncedTable, row: Row) -> str:
    return f"{child.name} {child.shown(child.key_of(row))} uses it"
