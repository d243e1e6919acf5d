"""Write units to the target, read them back, and record what undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.capture.tables import Key, Row, SyncedTable, SyncedTables
from backend.capture.unfit_rows import first_unfit
from backend.sync.merge.constraints import Change
from backend.sync.merge.three_way import Image, RowRef
from backend.sync.merge.units import Renames, load
from backend.sync.replica.refusals import Refusal, RowRefusedError
from backend.sync.replica.replica import Replica
from backend.sync.result import ConflictKind, SyncResult, TableCount
from backend.sync.undo_script import UndoLog
from backend.values.conversion import Value


@dataclass
class UnitWriter:
    """Writes units to the target of one pass, parents first, and counts the rows."""

    source: Replica
    target: Replica
    tables: SyncedTables
    renames: Renames
    result: SyncResult
    undo: UndoLog

    def write(
        self, root: SyncedTable, changes: Sequence[tuple[Change, Image]], *, swap: bool = False
    ) -> None:
        """Write units; each is given with what the target holds of it.

        With `swap` they exchange unique values: those are parked before.

        Raises:
            RowRefusedError: the target refuses it, or has stored something else than what was sent.
        """
        family = self.tables.family(root.name)
        before = [(change, was, _staying(family, change, was)) for change, was in changes]
        staying = [(change, stays) for change, _, stays in before]
        for table in reversed(family):
            self._delete(table, [key for _, *two in before for key in _gone(table, *two)])
        parked = self._park(root, [change.key for change, _ in changes]) if swap else {}
        for table in family:
            self._insert(table, [row for two in staying for row in _new(table, *two)])
            pairs = [pair for two in staying for pair in _altered(table, *two)]
            self._update(
                table,
                [(parked.get((table.name, table.key_of(old)), old), new) for old, new in pairs],
            )
        self._compare(root, [change for change, _ in changes])

    def _park(self, root: SyncedTable, keys: list[Key]) -> dict[RowRef, Row]:
        """Park unique values for an exchange; return the rows as they are then.

        Both steps are noted: going back, too, the values have to pass each other.
        """
        names = [column.name for column in root.visible]
        self.undo.updated(root.name, root.key, names, self.target.rows(root, root.key, keys))
        for unique in root.unique:
            self.target.park_unique(root, unique, keys)
        rows = self.target.rows(root, root.key, keys)
        return {(root.name, root.key_of(row)): row for row in rows}

    def _insert(self, table: SyncedTable, rows: list[Row]) -> None:
        if rows:
            self.undo.inserted(table.name, table.key, [table.key_of(row) for row in rows])
            self.target.insert(table, self._complete(table, rows))
            self._count(table).inserted += len(rows)

    def _update(self, table: SyncedTable, pairs: list[tuple[Row, Row]]) -> None:
        if pairs:
            names = [column.name for column in table.visible]
            self.undo.updated(table.name, table.key, names, [old for old, _ in pairs])
            self.target.update(table, [new for _, new in pairs])
            self._count(table).updated += len(pairs)

    def _delete(self, table: SyncedTable, keys: list[Key]) -> None:
        if keys:
            old = self.target.rows(table, table.key, keys, all_columns=True)
            _refuse_unfit(old)
            self.undo.deleted(table.name, table.names, old)
            self.target.delete(table, keys)
            self._count(table).deleted += len(keys)

    def _complete(self, table: SyncedTable, rows: list[Row]) -> list[Row]:
        """Add the insert-only columns, which travel with a new row only."""
        if not table.config.insert_only:
            return rows
        asked = [self.renames.former(table.key_of(row)) for row in rows]
        whole: dict[Key, dict[str, Value]] = {}
        held = self.source.rows(table, table.key, asked, all_columns=True)
        _refuse_unfit(held)
        for found in held:
            values = dict(zip(table.names, found, strict=True))
            whole[self.renames.key(tuple(values[name] for name in table.key))] = values
        names = [column.name for column in table.visible]
        complete = []
        for row in rows:
            values = whole[table.key_of(row)] | dict(zip(names, row, strict=True))
            complete.append(tuple(values[name] for name in table.names))
        return complete

    def _compare(self, root: SyncedTable, changes: list[Change]) -> None:
        """Read what was written, and check that it is what was sent."""
        stored = load(self.target, self.tables, root, [change.key for change in changes])
        for change in changes:
            found = stored[change.key].state.now
            if found != change.image:
                place = next(iter(_differing(found, change.image)))
                raise RowRefusedError(
                    Refusal(
                        f"{place[0]} {self.tables[place[0]].shown(place[1])} was stored as"
                        " something else than what was sent: by a trigger, a rule, or the type of"
                        " a column"
                    )
                )
            self.result.compared += len(found)

    def _count(self, table: SyncedTable) -> TableCount:
        return self.result.tables.setdefault(table.name, TableCount())


def _refuse_unfit(rows: Sequence[Row]) -> None:
    """Refuse rows whose insert-only columns, not validated until now, hold an unfit value."""
    if unfit := first_unfit(rows):
        raise RowRefusedError(Refusal(unfit.why, kind=ConflictKind.UNFIT))


def _differing(one: Image, other: Image) -> list[RowRef]:
    return sorted(
        place for place in one.keys() | other.keys() if one.get(place) != other.get(place)
    )


def _new(table: SyncedTable, change: Change, was: Image) -> list[Row]:
    return [
        row for place, row in change.image.items() if place[0] == table.name and place not in was
    ]


def _gone(table: SyncedTable, was: Image, staying: Image) -> list[Key]:
    return [key for name, key in was if name == table.name and (name, key) not in staying]


def _altered(table: SyncedTable, change: Change, was: Image) -> list[tuple[Row, Row]]:
    return [
        (was[place], row)
        for place, row in change.image.items()
        if place[0] == table.name and place in was and was[place] != row
    ]


def _staying(family: Sequence[SyncedTable], change: Change, was: Image) -> Image:
    """Return what need not be deleted; the parts of an owner that moves go, and come back."""
    place = (change.root.name, change.key)
    moves = _moves(family, change.root, was.get(place), change.image.get(place))
    return {
        each: row
        for each, row in was.items()
        if each in change.image and (each == place or not moves)
    }


def _moves(
    family: Sequence[SyncedTable], root: SyncedTable, old: Row | None, new: Row | None
) -> bool:
    """Tell whether an owner's row becomes another one in columns that its parts hold too."""
    if old is None or new is None:
        return False
    held = {
        name
        for table in family
        for reference in table.references
        if reference.table == root.name
        for name in reference.referred
    }
    return any(root.pick(old, [name]) != root.pick(new, [name]) for name in held)
