"""The cluster's backups as the service looks after them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backend.backup.cluster.alarms import alarms
from backend.backup.cluster.archive_guard import ArchiveState, inspect_archive
from backend.backup.cluster.catalog import BackupCatalog, read_catalog
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.repository_room import has_room_for_full
from backend.backup.cluster.restore_points import copy_restore_points
from backend.backup.cluster.workshop import BackupWorkshop, open_workshop
from backend.backup.results import DrillResult
from backend.backup.service.loop import Look
from backend.backup.service.schedule import BackupJob, ScheduleState
from backend.cli.progress import Lines
from backend.errors import AppError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServedCluster:
    """The backups of the cluster that is in the data folder."""

    workshop: BackupWorkshop
    noun: str = "backups"

    @property
    def folder(self) -> ClusterFolder:
        """Return where they lie."""
        return self.workshop.folder

    @property
    def keys(self) -> Path:
        """Return the folder of the service's own secrets."""
        return self.workshop.settings.keys

    def reopened(self) -> ServedCluster:
        """Return the backups of the cluster that is there by now."""
        return ServedCluster(open_workshop(self.workshop.settings))

    def prepare(self) -> None:
        """Make folder and stanza."""
        self.workshop.prepare()

    def look(self, now: datetime, since: datetime) -> Look:
        """Return how they are."""
        catalog, archive = self._read()
        return Look(
            alarms(catalog, archive, now, since=since), self._state(catalog, archive, since)
        )

    def make(self, job: BackupJob) -> None:
        """Make a backup, or the manifest of one that lacks it."""
        if job == "manifest":
            self.workshop.complete(Lines())
        elif job != "drill":
            record = self.workshop.create(job, Lines())
            log.info("backup made", extra={"fields": {"name": record.name, "bytes": record.bytes}})

    def drill(self) -> DrillResult:
        """Restore the newest one into scratch and compare it; then the old ones go."""
        result = self.workshop.drill(None, Lines())
        if result.is_clean:
            self._expire()
        return result

    def _expire(self) -> None:
        # What was proved is proved, also while a restore reads or the folder cannot be written to.
        try:
            self.workshop.expire()
        except (AppError, OSError) as error:
            log.warning("old backups stay until the next drill: %s", error)

    def _read(self) -> tuple[BackupCatalog, ArchiveState]:
        shop = self.workshop
        copy_restore_points(shop.settings.restore_points, shop.folder)
        sets = shop.pgbackrest.backups()
        archive = inspect_archive(shop.folder, shop.settings.data, shop.settings.server, sets)
        return read_catalog(shop.folder, sets), archive

    def _state(
        self, catalog: BackupCatalog, archive: ArchiveState, since: datetime
    ) -> ScheduleState:
        newest = catalog.newest_manifest()
        return ScheduleState(
            started=since,
            last_full=catalog.last_full,
            last_backup=catalog.last_backup,
            is_drilled=newest is None or catalog.is_drilled(newest[0]),
            lacks_manifest=_lacks_manifest(catalog, archive),
            must_heal=archive.open_gap is not None
            and has_room_for_full(self.folder, self.workshop.settings.data, catalog.sets),
        )


def _lacks_manifest(catalog: BackupCatalog, archive: ArchiveState) -> bool:
    # From a set that a restore has abandoned no way leads to where the server is now.
    one, newest = catalog.unfinished, archive.newest
    return one is not None and newest is not None and one.timeline == newest.timeline
