"""A SQLite file kept whole, before a mirror takes its place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend.errors import DatabaseError
from backend.migrate.sqlite_file import copy
from backend.sync.keep.safety import keep_name


def copy_of_file(path: Path, folder: Path) -> Path:
    """Copy what the file holds, its WAL included, while it may be in use; see that it is sound.

    Raises:
        DatabaseError: it cannot be copied, or the copy is not sound.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    kept = folder / f"{moment}-{path.stem}.db"
    try:
        _reserve(kept)
        with _or_gone(kept):
            copy(path.absolute(), kept)
            _see(kept)
            _settle(kept)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"{path} cannot be copied to {kept}: {error}",
            hint="nothing was synced; see that the disk has room and that the folder may be"
            " written to, or name another one with --backup-dir",
        ) from None
    return kept


@contextmanager
def _or_gone(kept: Path) -> Iterator[None]:
    """Take the file away again if it does not become a copy."""
    try:
        yield
    except BaseException:
        kept.unlink(missing_ok=True)
        raise


def _reserve(kept: Path) -> None:
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Nobody else may read people's data; and never over a file that is there.
    os.close(os.open(kept, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _see(kept: Path) -> None:
    with closing(sqlite3.connect(kept)) as connection:
        # One file alone, that needs no other beside it.
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != ("ok",):
        raise DatabaseError(
            f"the copy {kept.name} is not sound: {found[0]}",
            hint="nothing was synced; the file itself may be damaged: run PRAGMA integrity_check",
        )


def _settle(kept: Path) -> None:
    with kept.open("rb") as file:
        os.fsync(file.fileno())
    keep_name(kept.parent)
