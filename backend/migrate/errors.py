"""Errors of the drivers, as they concern a migration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from backend.db.errors import (
    SQLiteError,
    driver_error,
    is_row_refused,
    message,
    missing_right_hint,
    sqlstate,
    translate,
)
from backend.errors import AppError, ConfigError, DatabaseError, DataError
from backend.migrate.history import Revision

_LOOKING = "looking at the schema"
_NAMES = "rename or remove what was not made by these migrations"
_UNDONE = "nothing of it was kept; correct the cause, then run it again"


@contextmanager
def migration_errors(revision: Revision | None = None) -> Iterator[None]:
    """Turn a driver's error inside the block into one of ours, with the revision's name."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _translated(error, revision.id if revision else _LOOKING) from None
    except (exc.ArgumentError, exc.InvalidRequestError) as error:
        # Of a name that a file may have and SQLAlchemy does not take, as the empty one.
        if revision:
            raise
        raise DatabaseError(f"{_LOOKING} failed: {error.args[0]}", hint=_NAMES) from None
    except UnicodeDecodeError as error:
        # Of Python's sqlite3, from a name in the schema, or from what SQLite says of it.
        raise translate(error) or error from None


def _translated(error: exc.DBAPIError, what: str) -> AppError:
    words = message(error)
    if sqlstate(error) == "42501":
        return ConfigError(
            f"{what} needs rights that this login has not: {words}",
            hint=f"{missing_right_hint(words)}; the login is that of MIGRATE_DATABASE_URL",
        )
    if is_row_refused(error):
        return DataError(f"{what} is refused by the data: {words}", hint=_UNDONE)
    known = translate(error)
    if known is not None:
        return type(known)(f"{what}: {known.args[0]}", hint=known.hint)
    if isinstance(driver_error(error), SQLiteError) and what == _LOOKING:
        return DatabaseError(f"{what} failed: {words}", hint="see PRAGMA integrity_check")
    return AppError(f"{what} failed: {words}", hint=_UNDONE)
