"""The commands for a SQLite file, each alone on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend.backup.archive_check import check_archives
from backend.backup.archive_folder import DRILL, KEYGEN, RESTORE
from backend.backup.backups import BackupKind, PassPhrase
from backend.backup.records import EventRecord
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
from backend.backup.sqlite.create import create_backup
from backend.backup.sqlite.drill import drill_backup
from backend.backup.sqlite.repository import SQLiteRepository
from backend.backup.sqlite.restore import kept_files, plan_restore, restore_backup
from backend.backup.sqlite.status import read_status
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.db.locks import BACKUP, file_lock
from backend.errors import DatabaseError, UsageError


def _now() -> datetime:
    return datetime.now(UTC)


_ADVICE = (
    "# Keep this off this host: with the disk go the database and the key beside it, and without",
    "# the key nobody can read the backups. Whoever has it and a backup reads all data.",
)


class SQLiteBackups:
    """The backups of one file; `now` is the clock."""

    def __init__(
        self, database: Path, folder: Path | None, *, now: Callable[[], datetime] = _now
    ) -> None:
        self._repository = SQLiteRepository.of(database, folder)
        self._database = database
        self._now = now

    def status(self) -> BackupStatus:
        """Return how the backups stand; reads only what lies in the open."""
        return read_status(self._repository, self._now())

    def create(self, kind: BackupKind | None, watcher: Watcher) -> BackupRecord:
        """Make a backup; the first one makes the key too."""
        if kind is not None:
            raise UsageError("--type is for the stack's cluster", hint="a file is copied whole")
        self._check_database()
        with self._alone():
            key = self._repository.key_or_new_one()
            at = self._now().replace(microsecond=0)
            return create_backup(self._repository, key, at, watcher)

    def list_backups(self) -> BackupList:
        """Return every backup, the oldest first."""
        return BackupList(self._repository.backups(), self._repository.incomplete())

    def drill(self, name: str | None, watcher: Watcher) -> DrillResult:
        """Bring a backup back into scratch and compare it; then let the old ones go."""
        repository = self._repository
        with self._alone():
            result = drill_backup(repository, repository.find(name), self._now(), watcher)
            repository.events.add(EventRecord(DRILL, result.at, result.as_dict()))
            if result.is_clean:
                self._repository.expire()
        return result

    def verify(self, watcher: Watcher) -> VerifyResult:
        """Read every file and compare it with what was written."""
        with self._alone():
            return check_archives(self._repository, watcher)

    def keygen(self, pass_phrase: PassPhrase | None = None) -> KeyAnswer:  # noqa: ARG002 - as below
        """Return the key, which is made if there is none, and remember that it was shown.

        There is no file to be protected by a pass phrase: the key is all that is needed.
        """
        with self._alone():
            key = self._repository.key_or_new_one()
            self._repository.events.add(EventRecord(KEYGEN, self._now()))
        return KeyAnswer(key.identity, key.recipient, _ADVICE)

    def plan_restore(self, target: RestoreTarget) -> RestorePlan:
        """Return what a restore would do and what would be lost; touch nothing."""
        return plan_restore(self._repository, target, self._now())

    def restore(self, plan: RestorePlan, watcher: Watcher) -> RestoreResult:
        """Restore beside the file, compare, then switch."""
        with self._alone():
            result = restore_backup(self._repository, plan, self._now(), watcher)
            self._repository.events.add(EventRecord(RESTORE, self._now(), result.as_dict()))
        return result

    def forget_old(self) -> ForgetResult:
        """Remove what restores have put aside."""
        with self._alone():
            kept = kept_files(self._database)
            for file in kept:
                file.unlink()
        return ForgetResult([str(file) for file in kept])

    def serve(self) -> int:
        """Refuse: beside a file there is no service."""
        raise _no_service()

    def health(self) -> int:
        """Refuse: beside a file there is no service."""
        raise _no_service()

    def _check_database(self) -> None:
        if not self._database.is_file():
            raise DatabaseError(f"{self._database} is not there", hint="name a file with --db PATH")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the file's backups; whatever a killed run has left is removed."""
        with file_lock(DatabaseUrl("sqlite", path=self._database), BACKUP):
            self._repository.sweep()
            yield


def _no_service() -> UsageError:
    return UsageError(
        "a SQLite file has no backup service", hint="let cron run create and drill every night"
    )
