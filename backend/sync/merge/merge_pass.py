"""Bring what the source has changed into the target, inside one transaction of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from backend.sync.chunks import chunks
from backend.sync.merge.constraints import Change, Obstacles
from backend.sync.merge.context import Rules, RulesBrokenError, Scopes, Task, Weighed, broken_of
from backend.sync.merge.dedupe import Pairing
from backend.sync.merge.recorder import Ledger
from backend.sync.merge.result import ConflictKind, Outcome
from backend.sync.merge.three_way import Place, Verdict, decide
from backend.sync.merge.units import Renames, Unit, load
from backend.sync.merge.writer import Writing
from backend.sync.replica.refusal import Refusal, refused
from backend.sync.replica.tables import Key, Row, SyncedTable, Value


class Attempt:
    """One way through everything that was touched; made anew when it has to be tried again."""

    def __init__(self, task: Task, outcome: Outcome) -> None:
        self.source = task.sides.source(task.wanted.direction)
        self.target = task.sides.target(task.wanted.direction)
        self.tables = task.sides.tables
        self.outcome = outcome
        self._renames = Renames()
        self._task = task
        self._going: list[Weighed] = []
        self._holders: dict[Key, frozenset[Key]] = {}
        self.refusals: dict[Place, Refusal] = {}
        # Tables of the source with rows whose key is none: one of them may be what is missing.
        self._unclear: set[str] = set()
        self._ledger = Ledger(task, self.target, outcome)
        parts = self.source, self.target, self.tables, self._renames
        self._obstacles = Obstacles(*parts)
        self._writing = Writing(*parts, outcome, task.undo)
        self._pairing = Pairing(*parts, task, outcome)

    def run(self, rules: Rules) -> None:
        """Weigh everything that the source has touched, and write what can be written.

        Raises:
            RefusedError: more would be deleted than is allowed.
            RulesBrokenError: what was written breaks a rule.
            RowRefusedError: the target refuses some of it.
        """
        with self.target.batch():
            self._everything()
            self.target.check_now()
        self._ledger.refuse_too_many_deletions()
        scopes = self._ledger.scopes
        if broken := rules(self.target, scopes) if scopes else {}:
            of = broken_of(scopes, broken)
            raise RulesBrokenError(of, broken, self._at_source(rules, of))

    def _at_source(self, rules: Rules, scopes: Scopes) -> Mapping[Value, str]:
        """Return which rules the source breaks by itself, by the keys that the target has."""
        former = {
            name: frozenset(self._renames.former((value,))[0] for value in values)
            for name, values in scopes.items()
        }
        found = rules(self.source, former)
        return {self._renames.key((value,))[0]: why for value, why in found.items()}

    def probe(self) -> None:
        """Do the same unit by unit where it has to be, and find out which are refused."""
        self.target.check_now()
        self._everything()

    def _everything(self) -> None:
        for root in self.tables.roots:
            self._travel(root)
        for _, going in groupby(reversed(self._going), lambda one: one.change.root.name):
            for piece in chunks(going, self._task.wanted.batch_size):
                self._remove(piece)

    def consume(self) -> None:
        """Let the source forget what has arrived; its own transaction, after the target's."""
        for table, local, survivor in self._renames.all:
            self.source.rekey(self.tables, table, local, survivor)
        self.source.forget(self._ledger.consumed)

    def _travel(self, root: SyncedTable) -> None:
        family = self.tables.family(root.name)
        touched, unfit = self.source.touched(family)
        self._ledger.unfit_keys(root, unfit)
        if unfit:
            self._unclear.add(root.name)
        self._pairing.pair(root, touched)
        left = list(dict.fromkeys(map(self._renames.key, touched)))
        if left:
            self._task.watcher.stage(root.name, len(left))
        while left:
            self._holders = {}
            for piece in chunks(left, self._task.wanted.batch_size):
                self._piece(root, piece)
            if len(self._holders) == len(left):
                circle = self._circle(root)
                if not circle:
                    self._ledger.taken(root, self._holders)
                    return
                self._piece(root, circle, swap=True)
                self._holders = {key: self._holders[key] for key in left if key not in circle}
            left = list(self._holders)

    def _piece(self, root: SyncedTable, keys: list[Key], *, swap: bool = False) -> None:
        """Weigh some units, and write what can be written; `swap`: they exchange unique values."""
        source = load(self.source, self.tables, root, keys, self._renames)
        target = load(self.target, self.tables, root, keys)
        found = (self._weigh(root, key, source[key], target[key]) for key in keys)
        weighed = self._permitted(root, [one for one in found if one is not None])
        changes = [one.change for one in weighed.values()]
        ready, waiting, conflicts = self._obstacles.parents(changes)
        holders = {} if swap else self._obstacles.holders(root, ready)
        self._holders.update(holders)
        self._write(root, [weighed[one.key] for one in ready if one.key not in holders], swap=swap)
        self.outcome.conflicts += conflicts
        self._ledger.wait(root, len(waiting))
        self._task.watcher.advance(root.name, len(keys) - len(holders))

    def _weigh(self, root: SyncedTable, key: Key, source: Unit, target: Unit) -> Weighed | None:
        """Decide on a unit; return it if something is to be written."""
        if fault := self._ledger.held_back(root, key, source, target):
            self._ledger.conflict(root, key, fault.kind, because=fault.because)
            return None
        place = root.name, key
        decision = decide(self.tables, place, source.seen, target.seen, self._ledger.judge.winner)
        match decision.verdict:
            case Verdict.CONFLICT:
                self._ledger.contradiction(root, key, decision, (source.seen, target.seen))
            case Verdict.SAME:
                self._ledger.same(root, source, target)
            case Verdict.AHEAD:
                self._ledger.ahead(source)
            case _:
                return Weighed(Change(root, key, decision.image), decision, source, target)
        return None

    def _permitted(self, root: SyncedTable, weighed: list[Weighed]) -> dict[Key, Weighed]:
        """Let deletions pass that may travel; the rows themselves go at the very end."""
        marked: list[Weighed] = []
        for one in weighed:
            if not one.deletes:
                continue
            if not self._task.wanted.deletes:
                self._ledger.stays(root, one.change.key)
            elif one.removes and root.name in self._unclear:
                because = "a row whose key is none may be this one"
                self._ledger.conflict(root, one.change.key, ConflictKind.UNFIT, because=because)
            elif one.removes:
                self._going.append(one)
            else:
                marked.append(one)
        free = self._unused(root, marked, self._obstacles.users_of_deleted)
        return {one.change.key: one for one in [*(w for w in weighed if not w.deletes), *free]}

    def _unused(
        self,
        root: SyncedTable,
        weighed: list[Weighed],
        users_of: Callable[[SyncedTable, list[Row]], Mapping[Key, str]],
    ) -> list[Weighed]:
        """Return the deletions of rows that nothing uses, and report the others."""
        old = [one.target.seen.now[root.name, one.change.key] for one in weighed]
        users = users_of(root, old) if old else {}
        for key, user in users.items():
            self._ledger.conflict(root, key, ConflictKind.IN_USE, because=user)
        return [one for one in weighed if one.change.key not in users]

    def _write(self, root: SyncedTable, weighed: Iterable[Weighed], *, swap: bool = False) -> None:
        if not self._task.probing:
            self._put(root, list(weighed), swap=swap)
        elif swap:
            # They exchange values: all of them or none.
            self._probe(root, [list(weighed)], swap=True)
        else:
            self._probe(root, [[one] for one in weighed])

    def _probe(self, root: SyncedTable, groups: list[list[Weighed]], *, swap: bool = False) -> None:
        def put(some: Sequence[list[Weighed]]) -> None:
            self._put(root, [one for group in some for one in group], swap=swap)

        for group, refusal in refused(self.target, groups, put):
            for one in group:
                self.refusals[root.name, one.change.key] = refusal

    def _put(self, root: SyncedTable, done: list[Weighed], *, swap: bool) -> None:
        changed = [
            (one.change, one.target.seen.now)
            for one in done
            if one.change.image != one.target.seen.now
        ]
        if changed:
            self._writing.write(root, changed, swap=swap)
        if done:
            self.target.forget([entry for one in done for entry in one.target.entries])
        for one in done:
            self._ledger.settle(root, one)

    def _remove(self, going: list[Weighed]) -> None:
        root = going[0].change.root
        self._write(root, self._unused(root, going, self._obstacles.left_behind))

    def _circle(self, root: SyncedTable) -> list[Key]:
        """Return units that want each other's unique values, if these can be put aside."""
        if not all(map(root.has_room, root.unique)):
            return []
        circle = set(self._holders)
        while outside := {key for key in circle if not self._holders[key] <= circle}:
            circle -= outside
        return sorted(circle, key=repr)
