"""A SQLite file that is held by one process alone, so that another can be put in its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from backend.db.errors import SQLiteError, is_sqlite_busy
from backend.db.session import SQLiteConnection
from backend.db.sqlite_file import BUSY_TIMEOUT_MS, open_file
from backend.errors import RefusedError

# Somebody who opened the file just before it was replaced waits this long for its lock. Were the
# lock free sooner, they would write into the file that was put aside, and leave a WAL of that name
# beside the new one.
_LATE_OPENERS_SECONDS = BUSY_TIMEOUT_MS / 1000 + 1


@contextmanager
def held_alone(path: Path) -> Iterator[Callable[[], None]]:
    """Hold a file that nobody else has open; its WAL is in it and gone.

    The block calls what it is given after it has replaced the file: that waits until nobody can
    be about to use the old one. A file that is damaged, or not there, cannot be held: then it is
    not known whether somebody has it open.

    Raises:
        RefusedError: another process has it open; nothing has been touched.
    """
    if not path.exists():
        yield _nobody
        return
    with closing(open_file(path, "rw")) as connection:
        yield _wait_for_late_openers if _hold(connection, path) else _nobody


def _hold(connection: SQLiteConnection, path: Path) -> bool:
    try:
        # A file in WAL mode leaves it only for somebody who has it alone.
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        connection.execute("BEGIN EXCLUSIVE")
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    except SQLiteError as error:
        if not is_sqlite_busy(error):
            return False
        raise _in_use(path) from None
    if mode != "delete":
        # Whoever came between the two has put it back.
        raise _in_use(path)
    return True


def _in_use(path: Path) -> RefusedError:
    return RefusedError(
        f"another process has {path} open", hint="stop the app, then run this again"
    )


def _wait_for_late_openers() -> None:
    time.sleep(_LATE_OPENERS_SECONDS)


def _nobody() -> None:
    """Wait for nobody."""
