"""Bring what the source has changed into the target, inside one transaction of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from backend.errors import RefusedError
from backend.progress import Watcher
from backend.sync.chunks import chunks
from backend.sync.conflicts import Judge, conflict_of
from backend.sync.deciding import Decision, Seen, Verdict, decide, known_since
from backend.sync.keeping import Undo
from backend.sync.obstacles import Change, Obstacles
from backend.sync.pairing import Pairing
from backend.sync.shape import (
    Conflict,
    ConflictKind,
    Deletion,
    Direction,
    Key,
    Outcome,
    TableCount,
    Value,
    Wanted,
)
from backend.sync.side import Entry, Side
from backend.sync.sides import Sides
from backend.sync.tables import SyncedTable
from backend.sync.units import Renames, Unit, load
from backend.sync.writing import Writing, by_table

# Rows of `groups` and `users`, by table, that the rules are to be put to.
Scopes = Mapping[str, frozenset[Value]]
# Says which of them break a rule of the app's in a database, and which one.
Rules = Callable[[Side, Scopes], Mapping[Value, str]]


class RulesBrokenError(Exception):
    """What was written breaks rules; `broken` names the scopes and the rules."""

    def __init__(self, broken: Mapping[Value, str]) -> None:
        super().__init__("rules are broken")
        self.broken = broken


@dataclass(frozen=True)
class Task:
    """What one attempt has to do; `rows` is what the target holds before.

    `held` are scopes whose units stay behind, because together with the target's they would break
    a rule.
    """

    sides: Sides
    wanted: Wanted
    rows: Mapping[str, int]
    watcher: Watcher
    undo: Undo
    held: Mapping[Value, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Weighed:
    """A unit that is to be written, with all that was known when that was decided."""

    change: Change
    decision: Decision
    source: Unit
    target: Unit

    @property
    def deletes(self) -> bool:
        """Tell whether people will miss it in the target, or the table a row."""
        place = self.change.root.name, self.change.key
        old, new = self.target.seen.now.get(place), self.change.image.get(place)
        is_live = self.change.root.is_live
        return (is_live(old) and not is_live(new)) or (old is not None and new is None)

    @property
    def removes(self) -> bool:
        """Tell whether the row itself goes."""
        return (self.change.root.name, self.change.key) not in self.change.image


class Attempt:
    """One way through everything that was touched; made anew when it has to be tried again."""

    def __init__(self, task: Task, outcome: Outcome) -> None:
        self.source = task.sides.source(task.wanted.direction)
        self.target = task.sides.target(task.wanted.direction)
        self.tables = task.sides.tables
        self.outcome = outcome
        self._renames = Renames()
        self._consumed: list[Entry] = []
        self._task = task
        self._scopes: dict[str, set[Value]] = defaultdict(set)
        self._going: list[Weighed] = []
        self._holders: dict[Key, Key] = {}
        self._judge = Judge(self.tables, task.wanted)
        parts = self.source, self.target, self.tables, self._renames
        self._obstacles = Obstacles(*parts)
        self._writing = Writing(*parts, outcome, task.undo)
        self._pairing = Pairing(*parts, task.wanted.direction, outcome)

    def run(self, rules: Rules) -> None:
        """Weigh everything that the source has touched, and write what can be written.

        Raises:
            RefusedError: more would be deleted than is allowed.
            RulesBrokenError: what was written breaks a rule.
        """
        with self.target.batch():
            for root in self.tables.roots:
                self._travel(root)
            for weighed in reversed(self._going):
                self._remove(weighed)
        self._refuse_too_many_deletions()
        scopes = {name: frozenset(values) for name, values in self._scopes.items()}
        if broken := rules(self.target, scopes) if scopes else {}:
            raise RulesBrokenError(broken)

    def consume(self) -> None:
        """Let the source forget what has arrived; its own transaction, after the target's."""
        for table, local, survivor in self._renames.all:
            self.source.rekey(table, local, survivor)
        self.source.forget(self._consumed)

    def _travel(self, root: SyncedTable) -> None:
        touched = self.source.touched(self.tables.family(root.name))
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
                    self._give_up(root)
                    return
                self._piece(root, circle, swap=True)
                self._holders = {key: self._holders[key] for key in left if key not in circle}
            left = list(self._holders)

    def _piece(self, root: SyncedTable, keys: list[Key], *, swap: bool = False) -> None:
        """Weigh some units, and write what can be written; `swap`: they exchange unique values."""
        source = load(self.source, self.tables, root, keys, self._renames)
        target = load(self.target, self.tables, root, keys)
        if self._pairing.pair(root, source, target):
            again = list(dict.fromkeys(map(self._renames.key, keys)))
            self._piece(root, again)
            return
        weighed = {
            key: found
            for key in keys
            if (found := self._weigh(root, key, source[key], target[key])) is not None
        }
        changes = [one.change for one in weighed.values()]
        ready, waiting, conflicts = self._obstacles.parents(changes)
        holders = {} if swap else self._obstacles.holders(root, ready)
        self._holders.update(holders)
        self._write(root, [weighed[one.key] for one in ready if one.key not in holders], swap=swap)
        self.outcome.conflicts += conflicts
        if waiting:
            self.outcome.waiting[root.name] = self.outcome.waiting.get(root.name, 0) + len(waiting)
        self._task.watcher.advance(root.name, len(keys) - len(holders))

    def _weigh(self, root: SyncedTable, key: Key, source: Unit, target: Unit) -> Weighed | None:
        """Decide on a unit; return it if something is to be written."""
        if why := self._held_back(root, key, source, target):
            self._conflict(root, key, ConflictKind.RULE, because=why)
            return None
        place = root.name, key
        decision = decide(self.tables, place, source.seen, target.seen, self._judge.winner)
        match decision.verdict:
            case Verdict.CONFLICT:
                self._conflict_of(root, key, decision, source.seen, target.seen)
            case Verdict.SAME:
                self.target.forget(target.entries)
                self._consumed += source.entries
                self.outcome.tables.setdefault(root.name, TableCount()).same += 1
            case Verdict.AHEAD:
                self._consumed += source.entries
            case _:
                weighed = Weighed(Change(root, key, decision.image), decision, source, target)
                return self._permitted(weighed) if weighed.deletes else weighed
        return None

    def _permitted(self, weighed: Weighed) -> Weighed | None:
        """Let a deletion pass that may travel; the rows themselves go at the very end."""
        root, key = weighed.change.root, weighed.change.key
        if not self._task.wanted.deletes:
            self.outcome.deletions.append(Deletion(root.name, root.shown(key)))
            return None
        if weighed.removes:
            self._going.append(weighed)
            return None
        old = weighed.target.seen.now[root.name, key]
        if user := self._obstacles.users_of_deleted(root, old):
            self._conflict(root, key, ConflictKind.IN_USE, because=user)
            return None
        return weighed

    def _write(self, root: SyncedTable, weighed: Iterable[Weighed], *, swap: bool = False) -> None:
        done = list(weighed)
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
            self._settle(root, one)

    def _settle(self, root: SyncedTable, one: Weighed) -> None:
        """Move the base of a unit that was written, and tell what became of it."""
        key, seen = one.change.key, one.source.seen
        self._consumed += one.source.entries
        # What the target holds beyond the source, the source will fetch.
        for name, bases in by_table(known_since(one.change.image, seen.now)).items():
            self.target.note(self.tables[name], bases)
        for image in (one.change.image, one.target.seen.now):
            if row := image.get((root.name, key)):
                self._scopes[root.scope_table] |= set(root.pick(row, [root.meaning.scope]))
        if one.decision.winner:
            self._conflict_of(root, key, one.decision, seen, one.target.seen)
        if one.deletes:
            self.outcome.deletions.append(Deletion(root.name, root.shown(key), travelled=True))

    def _remove(self, weighed: Weighed) -> None:
        root, key = weighed.change.root, weighed.change.key
        if user := self._obstacles.left_behind(root, weighed.target.seen.now[root.name, key]):
            self._conflict(root, key, ConflictKind.IN_USE, because=user)
        else:
            self._write(root, [weighed])

    def _circle(self, root: SyncedTable) -> list[Key]:
        """Return units that want each other's unique values, if these can be put aside."""
        if not all(map(root.has_room, root.unique)):
            return []
        circle = set(self._holders)
        while outside := {key for key in circle if self._holders[key] not in circle}:
            circle -= outside
        return sorted(circle, key=repr)

    def _give_up(self, root: SyncedTable) -> None:
        for key, holder in self._holders.items():
            because = f"the value is that of {root.name} {root.shown(holder)}"
            self._conflict(root, key, ConflictKind.TAKEN, because=because)

    def _held_back(self, root: SyncedTable, key: Key, source: Unit, target: Unit) -> str:
        for unit in (source, target):
            row = unit.seen.now.get((root.name, key))
            for value in root.pick(row, [root.meaning.scope]) if row else ():
                if value in self._task.held:
                    return self._task.held[value]
        return ""

    def _conflict(self, root: SyncedTable, key: Key, kind: ConflictKind, *, because: str) -> None:
        self.outcome.conflicts.append(Conflict(root.name, root.shown(key), kind, because=because))

    def _conflict_of(
        self, root: SyncedTable, key: Key, decision: Decision, source: Seen, target: Seen
    ) -> None:
        pair = (source.now, target.now)
        if self._task.wanted.direction is Direction.RENDER_TO_LOCAL:
            pair = (target.now, source.now)
        kind = decision.kind or ConflictKind.BOTH_CHANGED
        resolved = self._judge.side_of(decision.winner)
        self.outcome.conflicts.append(
            conflict_of(self.tables, (root.name, key), kind, pair, resolved=resolved)
        )

    def _refuse_too_many_deletions(self) -> None:
        counted: dict[str, int] = defaultdict(int)
        for deletion in self.outcome.deletions:
            counted[deletion.table] += deletion.travelled
        cap = self._task.wanted.max_deletes
        for name, number in counted.items():
            rows = self._task.rows.get(name, 0)
            if number > cap.allows(rows):
                raise RefusedError(
                    f"{number:,} of {rows:,} rows of {name} would be deleted; at most {cap} may",
                    hint="see which with --dry-run and without --deletes; if they are meant,"
                    f" say --max-deletes {number}",
                )
