"""`create`: one snapshot, checked, described, encrypted, and whole in the folder or not there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from backend.backup.keys import BackupKey
from backend.backup.results import BackupRecord
from backend.backup.room import check_room
from backend.backup.sqlite.archive_file import write_archive
from backend.backup.sqlite.contents import find_damage, read_contents
from backend.backup.sqlite.repository import SQLiteRepository
from backend.backup.sqlite.sqlite_manifest import SQLiteManifest
from backend.cli.progress import Watcher
from backend.db import private_files
from backend.db.sqlite_file import wal_path
from backend.errors import FoundWanting
from backend.tablecopy.sqlite import file_copy
from backend.version import release


def create_backup(
    repository: SQLiteRepository, key: BackupKey, at: datetime, watcher: Watcher
) -> BackupRecord:
    """Back up what readers see now; nobody who writes has to wait.

    Raises:
        FoundWanting: the database is damaged; there is no backup of it.
        DatabaseError: there is no room, or a file cannot be written.
    """
    folders = (repository.database.parent, repository.root)
    check_room(_bytes_with_wal(repository.database), *folders)
    name = repository.new_name(at)
    with repository.scratch() as scratch:
        watcher.stage("copy")
        copy = file_copy.snapshot(repository.database, scratch)
        watcher.stage("check")
        _refuse_damage(repository.database, find_damage(copy))
        contents = read_contents(copy)
        watcher.stage("encrypt")
        with repository.new_archive(name) as file:
            archive = write_archive(copy, file, key.recipient)
            manifest = SQLiteManifest(
                name, at, str(repository.database), release(), archive, contents
            )
            private_files.write_whole(repository.manifest(name), manifest.encrypted(key.recipient))
    note = f"{contents.broken_references} rows break a foreign key"
    return BackupRecord(
        name, at, "file", archive.bytes, note=note if contents.broken_references else ""
    )


def _bytes_with_wal(database: Path) -> int:
    wal = wal_path(database)
    return database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def _refuse_damage(database: Path, found: list[str]) -> None:
    if found:
        raise FoundWanting(
            f"{database} is damaged and was not backed up: {'; '.join(found)}",
            hint="restore a backup, or save what can be saved with `.recover` of sqlite3",
        )
