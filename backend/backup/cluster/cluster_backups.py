"""The commands for the stack's cluster."""

from __future__ import annotations

import logging
import time

from backend.backup.backups import BackupKind, PassPhrase
from backend.backup.cluster.repository import all_clusters
from backend.backup.cluster.served_cluster import ServedCluster
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.cluster.status import read_status
from backend.backup.cluster.workshop import BackupWorkshop, open_workshop
from backend.backup.escrow import escrow_warnings, write_escrow
from backend.backup.restore.plan import ClusterRestorePlan, plan_restore
from backend.backup.restore.restore import forget_old, restore
from backend.backup.restore_target import RestoreTarget
from backend.backup.results import (
    BackupList,
    BackupRecord,
    BackupStatus,
    DrillResult,
    ForgetResult,
    KeyAnswer,
    RestorePlan,
    RestoreResult,
    VerifyResult,
)
from backend.backup.service.loop import BackupService
from backend.backup.service.process import idle, serve, show_health
from backend.cli.progress import Watcher

log = logging.getLogger(__name__)


class ClusterBackups:
    """The backups of the cluster that the settings lead to."""

    def __init__(self, settings: ClusterSettings) -> None:
        self._settings = settings

    def status(self) -> BackupStatus:
        """Return how the backups stand; reads only what lies in the open."""
        return read_status(self._workshop())

    def create(self, kind: BackupKind | None, watcher: Watcher) -> BackupRecord:
        """Make a backup; without a kind, the one that is due."""
        return self._workshop().create(kind, watcher)

    def list_backups(self) -> BackupList:
        """Return every backup, the oldest first, and what other clusters have left."""
        shop = self._workshop()
        others = [one for one in all_clusters(self._settings.backups) if one != shop.folder]
        said = [f"another cluster's backups: {one.root}" for one in others]
        return BackupList(shop.catalog().records(), said)

    def drill(self, name: str | None, watcher: Watcher) -> DrillResult:
        """Restore a backup into scratch, the newest if none is named, and compare it exactly."""
        return self._workshop().drill(name, watcher)

    def verify(self, watcher: Watcher) -> VerifyResult:
        """Read every file of the repository and compare it with what was written."""
        return self._workshop().verify(watcher)

    def keygen(self, pass_phrase: PassPhrase) -> KeyAnswer:
        """Write the escrow, remember what it holds, and return the new key of the dumps."""
        folder = self._workshop().folder
        folder.prepare()
        return write_escrow(folder, self._settings.keys, pass_phrase())

    def plan_restore(self, target: RestoreTarget) -> RestorePlan:
        """Return what a restore would do and what would be lost; touch nothing."""
        return plan_restore(self._settings, target)

    def restore(self, plan: RestorePlan, watcher: Watcher) -> RestoreResult:
        """Restore beside what is there, compare, then switch."""
        assert isinstance(plan, ClusterRestorePlan)  # noqa: S101 - `plan_restore` makes no other
        return restore(plan, watcher)

    def forget_old(self) -> ForgetResult:
        """Remove what restores have put aside."""
        return forget_old(self._settings)

    def serve(self) -> int:
        """Run the service until it is told to end; return its exit code."""
        return serve(self._serve)

    def health(self) -> int:
        """Return the exit code of the service's health check, and say what is wrong."""
        return show_health(time.time())

    def _serve(self) -> None:
        if not self._settings.enabled:
            idle("BACKUPS=off: nothing is archived or backed up")
        shop = self._workshop()
        for warning in escrow_warnings(shop.folder, self._settings.keys):
            log.warning(warning)
        BackupService(ServedCluster(shop)).run()

    def _workshop(self) -> BackupWorkshop:
        return open_workshop(self._settings)
