"""Look at both sides without writing: what would travel, and whether all is equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from backend.cli.progress import Watcher
from backend.sync.chunks import chunks
from backend.sync.initial import compare
from backend.sync.merge.conflicts import conflict_of
from backend.sync.merge.result import Conflict, ConflictKind, Mismatch, SideStatus, Status
from backend.sync.merge.three_way import Image, Seen, Verdict, decide
from backend.sync.merge.units import load
from backend.sync.preflight import Stage, look_at
from backend.sync.replica.pair import Sides
from backend.sync.replica.replica import Glance, Side
from backend.sync.replica.tables import Key, SyncedTable
from backend.sync.replica.unknown_columns import with_all_columns

_AT_ONCE = 500


@dataclass
class _Pending:
    """Rows of each table that would travel, and what stands against each other."""

    to_remote: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    to_local: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    conflicts: list[Conflict] = field(default_factory=list)

    def unfit(self, root: SyncedTable, key: Key, whys: Sequence[str]) -> None:
        """Note a unit that can be neither compared nor written; `whys`: the local, the remote."""
        told = zip(("local", "remote"), whys, strict=True)
        because = next(f"the {name} one: {why}" for name, why in told if why)
        kind = ConflictKind.UNFIT
        self.conflicts.append(Conflict(root.name, root.shown(key), kind, because=because))


def look(sides: Sides) -> Status:
    """Say how both sides stand; what has changed is loaded, what has not is not.

    Raises:
        RefusedError: the two cannot be synced.
    """
    standing = look_at(sides)
    sides = standing.sides
    status = Status(
        _side_status(sides.local, standing.local), _side_status(sides.remote, standing.remote)
    )
    if standing.stage is not Stage.SYNCED:
        return status
    pending = _Pending()
    touched = standing.local.touched | standing.remote.touched
    if touched:
        with sides.local.transaction(write=False), sides.remote.transaction(write=False):
            for root in sides.tables.roots:
                if any(table.name in touched for table in sides.tables.family(root.name)):
                    _look_at(sides, root, pending)
    return Status(
        status.local,
        status.remote,
        standing.synced_at,
        dict(pending.to_remote),
        dict(pending.to_local),
        pending.conflicts,
        standing.miscounted,
    )


def _side_status(side: Side, glance: Glance) -> SideStatus:
    return SideStatus(side.where, glance.revisions, dict(glance.rows))


def _look_at(sides: Sides, root: SyncedTable, pending: _Pending) -> None:
    family = sides.tables.family(root.name)
    at_local, unfit_at_local = sides.local.touched(family)
    at_remote, unfit_at_remote = sides.remote.touched(family)
    for key, why in unfit_at_local.items():
        pending.unfit(root, key, (why, ""))
    for key, why in unfit_at_remote.items():
        pending.unfit(root, key, ("", why))
    for piece in chunks(dict.fromkeys([*at_local, *at_remote]), _AT_ONCE):
        local = load(sides.local, sides.tables, root, piece)
        remote = load(sides.remote, sides.tables, root, piece)
        for key in piece:
            whys = [unit.unfit(sides.tables) for unit in (local[key], remote[key])]
            if any(whys):
                pending.unfit(root, key, whys)
            else:
                _weigh(sides, root, key, (local[key].seen, remote[key].seen), pending)


def _weigh(
    sides: Sides, root: SyncedTable, key: Key, both: tuple[Seen, Seen], pending: _Pending
) -> None:
    local, remote = both
    ways = (pending.to_remote, pending.to_local)
    # Decided from the side that has touched it.
    source, target = (local, remote) if local.base is not None else (remote, local)
    forth, back = ways if local.base is not None else reversed(ways)
    decision = decide(sides.tables, (root.name, key), source, target, lambda _one, _other: None)
    match decision.verdict:
        case Verdict.CONFLICT:
            kind = decision.kind or ConflictKind.BOTH_CHANGED
            images = (local.now, remote.now)
            pending.conflicts.append(conflict_of(sides.tables, (root.name, key), kind, images))
        case Verdict.WRITE | Verdict.MERGE:
            _count(forth, source.now, target.now)
        case Verdict.AHEAD:
            _count(back, source.now, target.now)


def _count(way: dict[str, int], one: Image, other: Image) -> None:
    for place in one.keys() | other.keys():
        if one.get(place) != other.get(place):
            way[place[0]] += 1


def verify(sides: Sides, watcher: Watcher) -> list[Mismatch]:
    """Compare every row of both sides, but for those that are still to travel.

    Raises:
        RefusedError: one of them holds what the other one has no place for.
    """
    sides = with_all_columns(sides)
    # Before the first sync nothing is written down that could be still to travel.
    logs = [one for one in (sides.local, sides.remote) if one.glance(sides.tables).memory]
    with sides.local.transaction(write=False), sides.remote.transaction(write=False):
        return list(_mismatches(sides, logs, watcher))


def _mismatches(sides: Sides, logs: Sequence[Side], watcher: Watcher) -> Iterator[Mismatch]:
    for table in sides.tables.tables:
        watcher.stage(f"compare {table.name}")
        apart = compare(table, sides.local.scan(table), sides.remote.scan(table))
        pending = _pending(logs, table, [*apart.here, *apart.there, *apart.differing])
        for keys, says in (
            (apart.here, "is only in the local database"),
            (apart.there, "is only in the remote database"),
            (apart.differing, "differs"),
        ):
            for key in keys:
                if key not in pending:
                    yield Mismatch(table.name, table.shown(key), says)


def _pending(logs: Sequence[Side], table: SyncedTable, keys: list[Key]) -> set[Key]:
    roots = dict.fromkeys(key[: len(table.root_columns)] for key in keys)
    return {
        entry.key
        for piece in chunks(roots, _AT_ONCE)
        for side in logs
        for entry in side.entries([table], piece)
    }
