"""The loop: looks every half minute, tells what is wrong, and does what is due."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, Self

from backend.backup.health_check import HEALTH_FILE
from backend.backup.notification.messenger import Messenger
from backend.backup.results import DrillResult, moment
from backend.backup.service.health import alarm_name, write_health
from backend.backup.service.reports import ReportedFolder, ServiceReports
from backend.backup.service.schedule import BackupJob, ScheduleState, due
from backend.errors import AppError, LockHeldError

log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 30.0
# What starts or is mounted anew is soon back; then whoever cannot look knows nothing.
_BLIND_AFTER = timedelta(minutes=15)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Look:
    """What a look has found: what is wrong, and what was done so far."""

    alarms: Sequence[str]
    state: ScheduleState


class ServedBackups(Protocol):
    """The backups of one database or cluster, as the service looks after them."""

    @property
    def noun(self) -> str:
        """Return what they are called: backups, dumps."""

    @property
    def folder(self) -> ReportedFolder:
        """Return where they lie."""

    @property
    def keys(self) -> Path:
        """Return the folder of the service's own secrets."""

    def reopened(self) -> Self:
        """Return the backups of what is there, and set, by now."""

    def prepare(self) -> None:
        """Make what has to be there before anything is backed up."""

    def look(self, now: datetime, since: datetime) -> Look:
        """Return how they are; `since` is when the service began with them."""

    def make(self, job: BackupJob) -> None:
        """Make a backup, or what one still lacks."""

    def drill(self) -> DrillResult:
        """Prove the newest one; then the old ones go."""


@dataclass
class BackupService:
    """What the loop remembers: when it began and last saw, what it has said, what failed when."""

    backups: ServedBackups
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
        self.reports = ServiceReports(self.messenger or Messenger(self.backups.keys))

    def run(self) -> None:
        """Look and work until interrupted."""
        folder = self.backups.folder
        log.info("%s begin", self.backups.noun, extra={"fields": {"folder": str(folder.root)}})
        with suppress(AppError):  # the first look says why
            folder.prepare()
        self.reports.messenger.check(folder.root)
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
            found = self._look()
        except (AppError, OSError) as error:
            self._tell(str(error))
            standing = [*self.alarmed, *self._blind(error)]
            self._keep(standing)
            self.reports.blind(standing, self.backups.folder)
            return None
        self.looked = self.now()
        self.alarmed = tuple(found.alarms)
        self._tell()
        self._keep(self.alarmed)
        self.reports.looked(self.alarmed, self.backups.folder)
        return due(self.now(), replace(found.state, failed=self.failed))

    def _look(self) -> Look:
        before, self.backups = self.backups.folder.root, self.backups.reopened()
        if self.backups.folder.root != before:
            # Another cluster or database is there by now, and its backups begin.
            self.started = self.now()
        self.backups.prepare()
        return self.backups.look(self.now(), self.started)

    def _do(self, job: BackupJob) -> None:
        log.info("%s is due", job)
        try:
            if job != "drill":
                self.backups.make(job)
            self._drill()
        except LockHeldError as error:
            log.info("waiting: %s", error.args[0])
        except (AppError, OSError) as error:
            self.failed = self.now()
            log.error("%s failed, again in an hour: %s", job, error)  # noqa: TRY400 - our own words
            told = f"{job} failed, again in an hour: {error}"
            self.reports.failed(told, folder=self.backups.folder)

    def _drill(self) -> None:
        result = self.backups.drill()
        for difference in result.differences:
            log.error("drill: %s", difference)
        if result.is_clean:
            log.info("drill passed", extra={"fields": dict(result.facts)})
            self.reports.proved()

    def _blind(self, error: Exception) -> list[str]:
        # The clock may have jumped, either way.
        if abs(self.now() - self.looked) < _BLIND_AFTER:
            return []
        since = moment(self.looked)
        return [f"the {self.backups.noun} could not be looked at since {since}: {error}"]

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
