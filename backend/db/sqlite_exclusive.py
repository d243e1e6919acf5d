"""A SQLite file that is held by one process alone, so that another can be put in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from backend.db.errors import SQLiteError, is_sqlite_busy, is_sqlite_damaged
from backend.db.session import SQLiteConnection
from backend.db.sqlite_file import open_file
from backend.errors import DatabaseError, RefusedError


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Hold a file that nobody else has open; its WAL is in it and gone.

    Whoever opens it meanwhile and waits cannot write to it after it was replaced: outside of WAL
    mode SQLite sees that the name is another file's. A file that is damaged, or not there, cannot
    be held: then it is not known whether somebody has it open.

    Raises:
        RefusedError: another process has it open; nothing has been touched.
    """
    if not path.exists():
        yield
        return
    with closing(open_file(path, "rw")) as connection:
        _hold(connection, path)
        yield


def _hold(connection: SQLiteConnection, path: Path) -> None:
    try:
        # A file in WAL mode leaves it only for somebody who has it alone.
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        connection.execute("BEGIN EXCLUSIVE")
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    except SQLiteError as error:
        if is_sqlite_busy(error):
            raise _in_use(path) from None
        if is_sqlite_damaged(error):
            return
        raise DatabaseError(
            f"{path} cannot be held: {error}", hint="let this user write to it and to its folder"
        ) from None
    if mode != "delete":
        # Whoever came between the two has put it back.
        raise _in_use(path)


def _in_use(path: Path) -> RefusedError:
    return RefusedError(
        f"another process has {path} open", hint="stop the app, then run this again"
    )
