"""The dumps of an external database as the service looks after them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from backend.backup.archive_folder import DRILL
from backend.backup.backups import BackupKind
from backend.backup.dump.alarms import alarms
from backend.backup.dump.repository import DumpRepository
from backend.backup.dump.settings import DumpSettings
from backend.backup.results import BackupRecord, DrillResult
from backend.backup.service.loop import Look
from backend.backup.service.schedule import BackupJob, ScheduleState
from backend.cli.progress import Lines, Watcher

log = logging.getLogger(__name__)


class DumpJobs(Protocol):
    """What the service lets be done."""

    def create(self, kind: BackupKind | None, watcher: Watcher) -> BackupRecord:
        """Make a dump."""

    def drill(self, name: str | None, watcher: Watcher) -> DrillResult:
        """Prove the newest one; then the old ones go."""


@dataclass(frozen=True)
class ServedDumps:
    """The dumps of the database that `settings` name."""

    jobs: DumpJobs
    load: Callable[[], DumpSettings]
    settings: DumpSettings
    noun: str = "dumps"

    @property
    def folder(self) -> DumpRepository:
        """Return where they lie."""
        return self.settings.repository

    @property
    def keys(self) -> Path:
        """Return the folder of the service's own secrets."""
        return self.settings.keys

    def reopened(self) -> ServedDumps:
        """Return the dumps of the database that is set by now."""
        return replace(self, settings=self.load())

    def prepare(self) -> None:
        """Make the folder."""
        self.folder.prepare()

    def look(self, now: datetime, since: datetime) -> Look:
        """Return how they are."""
        return Look(alarms(self.folder, now, since=since), self._state(since))

    def make(self, job: BackupJob) -> None:  # noqa: ARG002 - a dump is always whole
        """Make a dump."""
        record = self.jobs.create(None, Lines())
        log.info("dump made", extra={"fields": {"name": record.name, "bytes": record.bytes}})

    def drill(self) -> DrillResult:
        """Restore the newest one into scratch and compare it; then the old ones go."""
        return self.jobs.drill(None, Lines())

    def _state(self, since: datetime) -> ScheduleState:
        newest = next(iter(self.folder.backups()[-1:]), None)
        drilled = {one.fields.get("backup") for one in self.folder.events.read(DRILL)}
        return ScheduleState(
            started=since,
            last_full=newest.at if newest else None,
            last_backup=newest.at if newest else None,
            is_drilled=newest is None or newest.name in drilled,
        )
