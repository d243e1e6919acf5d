"""A SQLite file kept whole, before a mirror takes its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend.db import private_files
from backend.db.sqlite_file import copy
from backend.errors import DatabaseError


def copy_of_file(path: Path, folder: Path) -> Path:
    """Copy what the file holds, its WAL included, while it may be in use; see that it is sound.

    Raises:
        DatabaseError: it cannot be copied, or the copy is not sound.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    kept = folder / f"{moment}-{path.stem}.db"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.reserve(kept)
        with _or_gone(kept):
            copy(path.absolute(), kept)
            _see(kept)
            private_files.sync_file(kept)
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
