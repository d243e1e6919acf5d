"""A copy of a SQLite file in the scratch folder, for when the file itself cannot be read alone."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

from backend.db.sqlite_file import journal_path, wal_path
from backend.db.sqlite_reader import (
    UNREADABLE_IN_PLACE,
    ReadOnlyFile,
    copy_pages,
    file_errors,
    open_new,
)
from backend.errors import DatabaseError, TransientError
from backend.tablecopy.sqlite.connection import BUSY_TIMEOUT_MS

_ATTEMPTS = 3
# Where the salts of a WAL end; they change when it is begun anew, after a checkpoint.
_WAL_HEADER_BYTES = 32


def may_write_beside(path: Path) -> bool:
    """Tell whether SQLite can keep its index of the WAL beside the file."""
    return os.access(path.parent, os.W_OK)


def snapshot(path: Path, scratch: Path) -> Path:
    """Copy what readers see now, in one step: a writer waits for it once, and briefly."""
    copy = scratch / "snapshot.db"
    copy.unlink(missing_ok=True)
    try:
        with file_errors(path):
            _backup(path, copy)
    except DatabaseError as error:
        if not isinstance(error.__cause__, UNREADABLE_IN_PLACE):
            raise
        return with_its_journal(path, scratch)
    return copy


def with_its_wal(path: Path, scratch: Path) -> Path:
    """Copy the file and its WAL, and put the one into the other.

    Somebody may write meanwhile: as long as the WAL is not begun anew, it holds every page that a
    checkpoint changes in the file, so that file first and WAL second fit together.
    """
    return _copied(path, wal_path(path), scratch)


def with_its_journal(path: Path, scratch: Path) -> Path:
    """Copy the file and the journal of a writer that crashed, and undo what that began."""
    return _copied(path, journal_path(path), scratch)


def _copied(path: Path, second: Path, scratch: Path) -> Path:
    copy = scratch / "copy.db"
    for _ in range(_ATTEMPTS):
        before = _state(path, second)
        _copy_files(path, second, copy)
        if before == _state(path, second):
            with file_errors(path):
                _absorb(copy)
            return copy
    raise TransientError(
        f"{path} changes while it is being copied", hint="run it again in a quieter moment"
    )


def _state(path: Path, second: Path) -> object:
    """Return what changes when the two files no longer belong together."""
    try:
        if second == wal_path(path) and second.exists():
            with second.open("rb") as wal:
                if header := wal.read(_WAL_HEADER_BYTES):
                    return header
        stats = [file.stat() for file in (path, second) if file.exists()]
    except OSError as error:
        raise _unreadable(path, error) from None
    return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats]


def _copy_files(path: Path, second: Path, copy: Path) -> None:
    try:
        shutil.copyfile(path, copy)
        beside = copy.with_name(second.name.replace(path.name, copy.name))
        beside.unlink(missing_ok=True)
        if second.exists():
            shutil.copyfile(second, beside)
    except OSError as error:
        raise _unreadable(path, error) from None


def _absorb(copy: Path) -> None:
    """Make the copy one file that is complete in itself."""
    with closing(open_new(copy)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()


def _backup(path: Path, copy: Path) -> None:
    with (
        closing(ReadOnlyFile(path)) as source,
        closing(open_new(copy)) as target,
    ):
        source.set_busy_timeout(BUSY_TIMEOUT_MS)
        copy_pages(source, target, at_once=-1)
        # It has come over as a WAL database if it was one.
        target.execute("PRAGMA journal_mode = DELETE").fetchall()


def _unreadable(path: Path, error: OSError) -> DatabaseError:
    return DatabaseError(
        f"{path} cannot be copied to the scratch folder: {error.strerror}",
        hint="let this user read it and make room for a copy",
    )
