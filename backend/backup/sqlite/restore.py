"""`restore`: a backup is brought back beside the file, compared, then put in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from backend.backup.keys import BackupKey
from backend.backup.restore_target import RestoreTarget
from backend.backup.results import RestorePlan, RestoreResult
from backend.backup.room import check_room
from backend.backup.sqlite.drill import bring_back, find_differences
from backend.backup.sqlite.repository import SQLiteRepository
from backend.backup.sqlite.sqlite_manifest import SQLiteManifest
from backend.cli.progress import Watcher
from backend.db import private_files
from backend.db.sqlite_exclusive import held_alone
from backend.db.sqlite_file import journal_path, shm_path, wal_path
from backend.errors import FoundWanting

_ASIDE = ".before-restore-"


def plan_restore(repository: SQLiteRepository, target: RestoreTarget, now: datetime) -> RestorePlan:
    """Choose the backup and say what is lost by it.

    Raises:
        DataError: there is no such backup, or none that is old enough.
        DamagedError: its manifest is not what was written.
        ConfigError: the key is not there, or opens other backups.
    """
    name = repository.choose(target, now)
    manifest = repository.read_manifest(name, repository.key())
    kept = f"{repository.database} is kept beside itself until `restore --forget-old`"
    steps = (kept,) if repository.database.exists() else ()
    return RestorePlan(name, manifest.at, _last_write(repository.database) or now, steps)


def restore_backup(
    repository: SQLiteRepository, plan: RestorePlan, now: datetime, watcher: Watcher
) -> RestoreResult:
    """Put a backup in the file's place, whether or not it keeps the app's rules.

    Raises:
        RefusedError: another process has the file open.
        FoundWanting: the backup is not what its manifest says; the file stays where it is.
    """
    key = repository.key()
    manifest = repository.read_manifest(plan.backup, key)
    check_room(manifest.contents.bytes, repository.database.parent)
    with held_alone(repository.database), repository.scratch() as scratch:
        copy = _proven_copy(repository, manifest, key, scratch, watcher)
        watcher.stage("switch")
        kept = _switch(copy, repository.database, now)
    return RestoreResult(plan, str(kept or ""), {"rows": manifest.contents.rows})


def kept_files(database: Path) -> list[Path]:
    """Return what restores have put aside."""
    return sorted(database.parent.glob(f"{escape(database.name)}{_ASIDE}*"))


def _proven_copy(
    repository: SQLiteRepository,
    manifest: SQLiteManifest,
    key: BackupKey,
    scratch: Path,
    watcher: Watcher,
) -> Path:
    copy = bring_back(repository, manifest, key, scratch, watcher)
    watcher.stage("compare")
    differences = list(find_differences(manifest, copy))
    if differences:
        raise FoundWanting(
            f"{manifest.name} did not come back as it was: {'; '.join(differences)}",
            hint="nothing was switched; take another backup with --to NAME",
        )
    return copy


def _switch(copy: Path, database: Path, now: datetime) -> Path | None:
    """Put a copy in the place of a database; there is one under its name at every moment."""
    aside = _free_name(database, now)
    was_there = database.exists()
    _dress(copy, database if was_there else database.parent)
    private_files.sync_file(copy)
    # From here on we change things.
    for left in _journals(database):
        # It belongs to a damaged file, and would be taken for the new one's.
        left.rename(aside.with_name(left.name.replace(database.name, aside.name)))
    if was_there:
        aside.hardlink_to(database)
    copy.replace(database)
    private_files.sync_folder(database.parent)
    return aside if was_there else None


def _free_name(database: Path, now: datetime) -> Path:
    """Return a name for what is put aside; the one that a killed restore gave the file goes."""
    for kept in kept_files(database):
        if database.exists() and kept.samefile(database):
            kept.unlink()
    name = f"{database.name}{_ASIDE}{now.strftime('%Y%m%dT%H%M%SZ')}"
    taken = sum(kept.name.startswith(name) for kept in kept_files(database))
    return database.with_name(f"{name}-{taken + 1}" if taken else name)


def _journals(database: Path) -> Iterator[Path]:
    files = (wal_path(database), shm_path(database), journal_path(database))
    return (file for file in files if file.exists())


def _dress(copy: Path, like: Path) -> None:
    """Let whoever could use the file use the copy, also where root restores it for the app."""
    stat = like.stat()
    if like.is_file():
        copy.chmod(stat.st_mode & 0o777)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown(copy, stat.st_uid, stat.st_gid)


def _last_write(database: Path) -> datetime | None:
    """Return when the file or its WAL was last written to."""
    files = [file for file in (database, wal_path(database)) if file.exists()]
    times = [file.stat().st_mtime for file in files]
    return datetime.fromtimestamp(max(times), UTC) if times else None
