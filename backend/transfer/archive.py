"""`--archive-sqlite`: a copy of the source that is compared with it before anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from backend.db import private_files
from backend.db.sqlite_digest import digest_tables, read_schema
from backend.db.sqlite_file import journal_path
from backend.db.sqlite_reader import (
    COPY_NOT_WRITTEN,
    APSWConnection,
    ReadOnlyFile,
    begin,
    copy_pages,
    file_errors,
    open_new,
)
from backend.errors import DatabaseError, RefusedError


@dataclass(frozen=True)
class Archived:
    """A copy that is on the disk and has been compared with the source."""

    path: Path
    bytes: int
    digest: str


def archive(file: Path, *, name: str, folder: Path) -> Archived:
    """Copy what `file` holds now into a new file of `folder` and compare the two, row by row.

    Raises:
        DatabaseError: the copy cannot be written, or is not the same.
        RefusedError: a file of this name is there.
    """
    with _new_file(folder, name) as path, _snapshot(file, Path(name)) as source:
        _copy(source, path)
        digest = _compared(source, path)
    path.chmod(0o400)
    private_files.sync_file(path)
    return Archived(path, path.stat().st_size, digest)


@contextmanager
def _new_file(folder: Path, name: str) -> Iterator[Path]:
    """Reserve a name; take the file away again if it does not become an archive."""
    path = folder / f"{Path(name).stem}-{_stamp()}.db"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _reserve(path)
    except OSError as error:
        raise DatabaseError(
            f"the archive {path} cannot be made: {error.strerror}",
            hint="name a folder that this user can write to with --archive-dir",
        ) from None
    try:
        yield path
    except BaseException:
        for left in (path, journal_path(path)):
            left.unlink(missing_ok=True)
        raise


def _reserve(path: Path) -> None:
    # Apart from the folder, which may be a file that is there already.
    try:
        private_files.reserve(path)
    except FileExistsError:
        raise RefusedError(f"{path} is there already", hint="run it again in a second") from None


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


@contextmanager
def _snapshot(file: Path, shown: Path) -> Iterator[APSWConnection]:
    """Read one snapshot, from the first page of the copy to the last row of the comparison."""
    with file_errors(shown), closing(ReadOnlyFile(file)) as source:
        begin(source)
        yield source


def _copy(source: APSWConnection, path: Path) -> None:
    try:
        with closing(open_new(path)) as copy:
            copy_pages(source, copy)
            # A WAL database could not be opened in a folder that nobody may write to.
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    except COPY_NOT_WRITTEN as error:
        raise DatabaseError(
            f"the archive {path} cannot be written: {error}", hint="see whether the disk is full"
        ) from None


def _compared(source: APSWConnection, path: Path) -> str:
    with closing(ReadOnlyFile(path)) as copy:
        expected, found = contents(source), contents(copy)
    if expected != found:
        raise DatabaseError(
            f"the archive {path.name} does not hold what the source holds",
            hint="nothing else was done; check the disk, then run it again",
        )
    return found


def contents(connection: APSWConnection) -> str:
    """Return a digest of the schema and of every value of every table, with its storage class."""
    digest = sha256(repr(read_schema(connection)).encode())
    digest.update(repr(digest_tables(connection)).encode())
    return digest.hexdigest()
