"""The service: looks every half minute, and dumps and drills by the clock."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from backend.backup.archive_folder import DRILL
from backend.backup.backups import BackupKind, BackupRecord, DrillResult, moment
from backend.backup.cluster.health import PROOF_LASTS, alarm_name, write_health
from backend.backup.cluster.reports import ServiceReports
from backend.backup.cluster.schedule import BackupJob, ScheduleState, due
from backend.backup.dump.health import alarms
from backend.backup.dump.repository import DumpRepository
from backend.backup.dump.settings import DumpSettings
from backend.backup.health_check import HEALTH_FILE
from backend.backup.notification.messenger import Messenger
from backend.backup.records import EventRecord
from backend.cli.progress import Lines, Watcher
from backend.errors import AppError, LockHeldError

log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 30.0
# A folder that is mounted anew is soon back; then whoever cannot look knows nothing.
_BLIND_AFTER = timedelta(minutes=15)


class DumpJobs(Protocol):
    """What the service lets be done."""

    def create(self, kind: BackupKind | None, watcher: Watcher) -> BackupRecord:
        """Make a dump."""

    def drill(self, name: str | None, watcher: Watcher) -> DrillResult:
        """Prove the newest one; then the old ones go."""


@dataclass
class DumpService:
    """What the loop remembers: when it began and last saw, what it has said, what failed when."""

    jobs: DumpJobs
    load: Callable[[], DumpSettings]
    now: Callable[[], datetime]
    health_file: Path = Path(HEALTH_FILE)
    messenger: Messenger | None = None
    started: datetime = field(init=False)
    looked: datetime = field(init=False)
    failed: datetime | None = None
    said: frozenset[str] = frozenset()
    alarmed: tuple[str, ...] = ()
    reports: ServiceReports = field(init=False)
    folder: DumpRepository = field(init=False)

    def __post_init__(self) -> None:
        settings = self.load()
        self.started = self.looked = self.now()
        self.folder = settings.repository
        self.reports = ServiceReports(self.messenger or Messenger(settings.keys))

    def run(self) -> None:
        """Look and work until interrupted."""
        log.info("dumps begin", extra={"fields": {"folder": str(self.folder.root)}})
        with suppress(AppError):  # the first look says why
            self.folder.prepare()
        self.reports.messenger.check(self.folder.root)
        while True:
            self.turn()
            time.sleep(_LOOK_EVERY_SECONDS)

    def turn(self) -> None:
        """Look once, do a job if one is due, and look what it has changed."""
        job = self._watch()
        if job is not None:
            self._do(job)
            self._watch()

    def _watch(self) -> BackupJob | None:
        """Tell how the dumps are, to the log and to the health check, and return what is due."""
        try:
            repository = self.load().repository
            if repository.root != self.folder.root:
                # Another database is meant by now, and its dumps begin.
                self.started = self.now()
            self.folder = repository
            repository.prepare()
            state = self._state(repository.backups(), repository.events.read(DRILL))
            self.alarmed = (*alarms(repository, self.now()), *self._unproved(repository))
        except (AppError, OSError) as error:
            self._tell(str(error))
            found = [*self.alarmed, *self._blind(error)]
            self._keep(found)
            self.reports.blind(found, self.folder)
            return None
        self.looked = self.now()
        self._tell()
        self._keep(self.alarmed)
        self.reports.looked(self.alarmed, self.folder)
        return due(self.now(), state)

    def _state(
        self, backups: Sequence[BackupRecord], drills: Sequence[EventRecord]
    ) -> ScheduleState:
        newest = backups[-1] if backups else None
        drilled = {one.fields.get("backup") for one in drills}
        return ScheduleState(
            started=self.started,
            # Every dump is whole.
            last_full=newest.at if newest else None,
            last_backup=newest.at if newest else None,
            is_drilled=newest is None or newest.name in drilled,
            failed=self.failed,
        )

    def _do(self, job: BackupJob) -> None:
        log.info("%s is due", "drill" if job == "drill" else "dump")
        try:
            if job != "drill":
                record = self.jobs.create(None, Lines())
                log.info(
                    "dump made", extra={"fields": {"name": record.name, "bytes": record.bytes}}
                )
            self._drill()
        except LockHeldError as error:
            log.info("waiting: %s", error.args[0])
        except (AppError, OSError) as error:
            self.failed = self.now()
            log.error("failed, again in an hour: %s", error)  # noqa: TRY400 - our own words
            self.reports.failed(f"failed, again in an hour: {error}", folder=self.folder)

    def _drill(self) -> None:
        result = self.jobs.drill(None, Lines())
        for difference in result.differences:
            log.error("drill: %s", difference)
        if result.is_clean:
            log.info("drill passed", extra={"fields": dict(result.facts)})
            self.reports.proved()

    def _unproved(self, repository: DumpRepository) -> list[str]:
        """Return that no drill has ever passed: of what began a day ago one has to."""
        drills = repository.events.read(DRILL)
        waited = abs(self.now() - self.started) > PROOF_LASTS
        if not waited or any(one.fields.get("clean") is True for one in drills):
            return []
        return [f"no dump was ever proved, and dumps began at {moment(self.started)}"]

    def _blind(self, error: Exception) -> list[str]:
        # The clock may have jumped, either way.
        if abs(self.now() - self.looked) < _BLIND_AFTER:
            return []
        return [f"the dumps could not be looked at since {moment(self.looked)}: {error}"]

    def _keep(self, found: Sequence[str]) -> None:
        write_health(self.health_file, found, self.now())

    def _tell(self, error: str = "") -> None:
        """Log what was not logged the last time: an alarm once, though its numbers grow."""
        found = {error: error} if error else {}
        found |= {alarm_name(one): one for one in self.alarmed}
        for name, line in found.items():
            if name not in self.said:
                log.error("%s", line)
        self.said = frozenset(found)
