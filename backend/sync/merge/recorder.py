"""The recorder of a merge pass: what became of each unit, and what each log forgets for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from backend.capture.change_log import ChangeLogEntry
from backend.capture.tables import Key, Row, SyncedTable
from backend.sync.merge.context import Exclusion, MergeContext, PlannedWrite, Scopes
from backend.sync.merge.three_way import (
    ConflictPolicy,
    Decision,
    RowRef,
    UnitState,
    conflict_of,
    known_since,
)
from backend.sync.merge.units import Unit
from backend.sync.options import Direction, OnConflict
from backend.sync.replica.replica import Replica
from backend.sync.result import ConflictKind, Deletion, MergeConflict, SyncResult, TableCount
from backend.values.conversion import Value


class MergeRecorder:
    """Writes into the result; collects the entries that the source forgets after the commit."""

    def __init__(self, context: MergeContext, target: Replica, result: SyncResult) -> None:
        self.policy = ConflictPolicy(context.pair.tables, context.options)
        self.consumed: list[ChangeLogEntry] = []
        self._context = context
        self._target = target
        self._result = result
        self._scopes: dict[str, set[Value]] = defaultdict(set)

    @property
    def scopes(self) -> Scopes:
        """Return the groups and accounts whose invariants are to be checked."""
        return {name: frozenset(values) for name, values in self._scopes.items()}

    def exclusion_of(
        self, root: SyncedTable, key: Key, source: Unit, target: Unit
    ) -> Exclusion | None:
        """Return why a unit is excluded; None for most."""
        excluded = self._context.excluded
        if fault := excluded.units.get((root.name, key)):
            return fault
        for name, unit in zip(self._context.options.direction.names, (source, target), strict=True):
            if why := unit.unfit(self._context.pair.tables):
                return Exclusion(ConflictKind.UNFIT, f"the {name} one: {why}")
        for unit in (source, target):
            row = unit.state.now.get((root.name, key))
            for value in root.pick(row, [root.config.check_scope]) if row else ():
                if value in excluded.scopes:
                    return excluded.scopes[value]
        return None

    def same(self, root: SyncedTable, source: Unit, target: Unit) -> None:
        """Note that both hold the same; both logs forget it."""
        self._target.log.forget(target.entries)
        self.consumed += source.entries
        self._result.tables.setdefault(root.name, TableCount()).same += 1

    def ahead(self, source: Unit) -> None:
        """Note that the target already has all that the source has changed."""
        self.consumed += source.entries

    def wait(self, root: SyncedTable, number: int) -> None:
        """Note units that need others that stay behind."""
        if number:
            waiting = self._result.waiting
            waiting[root.name] = waiting.get(root.name, 0) + number

    def settle(self, root: SyncedTable, one: PlannedWrite) -> None:
        """Move the base of a unit that was written, and record it."""
        key, state = one.change.key, one.source.state
        self.consumed += one.source.entries
        # What the target holds beyond the source, the source will fetch.
        for name, bases in _by_table(known_since(one.change.image, state.now)).items():
            self._target.log.note(self._context.pair.tables[name], bases)
        for image in (one.change.image, one.target.state.now):
            if row := image.get((root.name, key)):
                self._scopes[root.scope_table] |= set(root.pick(row, [root.config.check_scope]))
        if one.decision.winner:
            self.contradiction(root, key, one.decision, (state, one.target.state))
        if one.deletes:
            self._result.deletions.append(Deletion(root.name, root.shown(key), travelled=True))

    def conflict(self, root: SyncedTable, key: Key, kind: ConflictKind, *, because: str) -> None:
        """Note why a unit cannot be written."""
        self._result.conflicts.append(
            MergeConflict(root.name, root.shown(key), kind, because=because)
        )

    def unfit_keys(self, root: SyncedTable, found: Mapping[Key, str]) -> None:
        """Note rows of the source whose key is none."""
        source, _ = self._context.options.direction.names
        for key, why in found.items():
            self.conflict(root, key, ConflictKind.UNFIT, because=f"the {source} one: {why}")

    def taken(self, root: SyncedTable, unique_owners: Mapping[Key, frozenset[Key]]) -> None:
        """Note units whose unique values are held by others."""
        for key, others in unique_owners.items():
            names = " and ".join(sorted(f"{root.name} {root.shown(other)}" for other in others))
            because = f"the value is that of {names}"
            self.conflict(root, key, ConflictKind.TAKEN, because=because)

    def contradiction(
        self, root: SyncedTable, key: Key, decision: Decision, both: tuple[UnitState, UnitState]
    ) -> None:
        """Note a conflict, with who won it if somebody did."""
        source, target = both
        images = (source.now, target.now)
        if self._context.options.direction is Direction.RENDER_TO_LOCAL:
            images = (target.now, source.now)
        kind = decision.kind or ConflictKind.BOTH_CHANGED
        resolved = self.policy.side_of(decision.winner)
        tables, place = self._context.pair.tables, (root.name, key)
        found = conflict_of(tables, place, kind, images, resolved=resolved)
        if self._context.options.on_conflict is OnConflict.NEWER and not found.has_later:
            found = replace(found, because="neither says that it was changed later")
        self._result.conflicts.append(found)


def _by_table(places: dict[RowRef, Row | None]) -> dict[str, dict[Key, Row | None]]:
    """Group rows by their tables."""
    sorted_out: dict[str, dict[Key, Row | None]] = defaultdict(dict)
    for (name, key), row in places.items():
        sorted_out[name][key] = row
    return sorted_out
