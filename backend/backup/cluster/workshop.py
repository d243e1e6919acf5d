"""The jobs on one cluster's backups, each alone on them: who comes second is told who is first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from backend.backup import keys
from backend.backup.backups import BackupKind
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.catalog import (
    DRILL_EVENT,
    VERIFY_EVENT,
    BackupCatalog,
    read_catalog,
)
from backend.backup.cluster.create import complete_backup, create_backup
from backend.backup.cluster.drill import Drill
from backend.backup.cluster.manifest import forget_manifest, read_manifest
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.cluster.repository import ClusterFolder, cluster_folder
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.cluster.verify import RepositoryReader
from backend.backup.copies import prepare_copies
from backend.backup.postgres.app_check import ask_app
from backend.backup.postgres.scratch_server import ScratchFolder
from backend.backup.records import EventRecord
from backend.backup.results import BackupRecord, DrillResult, VerifyResult
from backend.backup.service.schedule import due_kind
from backend.cli.progress import Watcher
from backend.db.locks import BACKUP, path_lock
from backend.errors import ConfigError, DatabaseError, DataError, FoundWanting

_ON_HINT = "set BACKUPS=on in .env, then `up`"


@dataclass(frozen=True)
class BackupWorkshop:
    """A cluster's settings, its folder, and the program that fills it."""

    settings: ClusterSettings
    folder: ClusterFolder
    pgbackrest: PgBackRest

    def prepare(self) -> None:
        """Make folder and stanza: until they are there, the server can archive nothing."""
        self.folder.prepare()
        prepare_copies(self.settings.backups)
        if not self.folder.has_stanza:
            self.pgbackrest.create_stanza()

    def catalog(self) -> BackupCatalog:
        """Return what there is."""
        return read_catalog(self.folder, self.pgbackrest.backups())

    def create(self, kind: BackupKind | None, watcher: Watcher) -> BackupRecord:
        """Make a backup of a kind, or of the one that is due."""
        with self._alone():
            chosen = kind or due_kind(datetime.now(UTC), self.catalog().last_full)
            return create_backup(self.settings, self.folder, self.pgbackrest, chosen, watcher)

    def complete(self, watcher: Watcher) -> None:
        """Take the manifest of the newest set, where whoever made it did not come so far."""
        with self._alone():
            if (backup := self.catalog().unfinished) is not None:
                complete_backup(self.settings, self.folder, backup, watcher)

    def drill(self, name: str | None, watcher: Watcher) -> DrillResult:
        """Prove a backup, the newest if none is named, and note how it went."""
        with self._alone():
            result = self._drilled(name, watcher)
            try:
                self.folder.events.add(EventRecord(DRILL_EVENT, result.at, result.as_dict()))
            except OSError as error:
                raise _unnoted(result, error) from None
            return result

    def verify(self, watcher: Watcher) -> VerifyResult:
        """Read the whole repository, and note what was found."""
        with self._alone():
            key = keys.load(self.settings.manifest_key)
            reader = RepositoryReader(self.settings, self.folder, self.pgbackrest, key)
            result = reader.verify(watcher)
            record = EventRecord(VERIFY_EVENT, datetime.now(UTC), result.as_dict())
            try:
                self.folder.events.add(record)
            except OSError as error:
                # A full disk is a time to read what is on it.
                return replace(result, facts={**result.facts, "not_noted": error.strerror})
            return result

    def expire(self) -> None:
        """Delete what the retention no longer wants, and the manifests that speak of it.

        Nothing while it could be the last proved backup that goes, or while a restore reads.
        """
        with self._alone(), path_lock(self.folder.retention_lock, BACKUP, self.folder.subject):
            if not self.catalog().is_newest_full_proven:
                return
            self.pgbackrest.expire()
            catalog = self.catalog()
            for name in catalog.manifests:
                if catalog.is_orphan(name):
                    forget_manifest(self.folder, name)

    def _drilled(self, name: str | None, watcher: Watcher) -> DrillResult:
        key = keys.load(self.settings.manifest_key)
        name, backup = _chosen(self.catalog(), name)
        try:
            manifest = read_manifest(self.folder, name, key)
        except FoundWanting as error:
            return DrillResult(name, datetime.now(UTC), [str(error)], {"set": backup.label})
        scratch = ScratchFolder(self.settings.scratch, self.settings.drill_socket)
        return Drill(manifest, backup, self.pgbackrest, scratch, watcher, self._ask).run()

    def _ask(self, scratch: ScratchFolder) -> Sequence[str]:
        return ask_app(scratch.socket, patience=self.settings.check_seconds)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self.settings.enabled:
            raise ConfigError("BACKUPS=off: nothing is archived or backed up", hint=_ON_HINT)
        self.folder.prepare()
        with path_lock(self.folder.lock, BACKUP, f"cluster {self.folder.root.name}"):
            yield


def _unnoted(result: DrillResult, error: OSError) -> DatabaseError:
    # Nobody but the records knows what is proved: without one it is not.
    outcome = "; ".join(result.lines()[: len(result.differences) + 1])
    return DatabaseError(
        f"{outcome}; that cannot be noted, and so counts for nothing: {error.strerror}",
        hint="make room in BACKUP_DIR, then `drill` again",
    )


def _chosen(catalog: BackupCatalog, name: str | None) -> tuple[str, BackupSet]:
    if name is None:
        if (newest := catalog.newest_manifest()) is None:
            raise DatabaseError(
                "there is no backup with a manifest yet",
                hint="see that BACKUP_DIR names the right folder, or make one by `create`",
            )
        return newest
    if (found := catalog.backup_of(name)) is None:
        raise DataError(f"there is no backup {name}", hint="`list` shows their names")
    return name, found


def open_workshop(settings: ClusterSettings) -> BackupWorkshop:
    """Return the workshop of the cluster in the data folder.

    Raises:
        DatabaseError: there is no cluster in it.
    """
    folder = cluster_folder(settings.backups, settings.data)
    return BackupWorkshop(
        settings,
        folder,
        PgBackRest(
            repository=folder.repository,
            locks=folder.pgbackrest_locks,
            cipher_folder=settings.keys,
            data=settings.data,
            search_path=settings.search_path,
        ),
    )
