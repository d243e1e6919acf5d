"""A connection that reads one snapshot of a SQLite file and can convert odd values strictly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.db.sqlite_reader import ReadOnlyFile, begin, file_errors
from backend.values.conversion import BadValueError, Conversion, Uses, Value, field_text

BUSY_TIMEOUT_MS = 10_000
# A chunk that would be larger is read row by row instead, so that memory stays flat.
CHUNK_BYTES = 4 * 1024 * 1024
# What stands in the place of a bad value. No text of Postgres can hold it: such a row cannot be
# loaded by mistake, and is equal to none.
BAD = '"\0"'


@dataclass(frozen=True)
class SourceHandle:
    """What another process needs in order to read the same file; `shown` is it for people."""

    path: Path
    shown: Path


@dataclass
class Reading:
    """Queries whose columns have these conversions; counts bad values and used allowances."""

    conversions: Sequence[Conversion] = ()
    uses: Uses = field(default_factory=Counter)
    bad: int = 0

    def text_or_bad(self, place: int, kind: str, value: Value) -> str:
        """Return the field of a value, BAD if there is none."""
        try:
            return field_text(self.conversions[place], kind, value, self.uses)
        except BadValueError:
            self.bad += 1
            return BAD

    def text_or_null(self, place: int, kind: str, value: Value) -> str:
        """Return the field of a value, that of NULL if there is none."""
        try:
            return field_text(self.conversions[place], kind, value, self.uses)
        except BadValueError:
            return ""


class SourceConnection(ReadOnlyFile):
    """A read-only connection with the SQL functions that `backend.values` speaks of."""

    def __init__(self, handle: SourceHandle) -> None:
        super().__init__(handle.path)
        # As people know it, although a copy may be read.
        self.path = handle.shown
        self._reading = Reading()
        self.set_busy_timeout(BUSY_TIMEOUT_MS)
        self.limit_length(CHUNK_BYTES)
        self.create_scalar_function("tablecopy_cast", self._cast, 3)
        self.create_scalar_function("tablecopy_try", self._try, 3)

    @contextmanager
    def reading(self, conversions: Sequence[Conversion]) -> Iterator[Reading]:
        """Let the queries of the block convert columns by these conversions."""
        before, self._reading = self._reading, Reading(conversions)
        try:
            yield self._reading
        finally:
            self._reading = before

    @contextmanager
    def without_limit(self) -> Iterator[None]:
        """Let values be as large as SQLite allows."""
        self.limit_length()
        try:
            yield
        finally:
            self.limit_length(CHUNK_BYTES)

    def _cast(self, *arguments: Any) -> str:  # Any: SQLite gives what the fields name
        return self._reading.text_or_bad(*arguments)

    def _try(self, *arguments: Any) -> str:  # Any: as above
        return self._reading.text_or_null(*arguments)


def connect(handle: SourceHandle) -> SourceConnection:
    """Open the file read-only and begin the transaction that fixes what this connection sees.

    One process must not open the file by any other means meanwhile (Python's own `sqlite3`, or
    `open`): the system would drop these locks as soon as that other descriptor is closed.

    Raises:
        AppError: the file cannot be read.
    """
    with file_errors(handle.shown):
        connection = SourceConnection(handle)
        try:
            begin(connection)
        except BaseException:
            connection.close()
            raise
    return connection
