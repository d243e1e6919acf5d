"""Decide what becomes of something that one side, or both, have changed.

A unit is a row with all rows that are part of it; it is decided on as a whole. Nothing here
touches a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from backend.sync.merge.result import ConflictKind
from backend.sync.replica.tables import Key, Row, SyncedTable, SyncedTables

# A row of a unit: its table and its key.
Place = tuple[str, Key]
Image = Mapping[Place, Row]


class Verdict(StrEnum):
    """What is to be done for the target."""

    SAME = "both hold the same"
    AHEAD = "the source has nothing that the target does not know"
    WRITE = "the target takes what the source holds"
    KEEP = "the target has won: the source will take what it holds"
    MERGE = "both have changed without contradiction"
    CONFLICT = "nobody can say which is right"


class Winner(StrEnum):
    """Whose word counts when both have changed the same."""

    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True)
class Seen:
    """A unit on one side: what it is, and what it was at the last sync if it was touched since."""

    now: Image
    base: Image | None = None

    @property
    def changed(self) -> bool:
        """Tell whether it is another one than it was."""
        return self.base is not None and self.base != self.now


@dataclass(frozen=True)
class Decision:
    """What becomes of a unit: `image` is what the target shall hold."""

    verdict: Verdict
    image: Image = field(default_factory=dict)
    kind: ConflictKind | None = None
    winner: Winner | None = None


def decide(
    tables: SyncedTables,
    root: Place,
    source: Seen,
    target: Seen,
    judge: Callable[[Seen, Seen], Winner | None],
) -> Decision:
    """Weigh both sides against what each was at the last sync; `judge` settles real conflicts.

    A run that was killed between its two commits leaves one side with what the other has: each
    side's base is therefore also held against what the other side is now.
    """
    if source.now == target.now:
        return Decision(Verdict.SAME, target.now)
    if _is_known(source, target):
        return Decision(Verdict.AHEAD, target.now)
    if not target.changed or target.now == source.base:
        return Decision(Verdict.WRITE, source.now)
    if (won := _uncontradicted(tables, source, target)) is not None:
        return Decision(Verdict.MERGE, _counted(tables, won, source, target))
    return _conflict(tables, root, source, target, judge)


def _is_known(source: Seen, target: Seen) -> bool:
    """Tell whether the target went on from exactly what the source is now."""
    if source.base is None:
        return target.changed
    return target.base is not None and source.now == target.base


def _uncontradicted(tables: SyncedTables, source: Seen, target: Seen) -> Image | None:
    """Return what both can agree on: one of them, or both, changed nothing that people see."""
    ours, theirs = _content(tables, source.now), _content(tables, target.now)
    if ours in (theirs, _content(tables, source.base or {})):
        return target.now
    return source.now if theirs == _content(tables, target.base or {}) else None


def _conflict(
    tables: SyncedTables,
    root: Place,
    source: Seen,
    target: Seen,
    judge: Callable[[Seen, Seen], Winner | None],
) -> Decision:
    table = tables[root[0]]
    lives = [table.is_live(side.now.get(root)) for side in (source, target)]
    kind = ConflictKind.BOTH_CHANGED if lives[0] == lives[1] else ConflictKind.DELETED_AND_CHANGED
    winner = judge(source, target)
    if winner is None:
        return Decision(Verdict.CONFLICT, target.now, kind)
    won = source.now if winner is Winner.SOURCE else target.now
    verdict = Verdict.WRITE if winner is Winner.SOURCE else Verdict.KEEP
    return Decision(verdict, _counted(tables, won, source, target), kind, winner)


def _content(tables: SyncedTables, image: Image) -> dict[Place, Row]:
    return {place: tables[place[0]].content(row) for place, row in image.items()}


def _counted(tables: SyncedTables, won: Image, source: Seen, target: Seen) -> dict[Place, Row]:
    """Return what has won, with the changes of both sides counted."""
    counted = dict(won)
    for place, row in won.items():
        ours, theirs = source.now.get(place), target.now.get(place)
        if ours is None or theirs is None or ours == theirs:
            continue
        base = (source.base or {}).get(place) or (target.base or {}).get(place)
        counted[place] = _merged(tables[place[0]], row, (ours, theirs), base)
    return counted


def _merged(table: SyncedTable, row: Row, sides: tuple[Row, Row], base: Row | None) -> Row:
    values = list(row)
    for place in table.places(sorted(table.config.counters)):
        one, other = (_number(side[place]) for side in sides)
        start = _number(base[place]) if base else min(one, other)
        # Never less than either: what somebody has seen must not come back.
        values[place] = max(one, other, one + other - start)
    for place in table.places([table.config.changed] if table.config.changed else []):
        values[place] = max(str(side[place]) for side in sides)
    return tuple(values)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def known_since(now: Image, other: Image) -> dict[Place, Row | None]:
    """Return the entries by which a side says that it went on from what the other one holds."""
    places = now.keys() | other.keys()
    return {place: other.get(place) for place in places if now.get(place) != other.get(place)}
