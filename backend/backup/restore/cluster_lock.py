"""The lock of a cluster's data: whoever runs a server on it has it, and whoever exchanges it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.errors import ConfigError, RefusedError

# The entrypoint of `db` takes the same one before it does anything.
_FILE = ".postmaster-lock"
_STOP = "docker compose -f deploy/docker-compose.prod.pg.yml stop db"


@contextmanager
def cluster_lock(volume: Path) -> Iterator[None]:
    """Hold the lock inside the block; it ends with the process at the latest.

    Raises:
        RefusedError: a server runs, or another restore.
    """
    descriptor = _open(volume)
    try:
        _take(descriptor)
        yield
    finally:
        os.close(descriptor)


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
