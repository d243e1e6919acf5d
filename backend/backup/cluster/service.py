"""The service: looks every half minute, and does what is due."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.backup.backups import BackupKind, DrillResult, moment
from backend.backup.cluster.archive_guard import ArchiveState, inspect_archive
from backend.backup.cluster.catalog import BackupCatalog, read_catalog
from backend.backup.cluster.health import alarm_name, alarms, write_health
from backend.backup.cluster.reports import ServiceReports
from backend.backup.cluster.repository_room import has_room_for_full
from backend.backup.cluster.restore_points import copy_restore_points
from backend.backup.cluster.schedule import BackupJob, ScheduleState, due
from backend.backup.cluster.workshop import BackupWorkshop, open_workshop
from backend.backup.health_check import HEALTH_FILE
from backend.backup.notification.messenger import Messenger
from backend.cli.progress import Lines
from backend.errors import AppError, LockHeldError

log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 30.0
# A database that starts anew is soon back; then whoever cannot look knows nothing.
_BLIND_AFTER = timedelta(minutes=15)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class BackupService:
    """What the loop remembers: when it began and last saw, what it has said, what failed when."""

    workshop: BackupWorkshop
    now: Callable[[], datetime] = _now
    health_file: Path = Path(HEALTH_FILE)
    messenger: Messenger | None = None
    started: datetime = field(init=False)
    looked: datetime = field(init=False)
    failed: datetime | None = None
    said: frozenset[str] = frozenset()
    alarmed: tuple[str, ...] = ()
    reports: ServiceReports = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.looked = self.now()
        self.reports = ServiceReports(self.messenger or Messenger(self.workshop.settings.keys))

    def run(self) -> None:
        """Look and work until interrupted."""
        log.info("backups begin", extra={"fields": {"folder": str(self.workshop.folder.root)}})
        with suppress(AppError):  # the first look says why
            self.workshop.folder.prepare()
        self.reports.messenger.check(self.workshop.folder.root)
        while True:
            self.turn()
            time.sleep(_LOOK_EVERY_SECONDS)

    def turn(self) -> None:
        """Look once, do a job if one is due, and look what it has changed."""
        if job := self._watch():
            self._do(job)
            self._watch()

    def _watch(self) -> BackupJob | None:
        """Tell how the backups are, to the log and to the health check, and return what is due."""
        try:
            shop = open_workshop(self.workshop.settings)
            if shop.folder.root != self.workshop.folder.root:
                # Somebody has begun another cluster in the data folder, and its backups begin.
                self.started = self.now()
            self.workshop = shop
            self.workshop.prepare()
            catalog, archive = self._look()
        except (AppError, OSError) as error:
            self._tell(str(error))
            found = [*self.alarmed, *self._blind(error)]
            self._keep(found)
            self.reports.blind(found, self.workshop.folder)
            return None
        self.looked = self.now()
        self.alarmed = tuple(alarms(catalog, archive, self.now(), since=self.started))
        self._tell()
        self._keep(self.alarmed)
        self.reports.looked(self.alarmed, self.workshop.folder)
        return due(self.now(), self._state(catalog, archive))

    def _blind(self, error: Exception) -> list[str]:
        # The clock may have jumped, either way.
        if abs(self.now() - self.looked) < _BLIND_AFTER:
            return []
        return [f"the backups could not be looked at since {moment(self.looked)}: {error}"]

    def _keep(self, found: Sequence[str]) -> None:
        write_health(self.health_file, found, self.now())

    def _look(self) -> tuple[BackupCatalog, ArchiveState]:
        shop = self.workshop
        copy_restore_points(shop.settings.restore_points, shop.folder)
        sets = shop.pgbackrest.backups()
        archive = inspect_archive(shop.folder, shop.settings.data, shop.settings.server, sets)
        return read_catalog(shop.folder, sets), archive

    def _state(self, catalog: BackupCatalog, archive: ArchiveState) -> ScheduleState:
        newest = catalog.newest_manifest()
        return ScheduleState(
            started=self.started,
            last_full=catalog.last_full,
            last_backup=catalog.last_backup,
            is_drilled=newest is None or catalog.is_drilled(newest[0]),
            lacks_manifest=_lacks_manifest(catalog, archive),
            failed=self.failed,
            must_heal=archive.open_gap is not None
            and has_room_for_full(self.workshop.folder, self.workshop.settings.data, catalog.sets),
        )

    def _do(self, job: BackupJob) -> None:
        log.info("%s is due", job)
        try:
            if job == "manifest":
                self.workshop.complete(Lines())
            elif job != "drill":
                self._create(job)
            self._drill()
        except LockHeldError as error:
            log.info("waiting: %s", error.args[0])
        except (AppError, OSError) as error:
            self.failed = self.now()
            log.error("%s failed, again in an hour: %s", job, error)  # noqa: TRY400 - our own words
            self.reports.failed(
                f"{job} failed, again in an hour: {error}", folder=self.workshop.folder
            )

    def _create(self, kind: BackupKind) -> None:
        record = self.workshop.create(kind, Lines())
        log.info("backup made", extra={"fields": {"name": record.name, "bytes": record.bytes}})

    def _drill(self) -> None:
        result: DrillResult = self.workshop.drill(None, Lines())
        for difference in result.differences:
            log.error("drill: %s", difference)
        if result.is_clean:
            log.info("drill passed", extra={"fields": dict(result.facts)})
            self.reports.proved()
            self.workshop.expire()

    def _tell(self, error: str = "") -> None:
        """Log what was not logged the last time: an alarm once, though its numbers grow."""
        found = {error: error} if error else {}
        found |= {alarm_name(one): one for one in self.alarmed}
        for name, line in found.items():
            if name not in self.said:
                log.error("%s", line)
        self.said = frozenset(found)


def _lacks_manifest(catalog: BackupCatalog, archive: ArchiveState) -> bool:
    # From a set that a restore has abandoned no way leads to where the server is now.
    one, newest = catalog.unfinished, archive.newest
    return one is not None and newest is not None and one.timeline == newest.timeline
