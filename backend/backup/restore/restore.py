"""A restore, step by step: beside the data, compared, switched; the next start of `db` goes on.

A kill at any moment leaves the old data in place or the new one, and nothing that the next run
does not clear up (`data_volume`).
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from backend.backup import keys
from backend.backup.cluster.manifest import Manifest, read_manifest
from backend.backup.cluster.repository import ClusterFolder, cluster_here
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.cluster.wal import WalSegment
from backend.backup.escrow import hand_over_keys
from backend.backup.records import EventFields, EventRecord
from backend.backup.restore.checks import RestoredCluster, check_restored
from backend.backup.restore.cluster_lock import cluster_lock, everything_kept
from backend.backup.restore.data_volume import DataVolume
from backend.backup.restore.inventory import RESTORE
from backend.backup.restore.paused_server import (
    ReplayEnd,
    paused_server,
    prepare_pause,
    prepare_promotion,
)
from backend.backup.restore.plan import ClusterRestorePlan
from backend.backup.results import Facts, ForgetResult, RestoreResult, moment, size
from backend.cli.progress import Watcher
from backend.errors import DatabaseError, DataError

# What the WAL between backup and target adds, and what Postgres needs to start.
_ROOM_FACTOR = 1.2
_ROOM_FOR_WAL = 512_000_000


def restore(plan: ClusterRestorePlan, watcher: Watcher) -> RestoreResult:
    """Bring the planned state back.

    Raises:
        RefusedError: a server runs on the data.
        LockHeldError: old backups are being removed, and that takes no end.
        DatabaseError: there is no room, or the repository does not answer.
        DataError, FoundWanting: the state cannot be reached, or is not what was there.
    """
    volume = DataVolume(plan.inventory.settings.data)
    with cluster_lock(volume.root), everything_kept(plan.inventory.folder):
        volume.settle(lambda record: _publish(plan, record))
        _check_room(volume.root, plan.chosen.backup.database_bytes)
        folder = volume.begin()
        try:
            end, found = _bring_back(plan, folder, watcher)
            # Before the switch: without its keys the restored cluster could not go on.
            hand_over_keys(plan.inventory.settings)
            restored = volume.finish(folder, _record(plan, end))
        except BaseException:
            volume.discard(folder)
            raise
        # From here on we change things.
        kept = volume.switch(restored)
        unnoted = volume.publish_or_leave(lambda record: _publish(plan, record))
    facts: Facts = {
        "not_noted_in_the_backups": unnoted or None,
        **_facts(end, found),
        "to_take_it_back": plan.way_back,
    }
    return RestoreResult(plan, kept.name if kept else "", facts)


def forget_old(settings: ClusterSettings) -> ForgetResult:
    """Remove what restores have put aside."""
    return ForgetResult(DataVolume(settings.data).forget())


def _bring_back(
    plan: ClusterRestorePlan, folder: Path, watcher: Watcher
) -> tuple[ReplayEnd, RestoredCluster]:
    """Restore into a folder and check it; it is stopped, and ready for the database to go on."""
    inventory = plan.inventory
    manifest = _manifest(plan)
    watcher.stage("restore")
    inventory.pgbackrest.restore(folder, plan.chosen.recovery, archiving=True)
    prepare_pause(folder)
    watcher.stage("replay")
    with paused_server(folder, inventory.pgbackrest.environ()) as server:
        _check_end(plan, server.end)
        watcher.stage("check", manifest.rows if manifest else 0)
        found = check_restored(server, manifest, inventory.settings.search_path, watcher)
    prepare_promotion(folder, server.end)
    return server.end, found


def _manifest(plan: ClusterRestorePlan) -> Manifest | None:
    point = plan.chosen.point
    if point is None or not point.has_manifest:
        return None
    key = keys.load(plan.inventory.settings.manifest_key)
    return read_manifest(plan.inventory.folder, point.name, key)


def _check_end(plan: ClusterRestorePlan, end: ReplayEnd) -> None:
    """Check that the replay did not end early; a time after the last commit ends with the WAL.

    Raises:
        DataError: there is WAL after the place where it stands, with a gap between.
    """
    if end.is_target:
        return
    here = WalSegment.at(plan.chosen.timeline, end.lsn)
    archived = plan.inventory.folder.archived()
    is_early = any(one.timeline == here.timeline and one > here for one in archived)
    if plan.chosen.is_latest or not (is_early or plan.chosen.point):
        return
    state = f"the state of {moment(end.last_commit)}" if end.last_commit else "its backup"
    raise DataError(
        f"the WAL ends at {end.lsn}, before what was asked for; the newest that it leads to is"
        f" {state}",
        hint="nothing was switched; name that time, or a later state with a later backup",
    )


def _check_room(folder: Path, database_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    wanted = int(database_bytes * _ROOM_FACTOR) + _ROOM_FOR_WAL
    if free < wanted:
        raise DatabaseError(
            f"the volume of the data has room for {size(free)}, and {size(wanted)} are needed:"
            " what is there stays until the new one is proved",
            hint="make room; what earlier restores have put aside goes with --forget-old",
        )


def _record(plan: ClusterRestorePlan, end: ReplayEnd) -> EventFields:
    chosen = plan.chosen
    asked = "latest" if chosen.is_latest else chosen.at.isoformat()
    return {
        "at": datetime.now(UTC).isoformat(),
        "target": chosen.point.name if chosen.point else asked,
        "backup": chosen.backup.label,
        "lsn": end.lsn,
        "from": chosen.timeline,
        # What the database will call it: Postgres takes the next number that is free.
        "to": plan.newest_timeline + 1,
    }


def _publish(plan: ClusterRestorePlan, record: EventFields) -> None:
    """Note a restore among the backups of the cluster that it has restored."""
    settings, at = plan.inventory.settings, datetime.fromisoformat(record["at"])
    here = cluster_here(settings.data)
    folder = ClusterFolder(settings.backups / here) if here else plan.inventory.folder
    folder.events.add(EventRecord(RESTORE, at, record))


def _facts(end: ReplayEnd, found: RestoredCluster) -> Facts:
    return {
        "last_commit": moment(end.last_commit) if end.last_commit else None,
        **found.facts,
        "next": "docker compose -f deploy/docker-compose.prod.pg.yml up -d",
    }
