"""Find rows that are one person or thing under two keys, and let the remote key survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.sync.merge.units import Renames, Unit
from backend.sync.shape import Direction, Key, Outcome, Paired
from backend.sync.sides.side import Side
from backend.sync.tables import SyncedTable, SyncedTables


@dataclass
class Pairing:
    """Pairs rows by what is unique about them apart from their keys.

    Only a row that the other side has never seen is paired: identity comes from the key, and a
    person who changes an address stays the same person.
    """

    source: Side
    target: Side
    tables: SyncedTables
    renames: Renames
    direction: Direction
    outcome: Outcome

    def pair(
        self, root: SyncedTable, source: Mapping[Key, Unit], target: Mapping[Key, Unit]
    ) -> bool:
        """Pair what is new at the source with what is new at the target; tell if any was.

        A local source keeps its keys until the target has committed, and is read as if it had the
        new ones; a local target gets them at once, inside its transaction.
        """
        columns = root.meaning.natural
        if not columns:
            return False
        wanted = {}
        for key, unit in source.items():
            row = unit.seen.now.get((root.name, key))
            if row and not target[key].seen.now and None not in root.pick(row, columns):
                wanted[root.pick(row, columns)] = key
        found = self.target.rows(root, columns, list(wanted)) if wanted else []
        pairs = [(wanted[root.pick(row, columns)], root.key_of(row)) for row in found]
        held = [other for _, other in pairs]
        known = {root.key_of(row) for row in self.source.rows(root, root.key, held)} if held else {}
        new = [(own, other) for own, other in pairs if other not in known]
        for own, other in new:
            self._rename(root, own, other)
        return bool(new)

    def _rename(self, root: SyncedTable, own: Key, other: Key) -> None:
        if self.direction is Direction.LOCAL_TO_RENDER:
            local, survivor, side = own, other, self.source
            self.renames.add(root, own, other)
        else:
            local, survivor, side = other, own, self.target
        moved = tuple(self._hanging_on(side, root, local))
        if self.direction is Direction.RENDER_TO_LOCAL:
            self.target.rekey(root, local, survivor)
        self.outcome.paired.append(
            Paired(root.name, root.shown(local), root.shown(survivor), moved)
        )

    def _hanging_on(self, side: Side, root: SyncedTable, key: Key) -> list[tuple[str, str]]:
        place = root.key[0]
        found = {
            (child.name, child.shown(child.key_of(row))): None
            for child, reference in self.tables.hanging_on(root.name)
            for column, referred in zip(reference.columns, reference.referred, strict=True)
            if referred == place
            for row in side.rows(child, [column], [key])
        }
        return list(found)
