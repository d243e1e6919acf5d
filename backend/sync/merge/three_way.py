"""The three-way merge: what becomes of a unit that one side, or both, have changed.

A unit is a row with all rows that are part of it; it is decided on as a whole. Nothing here
touches a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from backend.capture.tables import Key, Row, SyncedTable, SyncedTables
from backend.sync.options import Direction, OnConflict, SyncOptions
from backend.sync.result import ConflictKind, FieldDifference, MergeConflict

# So many letters of a value are shown.
_SHOWN = 80

# A row of a unit: its table and its key.
RowRef = tuple[str, Key]
Image = Mapping[RowRef, Row]


class MergeAction(StrEnum):
    """What is to be done for the target."""

    SAME = "both hold the same"
    AHEAD = "the source has nothing that the target does not know"
    WRITE = "the target takes what the source holds"
    KEEP = "the target has won: the source will take what it holds"
    MERGE = "both have changed without contradiction"
    CONFLICT = "nobody can say which is right"


class Winner(StrEnum):
    """The side whose state is kept when both have changed the same unit."""

    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True)
class UnitState:
    """A unit on one side: its rows now, and at the last sync if it has changed since."""

    now: Image
    base: Image | None = None

    @property
    def changed(self) -> bool:
        """Tell whether its rows differ from those at the last sync."""
        return self.base is not None and self.base != self.now


@dataclass(frozen=True)
class Decision:
    """What becomes of a unit: `image` is what the target shall hold."""

    action: MergeAction
    image: Image = field(default_factory=dict)
    kind: ConflictKind | None = None
    winner: Winner | None = None


def decide(
    tables: SyncedTables,
    root: RowRef,
    source: UnitState,
    target: UnitState,
    policy: Callable[[UnitState, UnitState], Winner | None],
) -> Decision:
    """Merge both sides by what each was at the last sync; `policy` settles real conflicts.

    A run that was killed between its two commits leaves one side with what the other has: each
    side's base is therefore also held against what the other side is now.
    """
    if source.now == target.now:
        return Decision(MergeAction.SAME, target.now)
    if _is_known(source, target):
        return Decision(MergeAction.AHEAD, target.now)
    if not target.changed or target.now == source.base:
        return Decision(MergeAction.WRITE, source.now)
    if (won := _uncontradicted(tables, source, target)) is not None:
        return Decision(MergeAction.MERGE, _counted(tables, won, source, target))
    return _conflict(tables, root, source, target, policy)


def _is_known(source: UnitState, target: UnitState) -> bool:
    """Tell whether the target went on from exactly what the source is now."""
    if source.base is None:
        return target.changed
    return target.base is not None and source.now == target.base


def _uncontradicted(tables: SyncedTables, source: UnitState, target: UnitState) -> Image | None:
    """Return the image of the one side that changed content, if the other did not."""
    ours, theirs = _content(tables, source.now), _content(tables, target.now)
    if ours in (theirs, _content(tables, source.base or {})):
        return target.now
    return source.now if theirs == _content(tables, target.base or {}) else None


def _conflict(
    tables: SyncedTables,
    root: RowRef,
    source: UnitState,
    target: UnitState,
    policy: Callable[[UnitState, UnitState], Winner | None],
) -> Decision:
    table = tables[root[0]]
    lives = [table.is_live(state.now.get(root)) for state in (source, target)]
    kind = ConflictKind.BOTH_CHANGED if lives[0] == lives[1] else ConflictKind.DELETED_AND_CHANGED
    winner = policy(source, target)
    if winner is None:
        return Decision(MergeAction.CONFLICT, target.now, kind)
    won = source.now if winner is Winner.SOURCE else target.now
    action = MergeAction.WRITE if winner is Winner.SOURCE else MergeAction.KEEP
    return Decision(action, _counted(tables, won, source, target), kind, winner)


def _content(tables: SyncedTables, image: Image) -> dict[RowRef, Row]:
    return {place: tables[place[0]].content(row) for place, row in image.items()}


def _counted(
    tables: SyncedTables, won: Image, source: UnitState, target: UnitState
) -> dict[RowRef, Row]:
    """Return what has won, with the changes of both sides counted."""
    counted = dict(won)
    for place, row in won.items():
        ours, theirs = source.now.get(place), target.now.get(place)
        if ours is None or theirs is None or ours == theirs:
            continue
        base = (source.base or {}).get(place) or (target.base or {}).get(place)
        counted[place] = _merged(tables[place[0]], row, (ours, theirs), base)
    return counted


def _merged(table: SyncedTable, row: Row, pair: tuple[Row, Row], base: Row | None) -> Row:
    values = list(row)
    for place in table.places(sorted(table.config.counters)):
        one, other = (_number(each[place]) for each in pair)
        start = _number(base[place]) if base else min(one, other)
        # Never less than either: what somebody has seen must not come back.
        values[place] = max(one, other, one + other - start)
    for place in table.places([table.config.changed] if table.config.changed else []):
        values[place] = max(str(each[place]) for each in pair)
    return tuple(values)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def known_since(now: Image, other: Image) -> dict[RowRef, Row | None]:
    """Return the bases to note on a side so that it counts as changed since the other's state."""
    places = now.keys() | other.keys()
    return {place: other.get(place) for place in places if now.get(place) != other.get(place)}


@dataclass(frozen=True)
class ConflictPolicy:
    """Decides conflicts as the operator has asked."""

    tables: SyncedTables
    options: SyncOptions

    def winner(self, source: UnitState, target: UnitState) -> Winner | None:
        """Return which side wins; None: the conflict stays open."""
        match self.options.on_conflict:
            case OnConflict.REPORT:
                return None
            case OnConflict.NEWER:
                return later_of(self.tables, source, target)
            case kept:
                source_is_local = self.options.direction is Direction.LOCAL_TO_RENDER
                chosen_is_local = kept is OnConflict.LOCAL
                return Winner.SOURCE if source_is_local is chosen_is_local else Winner.TARGET

    def side_of(self, winner: Winner | None) -> str:
        """Name the side that has won."""
        if winner is None:
            return ""
        source_is_local = self.options.direction is Direction.LOCAL_TO_RENDER
        return "local" if (winner is Winner.SOURCE) is source_is_local else "remote"


def later_of(tables: SyncedTables, source: UnitState, target: UnitState) -> Winner | None:
    """Return which of the two was changed later, if that can be told."""
    ours, theirs = (_changed_at(tables, state) for state in (source, target))
    # A row that is gone does not tell when it went.
    if not ours or not theirs or ours == theirs:
        return None
    return Winner.SOURCE if ours > theirs else Winner.TARGET


def _changed_at(tables: SyncedTables, state: UnitState) -> str:
    moments = [
        str(row[place])
        for (name, _), row in state.now.items()
        if (column := tables[name].config.changed)
        for place in tables[name].places([column])
    ]
    return max(moments, default="")


def conflict_of(
    tables: SyncedTables,
    root: RowRef,
    kind: ConflictKind,
    pair: tuple[Image, Image],
    *,
    resolved: str = "",
) -> MergeConflict:
    """Describe what differs between the local and the remote state of a unit."""
    local, remote = pair
    has_later = later_of(tables, UnitState(local), UnitState(remote)) is not None
    fields = [
        one
        for place in sorted(local.keys() | remote.keys(), key=repr)
        for one in _fields(tables, place, local.get(place), remote.get(place))
    ]
    table = tables[root[0]]
    found = MergeConflict(table.name, table.shown(root[1]), kind, tuple(fields), resolved)
    return replace(found, has_later=has_later)


def _fields(
    tables: SyncedTables, place: RowRef, local: Row | None, remote: Row | None
) -> list[FieldDifference]:
    table, shown = tables[place[0]], tables[place[0]].shown(place[1])
    leave = table.config.ignored | table.config.counters
    if local is None or remote is None:
        there = ["there" if row is not None else None for row in (local, remote)]
        return [] if local == remote else [FieldDifference(table.name, shown, "", *there)]
    return [
        FieldDifference(table.name, shown, column.name, _short(one), _short(other))
        for column, one, other in zip(table.visible, local, remote, strict=True)
        if one != other and column.name not in leave
    ]


def _short(value: object) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
