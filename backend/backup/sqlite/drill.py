"""`drill`: a backup is brought back into scratch, and has to be what its manifest says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from backend.backup.keys import BackupKey, DamagedError, WrongKeyError
from backend.backup.results import DrillResult
from backend.backup.room import check_room
from backend.backup.sqlite.archive_file import read_archive
from backend.backup.sqlite.contents import find_damage, read_contents
from backend.backup.sqlite.repository import SQLiteRepository
from backend.backup.sqlite.rules import broken_rules
from backend.backup.sqlite.sqlite_manifest import SQLiteManifest
from backend.cli.progress import Watcher
from backend.errors import AppError


def drill_backup(
    repository: SQLiteRepository, name: str, at: datetime, watcher: Watcher
) -> DrillResult:
    """Compare everything; what cannot be brought back is a difference too.

    Raises:
        ConfigError: the key is not there.
        DatabaseError: there is no room.
    """
    key, begun = repository.key(), time.monotonic()
    try:
        manifest = repository.read_manifest(name, key)
        check_room(manifest.contents.bytes, repository.database.parent)
        with repository.scratch() as scratch:
            copy = bring_back(repository, manifest, key, scratch, watcher)
            watcher.stage("compare")
            differences = (*find_differences(manifest, copy), *broken_rules(copy))
    except (DamagedError, WrongKeyError) as error:
        return DrillResult(name, at, (str(error),))
    facts = {
        "tables": len(manifest.contents.tables),
        "rows": manifest.contents.rows,
        "seconds": round(time.monotonic() - begun, 1),
    }
    return DrillResult(name, at, differences, facts)


def bring_back(
    repository: SQLiteRepository,
    manifest: SQLiteManifest,
    key: BackupKey,
    folder: Path,
    watcher: Watcher,
) -> Path:
    """Decrypt a backup into a private file of a folder.

    Raises:
        DamagedError: it is not what was written.
        WrongKeyError: it was encrypted for another key.
    """
    watcher.stage("decrypt")
    copy = folder / repository.database.name
    read_archive(repository.archive(manifest.name), copy, key, most_bytes=manifest.contents.bytes)
    return copy


def find_differences(manifest: SQLiteManifest, copy: Path) -> Iterator[str]:
    """Name everything in which a copy is not what its manifest says."""
    try:
        yield from (f"SQLite finds: {found}" for found in find_damage(copy))
        found = read_contents(copy)
    except AppError as error:
        yield str(error)
        return
    yield from manifest.contents.differences(found)
