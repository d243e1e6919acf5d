"""Read the whole repository: every file of pgBackRest, every manifest, the chain of the WAL."""

from __future__ import annotations

from collections.abc import Iterator

from backend.backup.backups import VerifyResult
from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.manifest import read_manifest
from backend.backup.cluster.pgbackrest import PgBackRest
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.wal import WalSegment, gaps
from backend.backup.keys import BackupKey
from backend.cli.progress import Watcher
from backend.errors import AppError, DatabaseError


def verify_repository(
    folder: ClusterFolder, pgbackrest: PgBackRest, key: BackupKey, watcher: Watcher
) -> VerifyResult:
    """Return everything that is damaged or missing.

    Raises:
        DatabaseError: there is nothing to read.
    """
    sets = pgbackrest.backups()
    if not sets:
        raise DatabaseError(
            f"there is no backup in {folder.repository}",
            hint="see that BACKUP_DIR names the right folder, then make one by `create`",
        )
    watcher.stage("repository")
    check = pgbackrest.verify()
    watcher.stage("manifests")
    findings = [*check.problems, *_missing_wal(folder, sets), *_bad_manifests(folder, key)]
    facts = {"files": check.files, "wal_files": check.wal_files}
    return VerifyResult(len(sets), findings, facts)


def _missing_wal(folder: ClusterFolder, sets: tuple[BackupSet, ...]) -> Iterator[str]:
    """Yield what each backup needs to become consistent, which the program does not look for."""
    there = folder.archived()
    for one in sets:
        first, last = WalSegment.parse(one.first_wal), WalSegment.parse(one.last_wal)
        numbers = range(first.number, last.number + 1)
        wanted = [WalSegment(last.timeline, number) for number in numbers]
        yield from (f"backup {one.label}: {gap}" for gap in gaps(wanted, there))


def _bad_manifests(folder: ClusterFolder, key: BackupKey) -> Iterator[str]:
    for name in folder.manifest_names():
        try:
            read_manifest(folder, name, key)
        except AppError as error:
            yield str(error)
