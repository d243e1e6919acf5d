"""Read the whole repository: every file of pgBackRest, every manifest, the chain of the WAL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backend.backup.cluster.archive_guard import inspect_archive
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.manifest import Manifest, read_manifest
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.settings import ClusterSettings
from backend.backup.cluster.wal import WalSegment, gaps
from backend.backup.keys import BackupKey
from backend.backup.results import VerifyResult
from backend.cli.progress import Watcher
from backend.errors import AppError, DatabaseError


@dataclass(frozen=True)
class RepositoryReader:
    """All that has to be read, and the key for it."""

    settings: ClusterSettings
    folder: ClusterFolder
    pgbackrest: PgBackRest
    key: BackupKey

    def verify(self, watcher: Watcher) -> VerifyResult:
        """Return everything that is damaged or missing.

        Raises:
            DatabaseError: there is nothing to read.
        """
        sets = self.pgbackrest.backups()
        if not sets:
            raise DatabaseError(
                f"there is no backup in {self.folder.repository}",
                hint="see that BACKUP_DIR names the right folder, then make one by `create`",
            )
        watcher.stage("repository")
        check = self.pgbackrest.verify()
        watcher.stage("manifests and WAL")
        manifests, unreadable = self._manifests()
        # pgBackRest looks at what is there, and does not miss what is not.
        missing = [*self._missing_wal(sets, manifests), *self._lost_wal(sets)]
        facts = {"files": check.files, "wal_files": check.wal_files, "manifests": len(manifests)}
        return VerifyResult(len(sets), [*check.problems, *unreadable, *missing], facts)

    def _manifests(self) -> tuple[list[Manifest], list[str]]:
        manifests, unreadable = [], []
        for name in self.folder.manifest_names():
            try:
                manifests.append(read_manifest(self.folder, name, self.key))
            except AppError as error:
                unreadable.append(str(error))
        return manifests, unreadable

    def _missing_wal(
        self, sets: Sequence[BackupSet], manifests: Sequence[Manifest]
    ) -> Iterator[str]:
        """Yield what is missing from the start of each backup to the point of its manifest."""
        there = self.folder.archived()
        points = {one.point.backup: one.point.segment for one in manifests}
        for one in sets:
            first, last = WalSegment.parse(one.first_wal), WalSegment.parse(one.last_wal)
            end = max(last, points.get(one.label, last))
            numbers = range(first.number, end.number + 1)
            wanted = [WalSegment(end.timeline, number) for number in numbers]
            yield from (f"backup {one.label}: {gap}" for gap in gaps(wanted, there))

    def _lost_wal(self, sets: Sequence[BackupSet]) -> Iterator[str]:
        try:
            archive = inspect_archive(self.folder, self.settings.data, self.settings.server, sets)
        except DatabaseError as error:
            yield f"the archive could not be compared with the server: {error}"
        else:
            yield from (str(gap) for gap in archive.lost)
