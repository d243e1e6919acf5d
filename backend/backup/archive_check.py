"""Every file of a folder of archives, compared with what was written: what `verify` does there."""

from __future__ import annotations

from collections.abc import Iterator

from backend.backup.archive_digest import digest_archive
from backend.backup.archive_folder import ArchiveFolder
from backend.backup.keys import BackupKey, DamagedError, WrongKeyError
from backend.backup.results import VerifyResult
from backend.cli.progress import Watcher


def check_archives(folder: ArchiveFolder, watcher: Watcher) -> VerifyResult:
    """Read all of them; whether one comes back is what a drill asks.

    Raises:
        ConfigError: the key is not there.
        DataError: there is no backup, which is no success.
    """
    folder.find(None)
    key, names = folder.key(), folder.names()
    findings, total = folder.incomplete(), 0
    watcher.stage("read")
    for name in names:
        total += folder.archive(name).stat().st_size
        findings += _findings(folder, name, key)
    return VerifyResult(len(names), tuple(findings), {"bytes": total})


def _findings(folder: ArchiveFolder, name: str, key: BackupKey) -> Iterator[str]:
    try:
        manifest = folder.read_manifest(name, key)
    except (DamagedError, WrongKeyError) as error:
        yield str(error)
        return
    yield from manifest.archive.differences(digest_archive(folder.archive(name)), name)
