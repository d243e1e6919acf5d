"""A connection that reads one snapshot of a SQLite file and can cast odd values strictly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import apsw

from backend.tablecopy.sqlite.errors import translated
from backend.values.conversion import BadValueError, Conversion, SqliteValue, Uses, field_text

BUSY_TIMEOUT_MS = 10_000
# A block that would be larger is read row by row instead, so that memory stays flat.
BLOCK_BYTES = 4 * 1024 * 1024
_NO_LIMIT = 2**31 - 1
# What stands in the place of a bad value. No text of Postgres can hold it: such a row cannot be
# loaded by mistake, and is equal to none.
BAD = '"\0"'


@dataclass(frozen=True)
class SourceHandle:
    """What another process needs in order to read the same file; `shown` is it for people."""

    path: Path
    shown: Path


class SourceConnection(apsw.Connection):
    """Knows the rules of the table that is being read, for `tablecopy_cast` to go by."""

    def __init__(self, handle: SourceHandle) -> None:
        super().__init__(str(handle.path), flags=apsw.SQLITE_OPEN_READONLY)
        # As people know it, although a copy may be read.
        self.path = handle.shown
        self.rules: Sequence[Conversion] = ()
        self.uses: Uses = Counter()
        self.bad = 0
        self.set_busy_timeout(BUSY_TIMEOUT_MS)
        self.limit(apsw.SQLITE_LIMIT_LENGTH, BLOCK_BYTES)
        self.create_scalar_function("tablecopy_cast", cast("Any", self._cast), 3)
        self.create_scalar_function("tablecopy_try", cast("Any", self._try), 3)

    def begin_reading(self, rules: Sequence[Conversion]) -> None:
        """Start counting anew, for a table with these rules."""
        self.rules, self.uses, self.bad = rules, Counter(), 0

    def _cast(self, place: int, kind: str, value: SqliteValue) -> str:
        """Cast what no fast branch was made for; called by SQLite."""
        try:
            return field_text(self.rules[place], kind, value, self.uses)
        except BadValueError:
            self.bad += 1
            return BAD

    def _try(self, place: int, kind: str, value: SqliteValue) -> str:
        """Cast a value, or make it NULL if it is bad; called by SQLite."""
        try:
            return field_text(self.rules[place], kind, value, self.uses)
        except BadValueError:
            return ""


def connect(handle: SourceHandle) -> SourceConnection:
    """Open the file read-only and begin the transaction that fixes what this connection sees.

    One process must not open the file by any other means meanwhile (Python's own `sqlite3`, or
    `open`): the system would drop these locks as soon as that other descriptor is closed.

    Raises:
        AppError: the file cannot be read.
    """
    with translated(handle.shown):
        connection = SourceConnection(handle)
        try:
            begin(connection)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def without_limit(connection: apsw.Connection) -> Iterator[None]:
    """Let values be as large as SQLite allows."""
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _NO_LIMIT)
    try:
        yield
    finally:
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, BLOCK_BYTES)


def begin(connection: apsw.Connection) -> None:
    """Begin a transaction; it is the first read, not BEGIN, that fixes the snapshot."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
