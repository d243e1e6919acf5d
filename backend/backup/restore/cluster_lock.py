"""The locks of a restore: on the cluster's data, and on what of the repository may be removed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from backend.backup.cluster.repository import ClusterFolder
from backend.db.locks import BACKUP, path_lock
from backend.errors import ConfigError, DatabaseError, RefusedError

# The entrypoint of `db` takes the same one before it does anything.
_FILE = ".postmaster-lock"
_STOP = "docker compose -f deploy/docker-compose.prod.pg.yml stop db"
# Files are removed; it takes seconds.
_RETENTION_SECONDS = 600.0


@contextmanager
def cluster_lock(volume: Path) -> Iterator[None]:
    """Hold the data inside the block; it ends with the process at the latest.

    Whoever runs a server on it has the same lock.

    Raises:
        RefusedError: a server runs, or another restore.
    """
    descriptor = _open(volume)
    try:
        _take(descriptor)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def everything_kept(folder: ClusterFolder, *, wait: float = _RETENTION_SECONDS) -> Iterator[None]:
    """Let the service remove no old backups inside the block, nor the WAL that leads to a state.

    Raises:
        LockHeldError: it removes some, for longer than `wait` seconds.
    """
    with ExitStack() as held:
        # A restore needs no folder that can be written to; nobody else writes there then either.
        with suppress(DatabaseError):
            held.enter_context(path_lock(folder.retention_lock, BACKUP, folder.subject, wait=wait))
        yield


def _take(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RefusedError(
            "the database is running, or another restore: nothing was changed",
            hint=f"stop it first: {_STOP}",
        ) from None


def _open(volume: Path) -> int:
    try:
        return os.open(volume / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(
            f"{volume} cannot be written to: {error.strerror}",
            hint="a restore is run by the service `restore`: run --rm restore",
        ) from None
