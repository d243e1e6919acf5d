"""What SQLite says of rows that it refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from backend.sync.replica.refusal import Refusal, RowRefusedError
from backend.sync.replica.unfit import UnfitValueError

# Its other words name tables, columns and constraints; these are whatever somebody has written.
_OTHERS_WORDS = "SQLITE_CONSTRAINT_TRIGGER"


@contextmanager
def refusals() -> Iterator[None]:
    """Let a row that is refused be told from all else that SQLite may say.

    Nobody else writes meanwhile: whatever is refused is so by what is there.

    Raises:
        RowRefusedError: a row was refused.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise RowRefusedError(refusal_in(error)) from error
    except UnfitValueError as error:
        # SQLite itself would take it, and the app could not read it.
        raise RowRefusedError(Refusal(error.why)) from error


def refusal_in(error: sqlite3.IntegrityError) -> Refusal:
    """Return what is said of a row."""
    name: str = getattr(error, "sqlite_errorname", "")
    return Refusal("a trigger there refuses it" if name == _OTHERS_WORDS else str(error))
