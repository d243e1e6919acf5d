"""What a merge pass is given, what it excludes, and what it plans to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.cli.progress import Watcher
from backend.errors import DataError
from backend.sync.merge.constraints import Change
from backend.sync.merge.three_way import Decision, RowRef
from backend.sync.merge.units import Unit
from backend.sync.options import SyncOptions
from backend.sync.replica.pair import ReplicaPair
from backend.sync.replica.refusals import Refusal, refusal_error
from backend.sync.replica.replica import Replica
from backend.sync.result import ConflictKind
from backend.sync.undo_script import UndoLog
from backend.values.conversion import Value

# Somebody else may write between two tries, but hardly each time.
_TRIES = 3


@dataclass(frozen=True)
class Exclusion:
    """Why a unit is not written."""

    kind: ConflictKind
    because: str


@dataclass
class Exclusions:
    """What the next pass must not write: whole groups and accounts, and single units."""

    scopes: dict[Value, Exclusion] = field(default_factory=dict)
    units: dict[RowRef, Exclusion] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _tries: int = _TRIES

    def exclude_scopes(self, broken: Mapping[Value, Exclusion]) -> None:
        """Exclude all rows of these groups and accounts.

        Raises:
            DataError: they are excluded already, and the invariants are broken all the same.
        """
        if broken.keys() <= self.scopes.keys():
            raise DataError(
                "; ".join(sorted({fault.because for fault in broken.values()})),
                hint="the target breaks this rule by itself: python -m backend check",
            )
        self.scopes.update(broken)

    def exclude_refused(self, first: Refusal, found: Mapping[RowRef, Refusal]) -> None:
        """Exclude units that the target refuses; `first` is what ended the pass.

        What another session's write may have caused has to be seen twice.

        Raises:
            DataError: something is refused, and no unit is to blame for it.
            TransientError: others wrote between the tries, each time.
        """
        self._seen.add(first.says)
        certain = {
            place: Exclusion(refusal.kind, refusal.says)
            for place, refusal in found.items()
            if not refusal.may_pass or refusal.says in self._seen
        }
        self._seen |= {refusal.says for refusal in found.values()}
        self.units.update(certain)
        if not certain:
            self._try_again(first)

    def _try_again(self, first: Refusal) -> None:
        self._tries -= 1
        if not first.may_pass or not self._tries:
            raise refusal_error(first)


# Keys of `groups` and `users`, by table, whose invariants are to be checked.
Scopes = Mapping[str, frozenset[Value]]
# Returns which of them break an invariant in a database, and which one.
InvariantCheck = Callable[[Replica, Scopes], Mapping[Value, str]]


class InvariantsBrokenError(Exception):
    """What was written breaks invariants; `broken` names them, by the keys of `scopes`.

    `at_source` are those of them that the source breaks by itself.
    """

    def __init__(
        self, scopes: Scopes, broken: Mapping[Value, str], at_source: Mapping[Value, str]
    ) -> None:
        super().__init__("invariants are broken")
        self.scopes = scopes
        self.broken = broken
        self.at_source = at_source


@dataclass(frozen=True)
class MergeContext:
    """What a merge pass is given; `rows` are the target's row counts before.

    With `probing`, nothing is kept, and the units are found out that the target refuses.
    """

    pair: ReplicaPair
    options: SyncOptions
    rows: Mapping[str, int]
    watcher: Watcher
    undo: UndoLog
    excluded: Exclusions = field(default_factory=Exclusions)
    probing: bool = False


@dataclass(frozen=True)
class PlannedWrite:
    """A unit that is to be written, with both sides of it and the decision."""

    change: Change
    decision: Decision
    source: Unit
    target: Unit

    @property
    def deletes(self) -> bool:
        """Tell whether a row is removed, or soft-deleted."""
        place = self.change.root.name, self.change.key
        old, new = self.target.state.now.get(place), self.change.image.get(place)
        is_live = self.change.root.is_live
        return (is_live(old) and not is_live(new)) or (old is not None and new is None)

    @property
    def removes(self) -> bool:
        """Tell whether the row itself goes."""
        return (self.change.root.name, self.change.key) not in self.change.image
