"""What one attempt has to do, and what it finds out about a unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backend.cli.progress import Watcher
from backend.sync.keep.keeping import Undo
from backend.sync.merge.constraints import Change
from backend.sync.merge.excluded import Held
from backend.sync.merge.result import Wanted
from backend.sync.merge.three_way import Decision
from backend.sync.merge.units import Unit
from backend.sync.replica.pair import Sides
from backend.sync.replica.replica import Side
from backend.sync.replica.tables import Value

# Rows of `groups` and `users`, by table, that the rules are to be put to.
Scopes = Mapping[str, frozenset[Value]]
# Says which of them break a rule of the app's in a database, and which one.
Rules = Callable[[Side, Scopes], Mapping[Value, str]]


class RulesBrokenError(Exception):
    """What was written breaks rules; `broken` names them, by the rows of `scopes`.

    `at_source` are those of them that the source breaks by itself.
    """

    def __init__(
        self, scopes: Scopes, broken: Mapping[Value, str], at_source: Mapping[Value, str]
    ) -> None:
        super().__init__("rules are broken")
        self.scopes = scopes
        self.broken = broken
        self.at_source = at_source


def broken_of(scopes: Scopes, broken: Mapping[Value, str]) -> Scopes:
    """Return what is broken, by its tables."""
    return {name: values & broken.keys() for name, values in scopes.items()}


@dataclass(frozen=True)
class Task:
    """What one attempt has to do; `rows` is what the target holds before.

    `held` is what stays behind, and why. With `probing`, nothing is kept, and the units are found
    out that the target refuses.
    """

    sides: Sides
    wanted: Wanted
    rows: Mapping[str, int]
    watcher: Watcher
    undo: Undo
    held: Held = field(default_factory=Held)
    probing: bool = False


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
