"""A copy of the source, compared with it, before anything else is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import apsw

from backend.db import private_files
from backend.db.sql import chain, name, statement, text
from backend.db.sqlite_file import journal_path
from backend.db.sqlite_reader import begin, file_errors
from backend.errors import DatabaseError, RefusedError

_PAGES_AT_ONCE = 10_000


@dataclass(frozen=True)
class Archived:
    """A copy that is on the disk and holds what the source held."""

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
def _snapshot(file: Path, shown: Path) -> Iterator[apsw.Connection]:
    """See one state from the first page of the copy to the last row of the comparison."""
    with file_errors(shown), closing(_opened(file)) as source:
        begin(source)
        yield source


def _opened(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def _copy(source: apsw.Connection, path: Path) -> None:
    try:
        with closing(apsw.Connection(str(path))) as copy:
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES_AT_ONCE)
            # A WAL database could not be opened in a folder that nobody may write to.
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    except (apsw.FullError, apsw.IOError, apsw.CantOpenError) as error:
        raise DatabaseError(
            f"the archive {path} cannot be written: {error}", hint="see whether the disk is full"
        ) from None


def _compared(source: apsw.Connection, path: Path) -> str:
    with closing(_opened(path)) as copy:
        expected, found = contents(source), contents(copy)
    if expected != found:
        raise DatabaseError(
            f"the archive {path.name} does not hold what the source holds",
            hint="nothing else was done; check the disk, then run it again",
        )
    return found


def contents(connection: apsw.Connection) -> str:
    """Return a digest of the schema and of every value of every table, with its storage class."""
    digest = sha256()
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    for entry in connection.execute(schema):
        digest.update(repr(entry).encode())
    for table, columns in _tables(connection):
        digest.update(f"\n{table}\n".encode())
        for (row,) in connection.execute(_rows(table, columns)):
            digest.update(str(row).encode() + b"\n")
    return digest.hexdigest()


def _tables(connection: apsw.Connection) -> list[tuple[str, list[str]]]:
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name"
    ).fetchall()
    columns = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
    return [
        (str(name), [str(one) for (one,) in connection.execute(columns, (name,))])
        for (name,) in names
    ]


def _rows(table: str, columns: list[str]) -> str:
    # hex() of the bytes keeps a NUL, and text that is not UTF-8; 17 digits keep every real.
    values = (
        statement(
            "substr(typeof({0}), 1, 1) || CASE typeof({0}) WHEN 'real'"
            " THEN printf('%!.17g', {0}) ELSE hex(CAST({0} AS BLOB)) END",
            name(one),
        )
        for one in columns
    )
    # Never by way of an index: both files are read in the order in which they lie there.
    line = chain("|| ',' ||", values)
    return text(statement("SELECT {} FROM {} NOT INDEXED", line, name(table)))
