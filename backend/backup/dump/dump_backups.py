"""The commands for the dumps of a database that somebody else runs, each alone on them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from backend.backup.archive_check import check_archives
from backend.backup.archive_folder import DRILL, KEYGEN, RESTORE
from backend.backup.backups import BackupKind, PassPhrase
from backend.backup.dump.create import create_dump
from backend.backup.dump.drill import DumpDrill, DumpQuestion, ask_release
from backend.backup.dump.restore import plan_restore, restore_beside
from backend.backup.dump.served_dumps import ServedDumps
from backend.backup.dump.settings import DumpSettings
from backend.backup.dump.status import key_warnings, read_status
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
from backend.backup.service.loop import BackupService
from backend.backup.service.process import idle, serve, show_health
from backend.cli.progress import Watcher
from backend.db.locks import BACKUP, path_lock
from backend.errors import ConfigError, UsageError

log = logging.getLogger(__name__)

_ADVICE = (
    "# Keep this off this host: with the host goes the volume that it lies in, and without it",
    "# nobody can read the dumps. Whoever has it and a dump reads all data.",
)
_ON_HINT = "set BACKUPS=on in .env, then `up`"


def _now() -> datetime:
    return datetime.now(UTC)


class DumpBackups:
    """The dumps of one database.

    `load` reads the settings anew each time: the address changes with its password, and a service
    runs for months. `now` is the clock, `ask` the app's half of a drill.
    """

    def __init__(
        self,
        load: Callable[[], DumpSettings],
        *,
        now: Callable[[], datetime] = _now,
        ask: DumpQuestion = ask_release,
    ) -> None:
        self._load = load
        self._now = now
        self._ask = ask

    def status(self) -> BackupStatus:
        """Return how the dumps stand; reads only what lies in the open."""
        return read_status(self._load(), self._now())

    def create(self, kind: BackupKind | None, watcher: Watcher) -> BackupRecord:
        """Make a dump; the first one makes the key too."""
        if kind is not None:
            raise UsageError("--type is for the stack's cluster", hint="a dump is always whole")
        with self._alone() as settings:
            key = settings.repository.key_or_new_one()
            return create_dump(settings, key, self._now().replace(microsecond=0), watcher)

    def list_backups(self) -> BackupList:
        """Return every dump, the oldest first."""
        repository = self._load().repository
        return BackupList(repository.backups(), repository.incomplete())

    def drill(self, name: str | None, watcher: Watcher) -> DrillResult:
        """Restore a dump into scratch and compare it; then let the old ones go."""
        with self._alone() as settings:
            repository = settings.repository
            name, key = repository.find(name), repository.key()
            result = DumpDrill(settings, key, name, watcher, self._ask).run()
            repository.events.add(EventRecord(DRILL, self._now(), result.as_dict()))
            if result.is_clean:
                repository.expire()
        return result

    def verify(self, watcher: Watcher) -> VerifyResult:
        """Read every file and compare it with what was written."""
        with self._alone() as settings:
            return check_archives(settings.repository, watcher)

    def keygen(self, pass_phrase: PassPhrase | None = None) -> KeyAnswer:  # noqa: ARG002 - as below
        """Return the key, which is made if there is none, and remember that it was shown.

        There is no file to be protected by a pass phrase: the key is all that is needed.
        """
        with self._alone() as settings:
            key = settings.repository.key_or_new_one()
            settings.repository.events.add(EventRecord(KEYGEN, self._now()))
        return KeyAnswer(key.identity, key.recipient, _ADVICE)

    def plan_restore(self, target: RestoreTarget) -> RestorePlan:
        """Return what a restore would do and what would be lost; touch nothing."""
        return plan_restore(self._load(), target, self._now())

    def restore(self, plan: RestorePlan, watcher: Watcher) -> RestoreResult:
        """Restore into a database beside, and compare; who switches is the operator."""
        with self._alone() as settings:
            result = restore_beside(settings, plan, watcher)
            record = EventRecord(RESTORE, self._now(), result.as_dict())
            settings.repository.events.add(record)
        return result

    def forget_old(self) -> ForgetResult:
        """Refuse: a restore of a dump puts nothing aside."""
        raise UsageError(
            "a restore of a dump puts nothing aside",
            hint="drop the database that nobody uses any more by the provider's means",
        )

    def serve(self) -> int:
        """Run the service until it is told to end; return its exit code."""
        return serve(self._serve)

    def health(self) -> int:
        """Return the exit code of the service's health check, and say what is wrong."""
        return show_health(self._now().timestamp())

    def _serve(self) -> None:
        settings = self._load()
        if not settings.enabled:
            idle("BACKUPS=off: nothing is backed up")
        for warning in key_warnings(settings.repository):
            log.warning(warning)
        BackupService(ServedDumps(self, self._load, settings), self._now).run()

    @contextmanager
    def _alone(self) -> Iterator[DumpSettings]:
        """Hold the lock of the dumps; whatever a killed run has left is removed."""
        settings = self._load()
        if not settings.enabled:
            raise ConfigError("BACKUPS=off: nothing is backed up", hint=_ON_HINT)
        repository = settings.repository
        repository.prepare()
        with path_lock(repository.lock, BACKUP, str(settings.database)):
            repository.sweep()
            yield settings
