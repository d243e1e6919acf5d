"""What a Postgres says of rows that it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from backend.sync.replica.refusal import Refusal, RowRefusedError

# Another session's write may be the cause of these.
_SHARED = (errors.UniqueViolation, errors.ForeignKeyViolation, errors.ExclusionViolation)
_REFUSED = (errors.IntegrityError, errors.DataError, errors.RaiseException)


@contextmanager
def refusals() -> Iterator[None]:
    """Let a row that is refused be told from all else that a server may say.

    Raises:
        RowRefusedError: a row was refused.
    """
    try:
        yield
    except _REFUSED as error:
        raise RowRefusedError(_refusal(error)) from error


def refusal_in(error: psycopg.Error) -> Refusal | None:
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
