"""Settle conflicts as the operator wishes, and describe those that stay."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.sync.merge.result import (
    Conflict,
    ConflictKind,
    Direction,
    FieldDifference,
    OnConflict,
    Wanted,
)
from backend.sync.merge.three_way import Image, Place, Seen, Winner
from backend.sync.replica.tables import Row, SyncedTables

_SHOWN = 80


@dataclass(frozen=True)
class Judge:
    """Says whose word counts."""

    tables: SyncedTables
    wanted: Wanted

    def winner(self, source: Seen, target: Seen) -> Winner | None:
        """Return who wins, if the operator has said so and it can be told."""
        match self.wanted.on_conflict:
            case OnConflict.REPORT:
                return None
            case OnConflict.NEWER:
                return later_of(self.tables, source, target)
            case side:
                source_is_local = self.wanted.direction is Direction.LOCAL_TO_RENDER
                chosen_is_local = side is OnConflict.LOCAL
                return Winner.SOURCE if source_is_local is chosen_is_local else Winner.TARGET

    def side_of(self, winner: Winner | None) -> str:
        """Name the side that has won."""
        if winner is None:
            return ""
        source_is_local = self.wanted.direction is Direction.LOCAL_TO_RENDER
        return "local" if (winner is Winner.SOURCE) is source_is_local else "remote"


def later_of(tables: SyncedTables, source: Seen, target: Seen) -> Winner | None:
    """Return which of the two was changed later, if that can be told."""
    ours, theirs = (_changed_at(tables, side) for side in (source, target))
    # A row that is gone does not tell when it went.
    if not ours or not theirs or ours == theirs:
        return None
    return Winner.SOURCE if ours > theirs else Winner.TARGET


def _changed_at(tables: SyncedTables, side: Seen) -> str:
    moments = [
        str(row[place])
        for (name, _), row in side.now.items()
        if (column := tables[name].config.changed)
        for place in tables[name].places([column])
    ]
    return max(moments, default="")


def conflict_of(
    tables: SyncedTables,
    root: Place,
    kind: ConflictKind,
    sides: tuple[Image, Image],
    *,
    resolved: str = "",
) -> Conflict:
    """Describe what differs between the local and the remote state of a unit."""
    local, remote = sides
    has_later = later_of(tables, Seen(local), Seen(remote)) is not None
    fields = [
        one
        for place in sorted(local.keys() | remote.keys(), key=repr)
        for one in _fields(tables, place, local.get(place), remote.get(place))
    ]
    table = tables[root[0]]
    found = Conflict(table.name, table.shown(root[1]), kind, tuple(fields), resolved)
    return replace(found, has_later=has_later)


def _fields(
    tables: SyncedTables, place: Place, local: Row | None, remote: Row | None
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
