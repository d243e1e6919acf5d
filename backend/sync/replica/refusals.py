"""Refused rows: by which rule of the database, and whether that may pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from backend.capture.unfit_rows import UnfitValueError
from backend.db.errors import (
    NULL_REFUSED,
    NUMBER_OUT_OF_RANGE,
    RAISED_BY_TRIGGER,
    ROW_REFUSED,
    SHARED_VIOLATIONS,
    SQLITE_ROW_REFUSED,
    TEXT_TOO_LONG,
    PostgresError,
    SQLiteError,
)
from backend.errors import AppError, DataError, TransientError
from backend.sync.result import ConflictKind

if TYPE_CHECKING:
    from backend.sync.replica.replica import Replica
# SQLite's other words name tables, columns and constraints; these are what somebody has written.
_OTHERS_WORDS = "SQLITE_CONSTRAINT_TRIGGER"

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
    """Write things, by halves where the database refuses some; return those that it refuses."""
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


def refusal_error(refusal: Refusal) -> AppError:
    """Return the error for a row that is refused: by somebody's write meanwhile, or for good."""
    if refusal.may_pass:
        return TransientError(
            f"a row was refused by {refusal.says}: somebody has written something meanwhile that it"
            " does not go with",
            hint="run it again; if it stays, status says what differs",
        )
    return DataError(
        f"a row was refused: {refusal.says}",
        hint="compare the schemas of both sides: one of them has a rule that the other one has not",
    )


@contextmanager
def postgres_refusals() -> Iterator[None]:
    """Turn a server's errors about refused rows into `RowRefusedError`.

    Raises:
        RowRefusedError: a row was refused.
    """
    try:
        yield
    except ROW_REFUSED as error:
        raise RowRefusedError(_refusal(error)) from error


def postgres_refusal(error: PostgresError) -> Refusal | None:
    """Return the refusal, if the error is about a row."""
    return _refusal(error) if isinstance(error, ROW_REFUSED) else None


def _refusal(error: PostgresError) -> Refusal:
    return Refusal(_says(error), isinstance(error, SHARED_VIOLATIONS))


def _says(error: PostgresError) -> str:
    """Describe a refusal without the server's words, which may hold what people have typed."""
    found = error.diag
    of = f" of {found.table_name}" if found.table_name else ""
    if isinstance(error, NULL_REFUSED):
        return f"the column {found.column_name}{of} must hold something"
    if found.constraint_name:
        return f"the constraint {found.constraint_name}{of}"
    if isinstance(error, TEXT_TOO_LONG):
        return "a text is too long for its column"
    if isinstance(error, NUMBER_OUT_OF_RANGE):
        return "a number is out of the range of its column"
    if isinstance(error, RAISED_BY_TRIGGER):
        return f"a trigger there refuses it ({_place(found.context)})"
    return f"a value is none of the type of its column (SQLSTATE {error.sqlstate})"


def _place(context: str | None) -> str:
    lines = (context or "").splitlines()
    return lines[0] if lines else "it does not say where"


@contextmanager
def sqlite_refusals() -> Iterator[None]:
    """Turn SQLite's errors about refused rows into `RowRefusedError`.

    Nobody else writes meanwhile: whatever is refused is so by what is there.

    Raises:
        RowRefusedError: a row was refused.
    """
    try:
        yield
    except SQLITE_ROW_REFUSED as error:
        raise RowRefusedError(sqlite_refusal(error)) from error
    except UnfitValueError as error:
        # SQLite itself would take it, and the app could not read it.
        raise RowRefusedError(Refusal(error.why)) from error


def sqlite_refusal(error: SQLiteError) -> Refusal:
    """Return the refusal of a row."""
    name: str = getattr(error, "sqlite_errorname", "")
    return Refusal("a trigger there refuses it" if name == _OTHERS_WORDS else str(error))
