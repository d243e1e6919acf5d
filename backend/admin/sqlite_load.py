"""How near a SQLite database is to what one file can carry."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backend.db.errors import SQLiteError, is_sqlite_busy
from backend.db.session import SQLiteConnection
from backend.db.sqlite_file import open_file, wal_path
from backend.errors import DatabaseError

_EVERY_SECONDS = 0.1
# Longer than a write of ours takes: somebody else was writing.
_WAITED_SECONDS = 0.02


@dataclass(frozen=True)
class SQLiteLoad:
    """What was measured; times in seconds, sizes in bytes."""

    file_bytes: int
    wal_bytes: int
    wal_growth: int
    asked: int
    waited: int
    gave_up: int
    longest_wait: float
    backup_seconds: float

    def lines(self) -> list[str]:
        """Return the lines that a person reads."""
        speed = self.file_bytes / 1e6 / max(self.backup_seconds, 0.001)
        return [
            f"write lock: asked {self.asked} times, waited {self.waited} times,"
            f" longest {self.longest_wait * 1000:,.0f} ms, gave up {self.gave_up} times",
            f"WAL: {_megabytes(self.wal_bytes)} beside {_megabytes(self.file_bytes)},"
            f" grew by {_megabytes(self.wal_growth)} meanwhile",
            f"backup: {self.backup_seconds:.1f} s, {speed:,.0f} MB/s",
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return what --json prints."""
        return asdict(self)


def measure(path: Path, *, seconds: float) -> SQLiteLoad:
    """Ask for the write lock of a file in use ten times a second, and copy it once.

    The lock is given back at once and nothing is written: users notice no more of it than of one
    more of them.
    """
    try:
        with closing(open_file(path, "rw")) as connection:
            before = _size(wal_path(path))
            waits = _waits(connection, until=time.monotonic() + seconds)
            after = _size(wal_path(path))
            backup = _backup_seconds(connection)
    except SQLiteError as error:
        raise DatabaseError(
            f"{path} cannot be looked at: {error}", hint="name a SQLite file with --db PATH"
        ) from None
    given = [wait for wait in waits if wait is not None]
    return SQLiteLoad(
        file_bytes=_size(path),
        wal_bytes=after,
        wal_growth=after - before,
        asked=len(waits),
        waited=sum(wait > _WAITED_SECONDS for wait in given),
        gave_up=len(waits) - len(given),
        longest_wait=max(given, default=0.0),
        backup_seconds=backup,
    )


def _waits(connection: SQLiteConnection, *, until: float) -> list[float | None]:
    """Return how long each wait for the lock was; None where it was longer than the app waits."""
    waits: list[float | None] = []
    while time.monotonic() < until or not waits:
        begun = time.monotonic()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            waits.append(time.monotonic() - begun)
        except SQLiteError as error:
            if not is_sqlite_busy(error):
                raise
            waits.append(None)
        time.sleep(_EVERY_SECONDS)
    return waits


def _backup_seconds(connection: SQLiteConnection) -> float:
    with tempfile.TemporaryDirectory(prefix="sqlite-load-") as folder:
        begun = time.monotonic()
        with closing(open_file(Path(folder) / "copy.db", "rwc")) as copy:
            connection.backup(copy)
        return time.monotonic() - begun


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
