"""The status of both sides, without writing: what would travel, and whether all is equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from backend.capture.tables import Key, SyncedTable
from backend.cli.progress import Watcher
from backend.db.chunks import chunks
from backend.sync.merge.three_way import Image, MergeAction, UnitState, conflict_of, decide
from backend.sync.merge.units import load
from backend.sync.preflight import Stage, inspect_pair
from backend.sync.replica.key_diff import diff_keys
from backend.sync.replica.pair import ReplicaPair, with_all_columns
from backend.sync.replica.replica import Replica, ReplicaState
from backend.sync.result import (
    ConflictKind,
    MergeConflict,
    Mismatch,
    PairStatus,
    ReplicaStatus,
)

_AT_ONCE = 500


@dataclass
class _Pending:
    """How many rows of each table would travel, and the conflicts."""

    to_remote: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    to_local: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    conflicts: list[MergeConflict] = field(default_factory=list)

    def unfit(self, root: SyncedTable, key: Key, whys: Sequence[str]) -> None:
        """Note a unit that can be neither compared nor written; `whys`: the local, the remote."""
        told = zip(("local", "remote"), whys, strict=True)
        because = next(f"the {name} one: {why}" for name, why in told if why)
        kind = ConflictKind.UNFIT
        self.conflicts.append(MergeConflict(root.name, root.shown(key), kind, because=because))


def inspect(pair: ReplicaPair) -> PairStatus:
    """Return the status of both sides; only units that have changed are loaded.

    Raises:
        RefusedError: the two cannot be synced.
    """
    state = inspect_pair(pair)
    pair = state.pair
    status = PairStatus(
        _side_status(pair.local, state.local), _side_status(pair.remote, state.remote)
    )
    if state.stage is not Stage.SYNCED:
        return status
    pending = _Pending()
    touched = state.local.touched | state.remote.touched
    if touched:
        with pair.local.transaction(write=False), pair.remote.transaction(write=False):
            for root in pair.tables.roots:
                if any(table.name in touched for table in pair.tables.family(root.name)):
                    _inspect_family(pair, root, pending)
    return PairStatus(
        status.local,
        status.remote,
        state.synced_at,
        dict(pending.to_remote),
        dict(pending.to_local),
        pending.conflicts,
        state.miscounted,
    )


def _side_status(replica: Replica, state: ReplicaState) -> ReplicaStatus:
    return ReplicaStatus(replica.where, state.revisions, dict(state.rows))


def _inspect_family(pair: ReplicaPair, root: SyncedTable, pending: _Pending) -> None:
    family = pair.tables.family(root.name)
    at_local, unfit_at_local = pair.local.touched(family)
    at_remote, unfit_at_remote = pair.remote.touched(family)
    for key, why in unfit_at_local.items():
        pending.unfit(root, key, (why, ""))
    for key, why in unfit_at_remote.items():
        pending.unfit(root, key, ("", why))
    for piece in chunks(dict.fromkeys([*at_local, *at_remote]), _AT_ONCE):
        local = load(pair.local, pair.tables, root, piece)
        remote = load(pair.remote, pair.tables, root, piece)
        for key in piece:
            whys = [unit.unfit(pair.tables) for unit in (local[key], remote[key])]
            if any(whys):
                pending.unfit(root, key, whys)
            else:
                _evaluate(pair, root, key, (local[key].state, remote[key].state), pending)


def _evaluate(
    pair: ReplicaPair,
    root: SyncedTable,
    key: Key,
    both: tuple[UnitState, UnitState],
    pending: _Pending,
) -> None:
    local, remote = both
    source, target, forth, back = local, remote, pending.to_remote, pending.to_local
    # Decided from the side that has touched it.
    if local.base is None:
        source, target, forth, back = remote, local, pending.to_local, pending.to_remote
    decision = decide(pair.tables, (root.name, key), source, target, lambda _one, _other: None)
    match decision.action:
        case MergeAction.CONFLICT:
            kind = decision.kind or ConflictKind.BOTH_CHANGED
            images = (local.now, remote.now)
            pending.conflicts.append(conflict_of(pair.tables, (root.name, key), kind, images))
        case MergeAction.WRITE | MergeAction.MERGE:
            _count(forth, source.now, target.now)
        case MergeAction.AHEAD:
            _count(back, source.now, target.now)


def _count(travelling: dict[str, int], one: Image, other: Image) -> None:
    for place in one.keys() | other.keys():
        if one.get(place) != other.get(place):
            travelling[place[0]] += 1


def verify(pair: ReplicaPair, watcher: Watcher) -> list[Mismatch]:
    """Compare every row of both sides, but for those that are still to travel.

    Raises:
        RefusedError: one of them holds what the other one has no place for.
    """
    pair = with_all_columns(pair)
    # Before the first sync nothing is written down that could be still to travel.
    logs = [one for one in (pair.local, pair.remote) if one.read_state(pair.tables).sync_state]
    with pair.local.transaction(write=False), pair.remote.transaction(write=False):
        return list(_mismatches(pair, logs, watcher))


def _mismatches(pair: ReplicaPair, logs: Sequence[Replica], watcher: Watcher) -> Iterator[Mismatch]:
    for table in pair.tables.tables:
        watcher.stage(f"compare {table.name}")
        diff = diff_keys(table, pair.local.scan(table), pair.remote.scan(table))
        pending = _noted(logs, table, [*diff.only_left, *diff.only_right, *diff.differing])
        for keys, says in (
            (diff.only_left, "is only in the local database"),
            (diff.only_right, "is only in the remote database"),
            (diff.differing, "differs"),
        ):
            for key in keys:
                if key not in pending:
                    yield Mismatch(table.name, table.shown(key), says)


def _noted(logs: Sequence[Replica], table: SyncedTable, keys: list[Key]) -> set[Key]:
    roots = dict.fromkeys(key[: len(table.root_columns)] for key in keys)
    return {
        entry.key
        for piece in chunks(roots, _AT_ONCE)
        for replica in logs
        for entry in replica.log.entries([table], piece)
    }
