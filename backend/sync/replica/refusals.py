"""That a database refuses a row by a rule of its own: which one, why, and whether that may pass."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg import errors

from backend.capture.unfit import UnfitValueError
from backend.sync.merge.result import ConflictKind

if TYPE_CHECKING:
    from backend.sync.replica.replica import Replica
T = TypeVar("T")


@dataclass(frozen=True)
class Refusal:
    """What a database says of a row, without its values.

    `may_pass`: somebody else's write may be the cause, which a new look at the database shows.
    """

    says: str
    may_pass: bool = False
    kind: ConflictKind = ConflictKind.REFUSED


class RowRefusedError(Exception):
    """Rows were refused; what was open is to be rolled back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.says)
        self.refusal = refusal


def refused(
    replica: Replica, things: Sequence[T], put: Callable[[Sequence[T]], None]
) -> Iterator[tuple[T, Refusal]]:
    """Put things into a database, by halves where it refuses some; return those that it refuses."""
    try:
        with replica.savepoint(), replica.batch():
            put(things)
    except RowRefusedError as error:
        if len(things) == 1:
            yield things[0], error.refusal
            return
        middle = len(things) // 2
        yield from refused(replica, things[:middle], put)
        yield from refused(replica, things[middle:], put)


# Another session's write may be the cause of these.
_SHARED = (errors.UniqueViolation, errors.ForeignKeyViolation, errors.ExclusionViolation)
_REFUSED = (errors.IntegrityError, errors.DataError, errors.RaiseException)


@contextmanager
def postgres_refusals() -> Iterator[None]:
    """Let a row that is refused be told from all else that a server may say.

    Raises:
        RowRefusedError: a row was refused.
    """
    try:
        yield
    except _REFUSED as error:
        raise RowRefusedError(_refusal(error)) from error


def postgres_refusal(error: psycopg.Error) -> Refusal | None:
    """Return what is said of a row, if the error is about one."""
    return _refusal(error) if isinstance(error, _REFUSED) else None


def _refusal(error: psycopg.Error) -> Refusal:
    return Refusal(_says(error), isinstance(error, _SHARED))


def _says(error: psycopg.Error) -> str:
    """Say it without the server's words, which may hold what people have typed."""
    found = error.diag
    of = f" of {found.table_name}" if found.table_name else ""
    if isinstance(error, errors.NotNullViolation):
        return f"the column {found.column_name}{of} must hold something"
    if found.constraint_name:
        return f"the constraint {found.constraint_name}{of}"
    if isinstance(error, errors.StringDataRightTruncation):
        return "a text is too long for its column"
    if isinstance(error, errors.NumericValueOutOfRange):
        return "a number is out of the range of its column"
    if isinstance(error, errors.RaiseException):
        return f"a trigger there refuses it ({_place(found.context)})"
    return f"a value is none of the type of its column (SQLSTATE {error.sqlstate})"


def _place(context: str | None) -> str:
    lines = (context or "").splitlines()
    return lines[0] if lines else "it does not say where"


# Its other words name tables, columns and constraints; these are whatever somebody has written.
_OTHERS_WORDS = "SQLITE_CONSTRAINT_TRIGGER"


@contextmanager
def sqlite_refusals() -> Iterator[None]:
    """Let a row that is refused be told from all else that SQLite may say.

    Nobody else writes meanwhile: whatever is refused is so by what is there.

    Raises:
        RowRefusedError: a row was refused.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise RowRefusedError(sqlite_refusal(error)) from error
    except UnfitValueError as error:
        # SQLite itself would take it, and the app could not read it.
        raise RowRefusedError(Refusal(error.why)) from error


def sqlite_refusal(error: sqlite3.IntegrityError) -> Refusal:
    """Return what is said of a row."""
    name: str = getattr(error, "sqlite_errorname", "")
    return Refusal("a trigger there refuses it" if name == _OTHERS_WORDS else str(error))
