"""Deduplication: rows that are one person or thing under two keys get the remote key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.capture.tables import Key, SyncedTable, SyncedTables
from backend.capture.unfit_rows import UnfitRow, first_unfit
from backend.db.chunks import chunks
from backend.sync.merge.context import Exclusion, MergeContext
from backend.sync.merge.units import Renames
from backend.sync.options import Direction
from backend.sync.replica.replica import Replica
from backend.sync.result import ConflictKind, DuplicatePair, SyncResult

_AT_ONCE = 1_000


@dataclass
class Deduplicator:
    """Pairs rows that have the same natural key and different primary keys.

    Only a row that the other side has never seen is paired: identity comes from the key, and a
    person who changes an address stays the same person.
    """

    source: Replica
    target: Replica
    tables: SyncedTables
    renames: Renames
    context: MergeContext
    result: SyncResult

    def pair(self, root: SyncedTable, touched: Iterable[Key]) -> None:
        """Pair what is new at the source with what is new at the target, before any is evaluated.

        A row that was deleted and made again is one of these pairs: evaluated alone, its deletion
        would travel. A local source keeps its keys until the target has committed, and is read as
        if it had the new ones; a local target gets them at once, inside its transaction.
        """
        if root.config.natural_key:
            for keys in chunks(touched, _AT_ONCE):
                self._pair(root, keys)

    def _pair(self, root: SyncedTable, keys: list[Key]) -> None:
        columns = root.config.natural_key
        held = self.source.rows(root, root.key, keys)
        rows = [self.renames.row(root, row) for row in held if not isinstance(row, UnfitRow)]
        wanted = {root.pick(row, columns): root.key_of(row) for row in rows}
        own = list(wanted.values())
        there = {root.key_of(row) for row in self.target.rows(root, root.key, own)} if own else {}
        new = {
            value: key for value, key in wanted.items() if key not in there and None not in value
        }
        found = self.target.rows(root, columns, list(new)) if new else []
        pairs = [(new[root.pick(row, columns)], root.key_of(row)) for row in found]
        others = [root.key_of(row) for row in found if not isinstance(row, UnfitRow)]
        known = (
            {root.key_of(row) for row in self.source.rows(root, root.key, others)} if others else {}
        )
        for one, other in pairs:
            if other not in known and not self._is_unfit(root, one, other):
                self._rename(root, one, other)

    def _is_unfit(self, root: SyncedTable, own: Key, other: Key) -> bool:
        """Tell whether a row could not be copied under another key; then it is excluded."""
        pair = ((self.source, own), (self.target, other))
        for name, (replica, key) in zip(self.context.options.direction.names, pair, strict=True):
            if unfit := first_unfit(replica.rows(root, root.key, [key], all_columns=True)):
                because = f"the {name} one: {root.name} {root.shown(key)}: {unfit.why}"
                self.context.excluded.units[root.name, own] = Exclusion(ConflictKind.UNFIT, because)
                return True
        return False

    def _rename(self, root: SyncedTable, own: Key, other: Key) -> None:
        if self.context.options.direction is Direction.LOCAL_TO_RENDER:
            local, survivor, replica = own, other, self.source
            self.renames.add(root, own, other)
        else:
            local, survivor, replica = other, own, self.target
        moved = tuple(self._hanging_on(replica, root, local))
        if self.context.options.direction is Direction.RENDER_TO_LOCAL:
            self.target.rekey(self.tables, root, local, survivor)
        self.result.paired.append(
            DuplicatePair(root.name, root.shown(local), root.shown(survivor), moved)
        )

    def _hanging_on(self, replica: Replica, root: SyncedTable, key: Key) -> list[tuple[str, str]]:
        place = root.key[0]
        found = {
            (child.name, child.shown(child.key_of(row))): None
            for child, reference in self.tables.hanging_on(root.name)
            for column, referred in zip(reference.columns, reference.referred, strict=True)
            if referred == place
            for row in replica.rows(child, [column], [key])
        }
        return list(found)
