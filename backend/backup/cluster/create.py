"""Make a backup: a set of pgBackRest, and the manifest of a point that it leads to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.backup import keys
from backend.backup.backups import BackupKind
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.catalog import BACKUP_EVENT
from backend.backup.cluster.manifest import Manifest, write_manifest
from backend.backup.cluster.manifest_capture import capture_manifest, wait_until_archived
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.records import EventRecord
from backend.backup.results import BackupRecord
from backend.cli.progress import Watcher


@dataclass(frozen=True)
class _Timing:
    begun: float
    locked_seconds: float


def create_backup(
    settings: ClusterSettings,
    folder: ClusterFolder,
    pgbackrest: PgBackRest,
    kind: BackupKind,
    watcher: Watcher,
) -> BackupRecord:
    """Back up the running cluster; the backup counts when its manifest's WAL has arrived too."""
    keys.load(settings.manifest_key)  # without it nothing is begun
    begun = time.monotonic()
    watcher.stage(f"{kind} backup")
    pgbackrest.create_stanza()
    backup = pgbackrest.backup(kind)
    return complete_backup(settings, folder, backup, watcher, begun=begun)


def complete_backup(
    settings: ClusterSettings,
    folder: ClusterFolder,
    backup: BackupSet,
    watcher: Watcher,
    *,
    begun: float | None = None,
) -> BackupRecord:
    """Take the manifest that a set has to bring back, be it the set of an earlier run."""
    key, begun = keys.load(settings.manifest_key), begun or time.monotonic()
    watcher.stage("manifest")
    manifest, locked = capture_manifest(settings.server, backup, settings.search_path, watcher)
    watcher.stage("archive")
    wait_until_archived(settings.server, folder, manifest.point.segment)
    write_manifest(folder, manifest, key)
    folder.events.add(_event(backup, manifest, _Timing(begun, locked)))
    return BackupRecord(
        manifest.point.name, backup.stopped, backup.type, backup.repository_bytes, note=backup.label
    )


def _event(backup: BackupSet, manifest: Manifest, timing: _Timing) -> EventRecord:
    fields = {
        "set": backup.label,
        "type": backup.type,
        "manifest": manifest.point.name,
        "tables": manifest.tables,
        "rows": manifest.rows,
        "database_bytes": backup.database_bytes,
        "repository_bytes": backup.repository_bytes,
        "locked_ms": round(timing.locked_seconds * 1000),
        "seconds": round(time.monotonic() - timing.begun, 1),
    }
    return EventRecord(BACKUP_EVENT, datetime.now(UTC), fields)
