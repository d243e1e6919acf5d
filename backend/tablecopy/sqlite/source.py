"""A SQLite file as many readers see it: one state, and never a byte written to it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from backend.db import sql
from backend.db.sqlite_file import is_sqlite, is_wal, read_header
from backend.db.sqlite_reader import UNREADABLE_IN_PLACE, ReadOnlyFile, begin, file_errors
from backend.errors import DatabaseError, RefusedError
from backend.schema.sqlite import reflect_sqlite
from backend.schema.tables import SqliteTable
from backend.tablecopy.sqlite import file_copy
from backend.tablecopy.sqlite.connection import BUSY_TIMEOUT_MS, SourceHandle, connect

_ATTEMPTS = 3


class Source:
    """One state of a SQLite file.

    `connection` reads it in this process. Other processes join through `gather`, which may move
    everybody to a later state, or to a copy: so gather first, and ask `connection` for keys,
    ranges and rows afterwards. After `gather` has returned nothing moves any more.
    """

    def __init__(self, path: Path, handle: SourceHandle, scratch: Path) -> None:
        self.path = path
        self.connection = connect(handle)
        self._handle = handle
        self._scratch = scratch

    @property
    def is_copy(self) -> bool:
        """Tell whether a copy is read, so that nobody who writes to the file has to wait."""
        return self._handle.path != self.path

    def handle(self) -> SourceHandle:
        """Return what `connect` needs in another process; valid while `gather` calls."""
        return self._handle

    def tables(self) -> tuple[SqliteTable, ...]:
        """Return every table that holds rows of somebody's, ordered by name."""
        with file_errors(self.path):
            return reflect_sqlite(self.connection)

    def count_rows(self, table: str) -> int:
        """Count the rows of a table; SQLite does this by its smallest index."""
        count = sql.statement("SELECT count(*) FROM {}", sql.name(table))
        with file_errors(self.path):
            return int(self.connection.execute(sql.text(count)).get)

    def gather(self, begin_all: Callable[[SourceHandle], None]) -> None:
        """Let other connections begin to read, until all of them see the same state.

        `begin_all` is called with a handle, up to four times. Each time it lets every worker
        close the connection that it may have, call `connect(handle)`, keep what that returns,
        and say so; it returns when all have. Whether somebody committed between the first and
        the last is read from `PRAGMA data_version` of a connection that is in no transaction.
        Where writers never pause the file is copied, in one step, and all read the copy.
        """
        for _ in range(_ATTEMPTS):
            if self.is_copy or self._begin_together(begin_all):
                break
        else:
            self._move_to_copy()
        if self.is_copy:
            begin_all(self._handle)

    def close(self) -> None:
        """End the transaction."""
        self.connection.close()

    def _begin_together(self, begin_all: Callable[[SourceHandle], None]) -> bool:
        with file_errors(self.path):
            watcher = ReadOnlyFile(self.path)
            try:
                watcher.set_busy_timeout(BUSY_TIMEOUT_MS)
                before = watcher.pragma("data_version")
                schema = self._schema()
                self.connection.execute("ROLLBACK")
                begin(self.connection)
                begin_all(self._handle)
                self._check_schema(schema)
                return bool(before == watcher.pragma("data_version"))
            finally:
                watcher.close()

    def _schema(self) -> object:
        # Not by its version: a copy has another one.
        query = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
        return self.connection.execute(query).fetchall()

    def _check_schema(self, expected: object) -> None:
        """Check that what `tables` returned before still holds."""
        if self._schema() != expected:
            raise RefusedError(
                f"somebody changes the tables of {self.path}", hint="run it again afterwards"
            )

    def _move_to_copy(self) -> None:
        schema = self._schema()
        self.connection.close()
        self._handle = SourceHandle(file_copy.snapshot(self.path, self._scratch), self.path)
        self.connection = connect(self._handle)
        self._check_schema(schema)


@contextmanager
def open_source(path: Path, *, scratch: Path) -> Iterator[Source]:
    """Read a SQLite file that is never written to, not even by SQLite's own repairs.

    A file in WAL mode is read where it lies, if SQLite can keep its index of the WAL beside it. All
    others are copied into a folder below `scratch` that goes away with the block: whoever writes to
    a file with a rollback journal would otherwise wait until the last row is read.

    Raises:
        DatabaseError: the file cannot be read.
        RefusedError: it is not a SQLite database, or keeps its text as UTF-16.
    """
    path = path.absolute()
    header = _sqlite_header(path)
    with ExitStack() as stack:
        name = stack.enter_context(_scratch(scratch))
        source = _opened(path, Path(name), is_in_wal_mode=is_wal(header))
        stack.callback(source.close)
        _check_encoding(source)
        yield source


def _scratch(scratch: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(
            prefix="tablecopy-", dir=scratch, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise DatabaseError(
            f"no scratch folder can be made in {scratch}: {error.strerror}",
            hint="name a folder that this user can write to",
        ) from None


def _sqlite_header(path: Path) -> bytes:
    header = read_header(path)
    if not header:
        raise RefusedError(f"{path} is empty", hint="name another file")
    if not is_sqlite(header):
        raise RefusedError(
            f"{path} is not a SQLite database, or an encrypted one: it begins with {header[:8]!r}",
            hint="name another file",
        )
    return header


def _opened(path: Path, scratch: Path, *, is_in_wal_mode: bool) -> Source:
    if not is_in_wal_mode:
        return Source(path, SourceHandle(file_copy.snapshot(path, scratch), path), scratch)
    if file_copy.may_write_beside(path):
        try:
            return Source(path, SourceHandle(path, path), scratch)
        except DatabaseError as error:
            if not isinstance(error.__cause__, UNREADABLE_IN_PLACE):
                raise
    return Source(path, SourceHandle(file_copy.with_its_wal(path, scratch), path), scratch)


def _check_encoding(source: Source) -> None:
    encoding = source.connection.pragma("encoding")
    if encoding != "UTF-8":
        raise RefusedError(
            f"{source.path} keeps its text as {encoding}",
            hint="make a UTF-8 copy of it: sqlite3 OLD .dump | sqlite3 NEW",
        )
