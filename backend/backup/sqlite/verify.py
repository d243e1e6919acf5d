"""`verify`: every file of the folder, compared with what was written."""

from __future__ import annotations

from collections.abc import Iterator

from backend.backup.archive_digest import digest_archive
from backend.backup.keys import BackupKey, DamagedError, WrongKeyError
from backend.backup.results import VerifyResult
from backend.backup.sqlite.repository import SQLiteRepository
from backend.cli.progress import Watcher


def verify_backups(repository: SQLiteRepository, watcher: Watcher) -> VerifyResult:
    """Read all of them; whether one comes back is what a drill asks.

    Raises:
        ConfigError: the key is not there.
        DataError: there is no backup, which is no success.
    """
    repository.find(None)
    key, names = repository.key(), repository.names()
    findings, total = repository.incomplete(), 0
    watcher.stage("read")
    for name in names:
        total += repository.archive(name).stat().st_size
        findings += _findings(repository, name, key)
    return VerifyResult(len(names), tuple(findings), {"bytes": total})


def _findings(repository: SQLiteRepository, name: str, key: BackupKey) -> Iterator[str]:
    try:
        manifest = repository.read_manifest(name, key)
    except (DamagedError, WrongKeyError) as error:
        yield str(error)
        return
    found = digest_archive(repository.archive(name))
    yield from manifest.archive.differences(found, name)
