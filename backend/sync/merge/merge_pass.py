"""One pass of the merge: write the source's changes into the target, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backend.capture.tables import Key, SyncedTable
from backend.db.chunks import chunks
from backend.sync.merge.constraints import Change, ConstraintChecks
from backend.sync.merge.context import (
    InvariantCheck,
    InvariantsBrokenError,
    MergeContext,
    PlannedWrite,
    Scopes,
)
from backend.sync.merge.dedupe import Deduplicator
from backend.sync.merge.deletions import DeletionPolicy
from backend.sync.merge.recorder import MergeRecorder
from backend.sync.merge.three_way import MergeAction, RowRef, decide
from backend.sync.merge.units import Renames, Unit, load
from backend.sync.merge.writer import UnitWriter
from backend.sync.replica.refusals import Refusal, refused
from backend.sync.result import SyncResult
from backend.values.conversion import Value


class MergePass:
    """One pass over all changed units; a new one is made for each try."""

    def __init__(self, context: MergeContext, result: SyncResult) -> None:
        self.source = context.pair.source(context.options.direction)
        self.target = context.pair.target(context.options.direction)
        self.tables = context.pair.tables
        self.result = result
        self._renames = Renames()
        self._context = context
        self._unique_owners: dict[Key, frozenset[Key]] = {}
        self.refusals: dict[RowRef, Refusal] = {}
        self._recorder = MergeRecorder(context, self.target, result)
        parts = self.source, self.target, self.tables, self._renames
        self._constraints = ConstraintChecks(*parts)
        self._writer = UnitWriter(*parts, result, context.undo)
        self._dedupe = Deduplicator(*parts, context, result)
        self._deletions = DeletionPolicy(context, self._constraints, self._recorder, result)

    def run(self, check: InvariantCheck) -> None:
        """Evaluate every unit that the source has changed, and write what can be written.

        Raises:
            RefusedError: more would be deleted than is allowed.
            InvariantsBrokenError: what was written breaks an invariant.
            RowRefusedError: the target refuses some of it.
        """
        with self.target.batch():
            self._everything()
            self.target.check_now()
        self._deletions.refuse_too_many()
        scopes = self._recorder.scopes
        if broken := check(self.target, scopes) if scopes else {}:
            found = {name: values & broken.keys() for name, values in scopes.items()}
            raise InvariantsBrokenError(found, broken, self._at_source(check, found))

    def _at_source(self, check: InvariantCheck, scopes: Scopes) -> Mapping[Value, str]:
        """Return which invariants the source breaks by itself, by the keys that the target has."""
        former = {
            name: frozenset(self._renames.former((value,))[0] for value in values)
            for name, values in scopes.items()
        }
        found = check(self.source, former)
        return {self._renames.key((value,))[0]: why for value, why in found.items()}

    def probe(self) -> None:
        """Write unit by unit where the target refuses some, and collect the refusals."""
        self.target.check_now()
        self._everything()

    def _everything(self) -> None:
        for root in self.tables.roots:
            self._travel(root)
        for root, going in self._deletions.removals():
            self._write(root, going)

    def consume(self) -> None:
        """Remove from the source's log what has arrived, after the target has committed."""
        for table, local, survivor in self._renames.all:
            self.source.rekey(self.tables, table, local, survivor)
        self.source.log.forget(self._recorder.consumed)

    def _travel(self, root: SyncedTable) -> None:
        family = self.tables.family(root.name)
        touched, unfit = self.source.touched(family)
        self._recorder.unfit_keys(root, unfit)
        if unfit:
            self._deletions.distrust(root)
        self._dedupe.pair(root, touched)
        left = list(dict.fromkeys(map(self._renames.key, touched)))
        if left:
            self._context.watcher.stage(root.name, len(left))
        while left:
            self._unique_owners = {}
            for piece in chunks(left, self._context.options.batch_size):
                self._piece(root, piece)
            if len(self._unique_owners) == len(left):
                cycle = self._unique_cycle(root)
                if not cycle:
                    self._recorder.taken(root, self._unique_owners)
                    return
                self._piece(root, cycle, swap=True)
                self._unique_owners = {
                    key: self._unique_owners[key] for key in left if key not in cycle
                }
            left = list(self._unique_owners)

    def _piece(self, root: SyncedTable, keys: list[Key], *, swap: bool = False) -> None:
        """Evaluate units, and write what can be written; `swap`: they exchange unique values."""
        source = load(self.source, self.tables, root, keys, self._renames)
        target = load(self.target, self.tables, root, keys)
        found = (self._evaluate(root, key, source[key], target[key]) for key in keys)
        permitted = self._deletions.permitted(root, [one for one in found if one is not None])
        planned = {one.change.key: one for one in permitted}
        ready, waiting, conflicts = self._constraints.parents([one.change for one in permitted])
        unique_owners = {} if swap else self._constraints.unique_owners(root, ready)
        self._unique_owners.update(unique_owners)
        self._write(
            root, [planned[one.key] for one in ready if one.key not in unique_owners], swap=swap
        )
        self.result.conflicts += conflicts
        self._recorder.wait(root, len(waiting))
        self._context.watcher.advance(root.name, len(keys) - len(unique_owners))

    def _evaluate(
        self, root: SyncedTable, key: Key, source: Unit, target: Unit
    ) -> PlannedWrite | None:
        """Decide on a unit; return it if something is to be written."""
        if fault := self._recorder.exclusion_of(root, key, source, target):
            self._recorder.conflict(root, key, fault.kind, because=fault.because)
            return None
        place = root.name, key
        decision = decide(
            self.tables, place, source.state, target.state, self._recorder.policy.winner
        )
        match decision.action:
            case MergeAction.CONFLICT:
                self._recorder.contradiction(root, key, decision, (source.state, target.state))
            case MergeAction.SAME:
                self._recorder.same(root, source, target)
            case MergeAction.AHEAD:
                self._recorder.ahead(source)
            case _:
                return PlannedWrite(Change(root, key, decision.image), decision, source, target)
        return None

    def _write(
        self, root: SyncedTable, planned: Iterable[PlannedWrite], *, swap: bool = False
    ) -> None:
        if not self._context.probing:
            self._put(root, list(planned), swap=swap)
        elif swap:
            # They exchange values: all of them or none.
            self._probe(root, [list(planned)], swap=True)
        else:
            self._probe(root, [[one] for one in planned])

    def _probe(
        self, root: SyncedTable, groups: list[list[PlannedWrite]], *, swap: bool = False
    ) -> None:
        def put(some: Sequence[list[PlannedWrite]]) -> None:
            self._put(root, [one for group in some for one in group], swap=swap)

        for group, refusal in refused(self.target, groups, put):
            for one in group:
                self.refusals[root.name, one.change.key] = refusal

    def _put(self, root: SyncedTable, done: list[PlannedWrite], *, swap: bool) -> None:
        changed = [
            (one.change, one.target.state.now)
            for one in done
            if one.change.image != one.target.state.now
        ]
        if changed:
            self._writer.write(root, changed, swap=swap)
        if done:
            self.target.log.forget([entry for one in done for entry in one.target.entries])
        for one in done:
            self._recorder.settle(root, one)

    def _unique_cycle(self, root: SyncedTable) -> list[Key]:
        """Return units that wait for each other's unique values, if these can be parked."""
        if not all(map(root.has_room, root.unique)):
            return []
        cycle = set(self._unique_owners)
        while outside := {key for key in cycle if not self._unique_owners[key] <= cycle}:
            cycle -= outside
        return sorted(cycle, key=repr)
